import pytest
import torch

from mintcore.auditors import SINGLE_KINDS
from mintcore.auditors.networks import build_member, build_network, design
from store.layout import ArraySpec


def array(*shape: int) -> list[ArraySpec]:
    return [ArraySpec("layer", "pooled", shape)]


SHAPES = {"linear": (16,), "vanilla": (16,), "cnn": (3, 8, 8), "queries": (4, 9)}


@pytest.mark.parametrize("kind", SINGLE_KINDS)
def test_build_network__gives_a_logit_a_seed(kind: str) -> None:
    network = build_network(kind, array(*SHAPES[kind]), 3).eval()
    assert network(torch.zeros(5, *SHAPES[kind])).shape == (5, 3)


@pytest.mark.parametrize("shape", [(3, 1, 1), (16, 2, 5), (3, 32, 32), (8, 17, 16)])
def test_build_network__a_cnn_reads_maps_of_any_size(shape: tuple[int, ...]) -> None:
    assert build_member("cnn", array(*shape)).eval()(torch.zeros(2, *shape)).shape == (2, 1)


def test_design__differs_where_the_network_differs() -> None:
    assert design("cnn", array(3, 8, 8)) != design(
        "cnn", array(3, 32, 32)
    )  # the larger one is max-pooled
    assert design("vanilla", array(16)) == design("vanilla", array(16))


def test_design__draws_nothing_from_the_random_state() -> None:
    before = torch.get_rng_state()
    design("cnn", array(3, 8, 8))
    assert torch.equal(torch.get_rng_state(), before)
