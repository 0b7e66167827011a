"""How the models of these tests are trained."""

from mintcore.models.preprocessing import Preprocessing
from mintcore.training.settings import ADAMW, TrainingSettings

GREY = Preprocessing(size=(8, 8), mean=(0.3,), std=(0.35,))
CUTS = {"members": slice(0, 300), "external": slice(300, 600)}
ARCH = "mintcore:object-cnn-small"
LEARNT = TrainingSettings(
    epochs=10, batch_size=50, learning_rate=4e-3, optimiser=ADAMW, weight_decay=0.0, dropout=0.0
)
