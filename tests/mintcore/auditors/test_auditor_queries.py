import numpy as np
import pytest
import torch

from mintcore.auditors.networks import build_network, design
from mintcore.auditors.perceptrons import as_perceptron
from mintcore.auditors.queries import LEVELS, Spread, build
from mintcore.errors import MintError
from store.layout import ArraySpec


@pytest.mark.parametrize("queries", [1, 2, 10, 64])
def test_spread__statistics_are_numpys(queries: int) -> None:
    values = np.random.default_rng(0).normal(size=(5, queries, 3)).astype(np.float32)

    found = Spread()(torch.from_numpy(values)).numpy().reshape(5, len(LEVELS) + 2, 3)

    quantiles = np.moveaxis(np.quantile(values, LEVELS, axis=1), 0, 1)
    assert np.allclose(found[:, : len(LEVELS)], quantiles, atol=1e-5)
    assert np.allclose(found[:, -2], values.mean(axis=1), atol=1e-5)
    assert np.allclose(found[:, -1], values.std(axis=1), atol=1e-5)


def test_build__the_order_of_the_queries_does_not_matter() -> None:
    torch.manual_seed(0)
    network, values = build((8, 3)).eval(), torch.randn(4, 8, 3)

    assert torch.allclose(network(values), network(values[:, torch.randperm(8)]), atol=1e-6)


def test_build__is_a_perceptron_that_is_trained_in_stacks() -> None:
    perceptron = as_perceptron(build((64, 9)))

    assert perceptron is not None
    assert (perceptron.inputs, perceptron.widths) == (12 * 9, (64, 32, 1))


def test_build__one_query_is_refused() -> None:
    with pytest.raises(MintError, match="reads a view of several queries"):
        build((9,))


def test_build__an_outlier_moves_the_score_no_farther_than_the_cut() -> None:
    torch.manual_seed(0)
    network = build((4, 2)).eval()

    assert torch.equal(network(torch.full((1, 4, 2), 7.0)), network(torch.full((1, 4, 2), 1e6)))


def test_networks__the_kind_is_known_by_name() -> None:
    two, three = ([ArraySpec("output", "signals-label-q4", (4, width))] for width in (2, 3))
    assert build_network("queries", two, 3)(torch.zeros(5, 4, 2)).shape == (5, 3)
    assert design("queries", two) != design("queries", three)
