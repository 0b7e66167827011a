from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.trials.lab import BLOCKS, Lab
from benchmarks.trials.learners import cross_validated, linear, perceptrons, trees
from benchmarks.trials.numbers import probes, spread
from benchmarks.trials.views import SHOWN, UNSEEN, show
from mintcore.evaluation.roc import auc
from mintcore.extraction.queries import QUERIES
from mintcore.extraction.queries import show as shown_in_extraction

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("place", [0, 1, 7, 63])
def test_views__are_the_queries_of_extraction(place: int) -> None:
    images = torch.rand(2, 3, 32, 32)

    assert torch.equal(show(SHOWN[place])(images), shown_in_extraction(images, QUERIES[place]))


@pytest.mark.parametrize("name", UNSEEN)
def test_views__that_training_never_showed_change_the_image_and_keep_its_size(name: str) -> None:
    images = torch.rand(2, 3, 32, 32)
    changed = show(name)(images)

    assert changed.shape == images.shape
    assert not torch.allclose(changed, images, atol=0.01)


@pytest.mark.parametrize("learner", [linear, perceptrons, trees])
def test_learners__find_what_is_there_and_nothing_in_noise(learner: object) -> None:
    is_member = np.arange(1000) % 2 == 0
    noise = RNG.normal(size=(1000, 4))
    telling = noise + is_member[:, None]

    found = cross_validated(learner, telling, is_member)  # type: ignore[arg-type]
    nothing = cross_validated(learner, noise, is_member)  # type: ignore[arg-type]

    assert auc(found[is_member], found[~is_member]) > 0.85
    assert abs(auc(nothing[is_member], nothing[~is_member]) - 0.5) < 0.08


def test_spread__has_the_statistics_of_each_signal() -> None:
    answers = RNG.normal(size=(3, 5, 2))

    assert spread(answers).shape == (3, 12 * 2)
    assert np.allclose(spread(answers)[:, -4:-2], answers.mean(1))


def test_lab__what_was_computed_before_is_read_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tmp_path)

    assert lab.kept("some", lambda: np.arange(3.0)).tolist() == [0, 1, 2]
    assert lab.kept("some", lambda: np.zeros(3)).tolist() == [0, 1, 2]


def test_probes__no_probe_is_asked_about_an_image_that_it_was_fitted_on(tmp_path: Path) -> None:
    lab = small_lab(tmp_path)
    before = probes(lab)
    lab.labels[7] = (lab.labels[7] + 1) % 10  # the probe of image 7 has not seen its label ...
    after = probes(lab)

    fold = np.random.default_rng(9).integers(0, 5, len(lab.labels))
    same = (fold == fold[7]) & (np.arange(len(fold)) != 7) & (lab.part != "test")
    others = (fold != fold[7]) & (lab.part != "test")
    assert np.allclose(before[same], after[same])  # ... nor have those of its fold
    assert not np.allclose(before[others], after[others])


def test_probes__the_test_part_is_asked_only_where_it_is_open(tmp_path: Path) -> None:
    lab = small_lab(tmp_path)
    opened = replace(lab, parts=("train", "validation", "test"))
    opened.__dict__["labels"] = lab.labels

    assert np.isnan(probes(lab)[lab.part == "test"]).all()
    assert np.isfinite(probes(opened)).all()
    assert np.allclose(probes(lab)[lab.open], probes(opened)[lab.open])


def small_lab(folder: Path) -> Lab:
    """100 images of noise, as if the model had been shown them."""
    lab = Lab(folder, folder)
    width = 9 * (16 + 32 + 64)
    assert len(BLOCKS) == 27
    for view in SHOWN[:2]:
        lab.kept(f"deep/{view}", lambda: RNG.normal(size=(100, width)))
    lab.kept("part", lambda: np.array(["train", "validation", "test", "train"] * 25))
    lab.__dict__["labels"] = RNG.integers(0, 10, 100)
    return lab
