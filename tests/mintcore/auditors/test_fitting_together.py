"""What is fitted together must be what is fitted alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mintcore.auditors import planning
from mintcore.auditors.fitting import (
    Epoch,
    Exercise,
    FitSettings,
    Fitted,
    LabelledSet,
    fit_together,
    score,
)
from mintcore.auditors.networks import build_network
from store.artefacts import Home
from store.epochs import RowSet
from store.feature_store import create_store
from store.layout import ArraySpec

CPU = torch.device("cpu")
SHORT = FitSettings(epochs=4, batch_size=64)
TRAIN, VALIDATION = 300, 150

Pupil = Callable[..., Exercise]


@pytest.fixture
def pupil(tmp_path: Path) -> Pupil:
    """Make an exercise of noise whose first value is a little higher for members."""

    def make(
        kind: str = "vanilla",
        shape: tuple[int, ...] = (8,),
        labels: int = 0,
        train: int = TRAIN,
        memory_bytes: int = 2**28,
    ) -> Exercise:
        count = train + VALIDATION
        rng = np.random.default_rng([labels, *shape])
        is_member = np.random.default_rng(labels).random(count) < 0.4
        values = rng.normal(size=(count, *shape))
        values[:, 0] += is_member.reshape(-1, *[1] * (len(shape) - 1))
        spec = ArraySpec("layer", "view", shape)
        folder = tmp_path / f"{shape}-{labels}-{train}"
        store = create_store(Home(folder), "s", expected_rows=count)
        ids = [f"{i:032x}" for i in range(count)]
        with store.writer([spec], count) as writer:
            writer.commit(ids, {spec.key: values.astype(np.float16)})
        rows = store.locate(spec.key, ids)
        return Exercise(
            kind,
            LabelledSet(RowSet(store, spec.key, rows[:train], memory_bytes), is_member[:train]),
            LabelledSet(RowSet(store, spec.key, rows[train:]), is_member[train:]),
        )

    return make


def fit(exercises: list[Exercise], seeds: list[int], settings: FitSettings = SHORT) -> list[Fitted]:
    return fit_together(
        exercises, settings=settings, seeds=seeds, device=CPU, on_epoch=lambda *_: None
    )


def scores_of(fitted: Fitted, exercise: Exercise) -> np.ndarray:
    return score(fitted.network, exercise.validation.activations)


def assert_as_alone(exercises: list[Exercise], seeds: list[int], settings: FitSettings) -> None:
    together = fit(exercises, seeds, settings)
    for fitted, exercise in zip(together, exercises, strict=True):
        for column, seed in enumerate(seeds):
            [alone] = fit([exercise], [seed], settings)
            np.testing.assert_allclose(
                scores_of(fitted, exercise)[:, column],
                scores_of(alone, exercise)[:, 0],
                atol=1e-4,
            )
            history = [epoch for epoch in fitted.history if epoch.seed == seed]
            assert [e.epoch for e in history] == [e.epoch for e in alone.history]


@pytest.mark.parametrize("kind", ["linear", "vanilla"])
def test_fit_together__equals_fitting_alone(pupil: Pupil, kind: str) -> None:
    exercises = [
        pupil(kind, (8,)),
        pupil(kind, (7,)),  # filled up to 8
        pupil(kind, (20,)),
        pupil(kind, (8,), labels=1),
    ]
    assert_as_alone(exercises, [0, 3], SHORT)


def test_fit_together__equals_fitting_alone_where_kinds_and_numbers_of_images_differ(
    pupil: Pupil,
) -> None:
    exercises = [
        pupil("vanilla"),
        pupil("linear"),
        pupil("cnn", (2, 5, 5)),
        pupil("vanilla", train=257),
    ]
    assert_as_alone(exercises, [1, 2], SHORT)


def test_fit_together__equals_fitting_alone_where_some_stop_early(pupil: Pupil) -> None:
    exercises = [pupil(shape=(width,), labels=width) for width in (5, 6, 7)]
    settings = FitSettings(epochs=12, patience=2, batch_size=64)
    assert_as_alone(exercises, [0, 1], settings)
    lengths = {len(fitted.history) for fitted in fit(exercises, [0, 1], settings)}
    assert len(lengths) > 1  # or nothing stopped before another


def test_fit_together__drops_units_in_training(
    pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_dropout = fit([pupil()], [0])[0].history
    monkeypatch.setattr("mintcore.auditors.vanilla.DROPOUT", 0.0)
    assert fit([pupil()], [0])[0].history[0].train_loss != with_dropout[0].train_loss


def test_fit_together__splits_what_does_not_fit_into_memory(
    pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercises = [pupil(shape=(8,), labels=labels) for labels in (0, 1, 2)]
    at_once = [scores_of(f, e) for f, e in zip(fit(exercises, [0, 1]), exercises, strict=True)]
    one_exercise = (TRAIN + VALIDATION) * 8 * 4 * torch.get_num_threads()
    monkeypatch.setattr(planning, "budget_bytes", lambda _: one_exercise)
    split = [scores_of(f, e) for f, e in zip(fit(exercises, [0, 1]), exercises, strict=True)]
    np.testing.assert_allclose(split, at_once, atol=1e-4)


def test_fit_together__streams_what_alone_does_not_fit_into_memory(
    pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "budget_bytes", lambda _: 0)
    exercise = pupil(memory_bytes=0)
    [fitted] = fit([exercise], [0, 1], FitSettings(epochs=10, batch_size=64))
    aucs = [max(e.validation_auc for e in fitted.history if e.seed == seed) for seed in (0, 1)]
    # two normals 1 apart: no score has an AUC above .76
    assert aucs == pytest.approx([0.76, 0.76], abs=0.09)
    assert scores_of(fitted, exercise).shape == (VALIDATION, 2)


def test_fit_together__keeps_the_best_epoch_of_each_network(pupil: Pupil) -> None:
    exercise = pupil()
    is_member = exercise.validation.is_member
    [fitted] = fit([exercise], [0, 1], FitSettings(epochs=15, learning_rate=0.02, batch_size=64))
    for column, seed in enumerate([0, 1]):
        scores = scores_of(fitted, exercise)[:, column]
        above = (scores[is_member, None] > scores[None, ~is_member]).mean()
        best = max(e.validation_auc for e in fitted.history if e.seed == seed)
        assert above == pytest.approx(best, abs=1e-3)


def test_fit_together__tells_each_epoch_of_each_network(pupil: Pupil) -> None:
    told: list[tuple[int, Epoch]] = []
    fitted = fit_together(
        [pupil(), pupil("linear"), pupil("cnn", (2, 4, 4))],
        settings=SHORT,
        seeds=[4, 2],
        device=CPU,
        on_epoch=lambda position, epoch: told.append((position, epoch)),
    )
    for position, one in enumerate(fitted):
        assert [epoch.seed for epoch in one.history] == [4] * SHORT.epochs + [2] * SHORT.epochs
        told_of_it = sorted((e.seed, e.epoch) for at, e in told if at == position)
        assert told_of_it == sorted((e.seed, e.epoch) for e in one.history)


def test_fit_together__stops_where_on_epoch_raises(pupil: Pupil) -> None:
    told = []

    def cancel(position: int, epoch: Epoch) -> None:
        told.append((position, epoch.epoch))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_together(
            [pupil(), pupil(shape=(30,))], settings=SHORT, seeds=[0], device=CPU, on_epoch=cancel
        )
    assert len(told) == 1


def test_fit_together__learns_from_what_never_changes_nothing(pupil: Pupil) -> None:
    exercise = pupil()
    exercise.train.activations._kept[:] = 1  # type: ignore[index]
    exercise.validation.activations._kept[:] = 1  # type: ignore[index]
    [fitted] = fit([exercise], [0])
    assert [epoch.validation_auc for epoch in fitted.history] == [0.5] * SHORT.epochs
    assert np.isfinite(scores_of(fitted, exercise)).all()


def test_fit_together__nothing_is_nothing() -> None:
    assert fit([], [0, 1]) == []


def test_fit_together__leaves_the_number_of_threads_alone(pupil: Pupil) -> None:
    before = torch.get_num_threads()
    fit([pupil(), pupil("cnn", (2, 4, 4))], [0])
    assert torch.get_num_threads() == before


def test_ensemble__comes_back_from_its_file(pupil: Pupil, tmp_path: Path) -> None:
    exercise = pupil()
    [fitted] = fit([exercise], [0, 1])
    save_file(fitted.network.state_dict(), tmp_path / "model.safetensors")
    again = build_network("vanilla", exercise.specs, 2)
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(
        score(again, exercise.validation.activations), scores_of(fitted, exercise)
    )


def test_ensemble__takes_the_lone_network_of_an_earlier_version(pupil: Pupil) -> None:
    exercise = pupil()
    [fitted] = fit([exercise], [0])
    bare = fitted.network.members[0].state_dict()
    again = build_network("vanilla", exercise.specs, 1)
    again.load_state_dict(bare)
    np.testing.assert_array_equal(
        score(again, exercise.validation.activations), scores_of(fitted, exercise)
    )
