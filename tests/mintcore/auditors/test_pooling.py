"""Pooling that gives PyTorch's numbers, faster."""

import pytest
import torch
from torch import nn

from mintcore.auditors.cnn import build
from mintcore.auditors.networks import design
from mintcore.auditors.pooling import MaxPool2d
from store.layout import ArraySpec

SHAPES = [(2, 3, 8, 8), (2, 3, 9, 7), (1, 1, 2, 2), (4, 2, 17, 16)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("learns", [False, True])
def test_max_pool__numbers_and_gradients_are_those_of_pytorch(
    shape: tuple[int, ...], kernel: int, learns: bool
) -> None:
    # halves, so that many cells of a window are equal; and values that are not finite
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(0)).mul(2).round().div(2)
    drawn[0, 0, 0, :2] = torch.tensor([float("inf"), float("nan")])
    if min(shape[2:]) < kernel:
        return
    found = []
    for pool in (MaxPool2d(kernel), nn.MaxPool2d(kernel)):
        maps = drawn.clone().requires_grad_(learns)
        pooled = pool(maps)
        found.append([pooled, *(torch.autograd.grad(pooled.sum(), maps) if learns else [])])
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        assert torch.equal(ours.nan_to_num(7.5), theirs.nan_to_num(7.5))


def test_max_pool__an_auditor_is_of_the_design_that_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ArraySpec("layer", "map16", (3, 16, 16))
    ours = design("cnn", [spec])
    monkeypatch.setattr("mintcore.auditors.cnn.MaxPool2d", nn.MaxPool2d)
    assert design("cnn", [spec]) == ours


@torch.inference_mode()
def test_max_pool__scores_of_an_auditor_are_the_same() -> None:
    network = build((3, 16, 16)).eval()
    maps = torch.randn((5, 3, 16, 16), generator=torch.Generator().manual_seed(1))
    ours = network(maps)
    network[4] = nn.MaxPool2d(2)
    assert torch.equal(ours, network(maps))
