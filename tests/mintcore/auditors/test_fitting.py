from pathlib import Path

import numpy as np
import pytest
import torch

from mintcore.auditors.fitting import (
    Epoch,
    Exercise,
    FitSettings,
    Fitted,
    LabelledSet,
    fit_together,
    score,
)
from mintcore.evaluation.intervals import auc_interval
from mintcore.evaluation.roc import auc
from store.artefacts import Home
from store.epochs import RowSet
from store.feature_store import create_store
from store.layout import ArraySpec

CPU = torch.device("cpu")
TRAIN, VALIDATION, TEST = slice(0, 600), slice(600, 900), slice(900, 1500)


class Stored:
    """1,500 activations in a store, a third of a window at a time or all at once."""

    def __init__(self, folder: Path, values: np.ndarray, is_member: np.ndarray) -> None:
        spec = ArraySpec("layer", "view", values.shape[1:])
        self.key, self.is_member = spec.key, is_member
        self.store = create_store(Home(folder), "s", expected_rows=len(values))
        ids = [f"{i:032x}" for i in range(len(values))]
        with self.store.writer([spec], len(values)) as writer:
            for start in range(0, len(values), 500):
                piece = slice(start, start + 500)
                writer.commit(ids[piece], {spec.key: values[piece].astype(np.float16)})
        self.rows = self.store.locate(spec.key, ids)

    def part(self, piece: slice, window_bytes: int = 2**28) -> LabelledSet:
        activations = RowSet(self.store, self.key, self.rows[piece], window_bytes)
        return LabelledSet(activations, self.is_member[piece])

    def fit(self, kind: str, seed: int = 0, window_bytes: int = 2**28) -> tuple[Fitted, float]:
        epochs: list[Epoch] = []
        [fitted] = fit_together(
            [Exercise(kind, self.part(TRAIN, window_bytes), self.part(VALIDATION))],
            settings=FitSettings(epochs=12),
            seeds=[seed],
            device=CPU,
            on_epoch=lambda _, epoch: epochs.append(epoch),
        )
        assert epochs == fitted.history
        return fitted, self.auc_on(fitted, TEST)

    def auc_on(self, fitted: Fitted, piece: slice) -> float:
        test = self.part(piece)
        scores = score(fitted.network, test.activations)[:, 0]
        return auc(scores[test.is_member], scores[~test.is_member])


@pytest.fixture
def shifted(tmp_path: Path) -> Stored:
    """Vectors of 16 whose first value is higher for members."""
    rng = np.random.default_rng(0)
    is_member = rng.random(1500) < 0.5
    values = rng.normal(size=(1500, 16))
    values[:, 0] += 2 * is_member
    return Stored(tmp_path, values, is_member)


@pytest.fixture
def placed(tmp_path: Path) -> Stored:
    """Maps with one bright row: at the top for members, at the bottom for externals. Their means are alike."""
    rng = np.random.default_rng(0)
    is_member = rng.random(1500) < 0.5
    values = rng.normal(size=(1500, 3, 8, 8))
    values[is_member, 0, 0] += 2
    values[~is_member, 0, 7] += 2
    return Stored(tmp_path, values, is_member)


def test_fit__vanilla_comes_near_the_best_possible(shifted: Stored) -> None:
    # two normals 2 apart: no score has an AUC above .921
    assert shifted.fit("vanilla")[1] == pytest.approx(0.92, abs=0.03)


def test_fit__cnn_sees_where_in_the_map_something_is(placed: Stored) -> None:
    assert placed.fit("cnn")[1] > 0.95


def test_fit__is_reproducible(shifted: Stored) -> None:
    one, two = (shifted.fit("vanilla", seed=3)[0].network.state_dict() for _ in range(2))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_fit__another_seed_gives_another_network(shifted: Stored) -> None:
    one, two = (shifted.fit("vanilla", seed=seed)[0].network.state_dict() for seed in (1, 2))
    assert not torch.equal(one["members.0.1.weight"], two["members.0.1.weight"])


def test_fit__leaves_the_global_random_state_alone(shifted: Stored) -> None:
    before = torch.get_rng_state()
    shifted.fit("vanilla")
    assert torch.equal(torch.get_rng_state(), before)


def test_fit__streamed_in_windows_learns_the_same(shifted: Stored) -> None:
    assert shifted.fit("vanilla", window_bytes=150 * 32)[1] == pytest.approx(0.92, abs=0.03)


def test_fit__keeps_the_epoch_with_the_best_validation_auc(shifted: Stored) -> None:
    fitted, _ = shifted.fit("vanilla")
    best = max(epoch.validation_auc for epoch in fitted.history)
    assert shifted.auc_on(fitted, VALIDATION) == pytest.approx(best)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fit__permuted_labels_give_chance(shifted: Stored, seed: int) -> None:
    shifted.is_member = np.random.default_rng(seed).permutation(shifted.is_member)
    fitted, _ = shifted.fit("vanilla", seed=seed)
    test = shifted.part(TEST)
    scores = score(fitted.network, test.activations)[:, 0]
    # at 99.7%, so that three seeds together fail by chance once in a hundred code changes
    low, high = auc_interval(scores[test.is_member], scores[~test.is_member], level=0.997)
    assert low <= 0.5 <= high


def test_fit__standardises_on_the_training_part_only(shifted: Stored) -> None:
    fitted, _ = shifted.fit("vanilla")
    train = np.concatenate([v for _, v in shifted.part(TRAIN).activations.sequential(100)])
    mean = fitted.network.state_dict()["members.0.0.mean"].numpy()
    np.testing.assert_allclose(mean, train.astype(float).mean(axis=0), rtol=1e-5)
