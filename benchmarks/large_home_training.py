"""The audited model of the large home folder: it learnt a few images by heart."""

from benchmarks.large_home_images import MEMBERS, SIDE_PX
from mintcore.models.preprocessing import Preprocessing
from mintcore.progress import SilentReporter
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ADAMW, TrainingSettings
from store.artefacts import Home

MODEL = "camera-classifier"
PREPROCESSING = Preprocessing(size=(SIDE_PX, SIDE_PX), mean=(0.5,), std=(0.25,))
_SETTINGS = TrainingSettings(
    epochs=20,
    batch_size=64,
    learning_rate=4e-3,
    optimiser=ADAMW,
    weight_decay=0.0,
    label_noise=0.5,
)


def add_model(home: Home, arch: str) -> None:
    """Train the model, half of whose labels are wrong so that it has to remember.

    Args:
        home: The home folder.
        arch: Its architecture.
    """
    request = TrainingRequest(MODEL, arch, (MEMBERS,), PREPROCESSING, settings=_SETTINGS)
    train_model(home, request, device="cpu", reporter=SilentReporter())
