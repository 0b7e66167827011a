import pytest
import torch
from torch import nn

from mintcore.arrays import signals_view
from mintcore.errors import MintError
from mintcore.extraction.computing import activations
from mintcore.models.audited import AuditedModel, ready
from mintcore.models.classes import count_classes
from mintcore.models.preprocessing import Preprocessing
from store.layout import ArraySpec

SMALL = Preprocessing((4, 4), (0.5,) * 3, (0.5,) * 3)
VIEW = signals_view("label", 2)
SIGNALS = ArraySpec("output", VIEW.name, (2, 9), VIEW.dtype)
PIXELS = torch.randint(0, 256, (3, 3, 4, 4), generator=torch.Generator().manual_seed(0)).byte()


def model(classes: int, head: str = "classifier") -> AuditedModel:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, classes))
    return AuditedModel({"id": "m", "head": head}, ready(module, "cpu"), SMALL)


def test_count_classes__of_a_classifier() -> None:
    assert count_classes(model(2)) == 2


@pytest.mark.parametrize("other", [model(7, "embedding"), model(1)], ids=["embedding", "one class"])
def test_count_classes__others_are_told_what_to_leave_out(other: AuditedModel) -> None:
    with pytest.raises(MintError, match="leave out the gradient and signals views"):
        count_classes(other)


@pytest.mark.parametrize("label", [-1, 2])
def test_signals__a_label_that_is_no_class_is_named(label: int) -> None:
    with pytest.raises(
        MintError, match=f"label {label} is no class of m, whose classes are 0 to 1"
    ):
        activations(model(2), PIXELS, [SIGNALS], torch.tensor([0, 1, label]))


def test_signals__of_two_classes_and_two_queries() -> None:
    (found,) = activations(model(2), PIXELS, [SIGNALS], torch.tensor([0, 1, 0])).values()
    assert found.shape == (3, 2, 9)
    assert found.dtype == "float32"
