from pathlib import Path

import numpy as np
import pytest

from mintcore.datasets.comparison_time import seconds_to_compare
from mintcore.datasets.kept_overlaps import OverlapRequest, keep_overlap
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.jobs.kinds import work_of
from mintcore.progress import SilentReporter
from store.artefacts import Home

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 40, 40, 3), np.uint8)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """a: 4 images; b: one of them again, a brighter one, and two others."""
    home = Home(tmp_path / "home")
    brighter = np.clip(IMAGES[1:2] * 1.1, 0, 255).astype(np.uint8)
    second = np.concatenate([IMAGES[:1], brighter, IMAGES[4:]])
    for name, images, membership in (("a", IMAGES[:4], "member"), ("b", second, "external")):
        np.savez(tmp_path / f"{name}.npz", images=images)
        add_dataset(home, name, f"arrays:{tmp_path / name}.npz", membership)
    return home


def test_keep_overlap__card_says_what_was_compared_and_found(home: Home) -> None:
    card = keep_overlap(home, OverlapRequest("a", "b"), reporter=SilentReporter())
    assert (card["a"], card["b"], card["exact"], card["near"]) == ("a", "b", 1, 1)
    assert [example["kind"] for example in card["examples"]] == ["exact", "near"]
    assert card["made_from"]["a"]["fingerprint"] == home.card("datasets", "a")["fingerprint"]


def test_keep_overlap__job_finds_it_once(home: Home) -> None:
    made = work_of("overlap")(home, {"first": "a", "second": "b"}, "cpu", SilentReporter())
    again = keep_overlap(home, OverlapRequest("a", "b"), reporter=SilentReporter())
    assert made == {"overlaps": [again["id"]]}
    assert len(home.cards("overlaps")) == 1
    keep_overlap(home, OverlapRequest("a", "b", similarity=0.9), reporter=SilentReporter())
    assert len(home.cards("overlaps")) == 2


def test_overlap_request__what_cannot_be_is_refused_before_it_is_queued() -> None:
    with pytest.raises(MintError, match="90 bits"):
        OverlapRequest("a", "b", distance=90)


def test_seconds_to_compare__grows_with_the_product() -> None:
    assert seconds_to_compare(50_000, 60_000) == pytest.approx(6, rel=0.2)
    assert seconds_to_compare(10, 20) * 100 == pytest.approx(seconds_to_compare(100, 200))
