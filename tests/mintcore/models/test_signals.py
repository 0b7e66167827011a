"""The numbers are worked out with mpmath's 60 digits, or by hand where the comment says so."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from mintcore.models.signals import SIGNALS, signals


def named(logits: Tensor, targets: Tensor | None = None) -> dict[str, list[float]]:
    found = signals(logits, targets)
    assert (found.dtype, found.shape) == (torch.float32, (len(logits), len(SIGNALS)))
    return {name: found[:, place].tolist() for place, name in enumerate(SIGNALS)}


def exact(logits: np.ndarray, y: int) -> dict[str, float]:
    """The definitions as they are written, with 60 + 2 * 60 digits; infinite where those do not do."""
    with mpmath.workdps(400):
        powers = [mpmath.e ** mpmath.mpf(float(z)) for z in logits]
        total = sum(powers)
        p = [power / total for power in powers]
        others = [q for place, q in enumerate(p) if place != y]
        top = int(np.argmax(logits))
        entropy = -sum(q * mpmath.log(q) for q in p)
        modified = -(1 - p[y]) * mpmath.log(p[y]) - sum(q * mpmath.log(1 - q) for q in others)
        values = {
            "scaled_logit": mpmath.log(p[y] / sum(others)),
            "loss": -mpmath.log(p[y]),
            "margin": logits[y] - max(z for place, z in enumerate(logits) if place != y),
            "log_entropy": mpmath.log(entropy),
            "log_modified_entropy": mpmath.log(modified),
            "top_scaled_logit": mpmath.log(p[top] / (1 - p[top])),
            "target_logit": logits[y],
            "logsumexp": mpmath.log(total),
            "correct": y == top,
        }
        return {name: float(value) for name, value in values.items()}


def test_signals__of_two_classes_by_hand() -> None:
    # p = (3/4, 1/4): log(p/(1-p)) = log 3; the entropy is 2 log 2 - (3/4) log 3 = 0.5623351;
    # the modified one is 2 * (1/4) * log(4/3) = 0.1438410 for the first and 2 * (3/4) * log 4 for the second
    logits = torch.tensor([[math.log(3.0), 0.0]]).expand(2, 2)
    found = named(logits, torch.tensor([0, 1]))
    assert found["scaled_logit"] == pytest.approx([1.0986123, -1.0986123])
    assert found["loss"] == pytest.approx([0.2876821, 1.3862944])
    assert found["margin"] == pytest.approx([1.0986123, -1.0986123])
    assert np.exp(found["log_entropy"]) == pytest.approx([0.5623351, 0.5623351])
    assert np.exp(found["log_modified_entropy"]) == pytest.approx([0.1438410, 2.0794415])
    assert found["top_scaled_logit"] == pytest.approx([1.0986123, 1.0986123])
    assert found["target_logit"] == pytest.approx([1.0986123, 0.0])
    assert found["logsumexp"] == pytest.approx([math.log(4), math.log(4)])
    assert found["correct"] == [1.0, 0.0]


ANSWERS = st.integers(2, 7).flatmap(
    lambda classes: st.tuples(
        arrays(np.float32, classes, elements=st.floats(-120, 120, width=32)),
        st.integers(0, classes - 1),
    )
)


@given(ANSWERS)
def test_signals__are_what_their_definitions_say(answer: tuple[np.ndarray, int]) -> None:
    logits, y = answer
    found = named(torch.from_numpy(logits)[None], torch.tensor([y]))
    for name, value in exact(logits, y).items():
        assert found[name][0] == pytest.approx(value, rel=1e-6, abs=1e-6), name


def test_signals__of_images_that_the_model_is_sure_of_are_not_tied() -> None:
    logits = torch.tensor([[margin, 0.0, -3.0] for margin in (40.0, 50.0, 200.0, 900.0)])
    found = named(logits, torch.zeros(4, dtype=torch.int64))
    assert (
        torch.nn.functional.cross_entropy(logits, torch.zeros(4).long(), reduction="none")
        .eq(0)
        .all()
    )
    for name in ("scaled_logit", "log_entropy", "log_modified_entropy", "top_scaled_logit"):
        assert len(set(found[name])) == 4, name
        assert np.isfinite(found[name]).all(), name


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_signals__of_half_precision_are_those_of_the_same_logits(dtype: torch.dtype) -> None:
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    torch.testing.assert_close(signals(logits, None), signals(logits.double(), None))


def test_signals__without_targets_are_of_the_predicted_class() -> None:
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    found = named(logits)
    assert found == named(logits, logits.argmax(1))
    assert found["correct"] == [1.0] * 50
    assert found["scaled_logit"] == found["top_scaled_logit"]


def test_signals__of_logits_that_are_not_finite_are_not_either() -> None:
    logits = torch.tensor([[math.inf, 0.0, 1.0], [math.nan, 0.0, 1.0], [1.0, 0.0, 1.0]])
    finite = signals(logits, torch.tensor([0, 1, 2])).isfinite()
    assert finite.all(1).tolist() == [False, False, True]
