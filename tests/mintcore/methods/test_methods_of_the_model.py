"""Loss threshold, confidence, entropy and modified entropy: what they rank, against their definitions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mintcore.evaluation.roc import auc
from mintcore.methods.confidence import confidence
from mintcore.methods.entropy import entropy
from mintcore.methods.loss_threshold import global_threshold, loss_threshold
from mintcore.methods.modified_entropy import modified_entropy
from mintcore.models.signals import SIGNALS, signals

SCALED = arrays(np.float64, st.integers(2, 30), elements=st.floats(-50, 50).map(round))


def of(logits: list[list[float]], targets: list[int]) -> dict[str, np.ndarray]:
    found = signals(torch.tensor(logits, dtype=torch.float64), torch.tensor(targets)).double()
    return {name: found[:, place].numpy() for place, name in enumerate(SIGNALS)}


THREE = of([[math.log(8), 0, 0], [math.log(2), 0, 0], [math.log(2), 0, math.log(3)]], [0, 1, 2])
"""Softmax (.8, .1, .1), (.5, .25, .25), (1/3, 1/6, 1/2); true classes 0, 1, 2."""


def test_loss_threshold__by_hand() -> None:
    # losses -log .8 = .223, -log .25 = 1.386, -log .5 = .693
    scores = loss_threshold(THREE["scaled_logit"])
    assert scores.argsort().tolist() == [1, 2, 0]
    assert np.logaddexp(0, -scores) == pytest.approx([0.2231, 1.3863, 0.6931], abs=1e-4)


def test_confidence__is_of_the_most_probable_class_by_hand() -> None:
    # maxima .8, .5, .5, whatever the true class is
    p = 1 / (1 + np.exp(-confidence(THREE["top_scaled_logit"])))
    assert p == pytest.approx([0.8, 0.5, 0.5])


def test_entropy__by_hand() -> None:
    # .8: .1785 + 2 * .2303 = .6390; .5: .3466 + 2 * .3466 = 1.0397; thirds: .3662 + .2986 + .3466 = 1.0114
    assert np.exp(-entropy(THREE["log_entropy"])) == pytest.approx(
        [0.6390, 1.0397, 1.0114], abs=1e-4
    )


def test_modified_entropy__by_hand() -> None:
    # y=0: -.2 log .8 - 2 * .1 log .9 = .0446 + .0211
    # y=1: -.75 log .25 - .5 log .5 - .25 log .75 = 1.0397 + .3466 + .0719
    # y=2: -.5 log .5 - (1/3) log (2/3) - (1/6) log (5/6) = .3466 + .1352 + .0304
    scores = np.exp(-modified_entropy(THREE["log_modified_entropy"]))
    assert scores == pytest.approx([0.0657, 1.4582, 0.5121], abs=1e-4)


def test_global_threshold__is_the_mean_over_queries() -> None:
    assert global_threshold(np.array([[1.0, 3.0], [0.0, 1.0]])).tolist() == [2.0, 0.5]


@given(SCALED)
def test_loss_threshold__ranks_as_minus_the_loss_and_any_monotone_map_of_it(
    scaled: np.ndarray,
) -> None:
    members, externals = scaled[::2], scaled[1::2]
    wanted = auc(loss_threshold(members), loss_threshold(externals))
    for mapped in (np.arcsinh, lambda x: -np.logaddexp(0, -x), lambda x: 3 * x - 7):
        assert auc(mapped(members), mapped(externals)) == pytest.approx(wanted)


def test_losses_in_float32__fake_an_auc_by_their_ties() -> None:
    # The model is surer of most externals than of any member. In float32 their losses are all 0, as the members' are,
    # and only the 300 externals that it does not know are left to rank: .7 / 2 + .3 = .65.
    rng = np.random.default_rng(0)
    members, externals = rng.uniform(30, 40, 1000), rng.uniform(35, 60, 1000)
    externals[:300] = rng.uniform(1, 10, 300)
    logits = torch.tensor(np.concatenate([members, externals]), dtype=torch.float32)
    logits = torch.stack([logits, torch.zeros_like(logits)], 1)
    target = torch.zeros(len(logits), dtype=torch.int64)
    float32 = -torch.nn.functional.cross_entropy(logits, target, reduction="none").double().numpy()
    exact = loss_threshold(signals(logits, target)[:, SIGNALS.index("scaled_logit")].numpy())
    assert len(np.unique(float32[:1000])) == 1
    assert auc(float32[:1000], float32[1000:]) == pytest.approx(0.65)
    assert auc(exact[:1000], exact[1000:]) < 0.5
