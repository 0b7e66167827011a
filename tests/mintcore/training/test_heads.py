import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from mintcore.training.heads import ArcFaceHead, build_head


def at_angle(angle: float) -> Tensor:
    """An embedding at an angle, in radians, to the direction of class 0, twice as long as it."""
    return torch.tensor([[2 * math.cos(angle), 2 * math.sin(angle)]], dtype=torch.float64)


@pytest.fixture
def head() -> ArcFaceHead:
    """Class 0 points along x, class 1 along y."""
    head = ArcFaceHead(2, 2).double()
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 0.5]]))
    return head


@pytest.mark.parametrize("angle", [0.01, 0.3, 1.0, 2.0, 2.6])
def test_arcface__is_equation_3_of_the_paper(head: ArcFaceHead, angle: float) -> None:
    logits = head.penalised(head(at_angle(angle)), torch.tensor([0]))
    other = math.cos(math.pi / 2 - angle)
    assert logits.tolist()[0] == pytest.approx([64 * math.cos(angle + 0.5), 64 * other], abs=1e-9)


def test_arcface__without_the_margin_logits_are_scaled_cosines(head: ArcFaceHead) -> None:
    assert head(at_angle(0.3)).tolist()[0] == pytest.approx(
        [64 * math.cos(0.3), 64 * math.sin(0.3)]
    )


def test_arcface__the_penalised_logit_falls_with_the_angle_all_the_way(head: ArcFaceHead) -> None:
    angles = torch.linspace(0.01, math.pi - 0.01, 200).tolist()
    with torch.no_grad():
        logits = [head.penalised(head(at_angle(angle)), torch.tensor([0])) for angle in angles]
    reached = [float(row[0, 0]) for row in logits]
    assert all(later < earlier for earlier, later in pairwise(reached))


@pytest.mark.parametrize("angle", [0.0, math.pi])
def test_arcface__slopes_are_finite_on_the_class_and_opposite(
    head: ArcFaceHead, angle: float
) -> None:
    embedding = at_angle(angle).float().requires_grad_()
    head.float()
    loss = torch.nn.functional.cross_entropy(
        head.penalised(head(embedding), torch.tensor([0])), torch.tensor([0])
    )
    loss.backward()
    assert embedding.grad is not None
    assert torch.isfinite(embedding.grad).all()
    assert head.weight.grad is not None
    assert torch.isfinite(head.weight.grad).all()


def test_build_head__a_classifier_has_none() -> None:
    outputs = torch.randn(3, 4)
    head = build_head(None, 4, 4)
    assert torch.equal(head(outputs), outputs)
    assert list(head.parameters()) == []


@pytest.mark.parametrize("kind", ["softmax", "arcface"])
def test_build_head__gives_a_logit_a_class(kind: str) -> None:
    head = build_head(kind, 4, 7)
    logits = head(torch.randn(3, 4))
    assert head.penalised(logits, torch.tensor([0, 6, 2])).shape == (3, 7)
