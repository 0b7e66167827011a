from pathlib import Path

import numpy as np
import pytest
from small_experiment import A_SIDE, IDS, IS_MEMBER, PART, activations, make_experiment

from mintcore import activation_sample
from mintcore.activation_sample import (
    draw,
    open_stored,
    pooled_keys,
    store_names,
    stored_values,
)
from mintcore.errors import MintError
from mintcore.library import store_version
from store.artefacts import Home
from store.layout import ArraySpec


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    make_experiment(made)
    return made


def _places(ids: list[str]) -> np.ndarray:
    return np.array([IDS.index(name) for name in ids])


def test_draw__all_images_where_they_are_few(home: Home) -> None:
    drawn = draw(home, "net.a", 1000)
    assert drawn.sample_ids == IDS
    assert drawn.is_member.tolist() == IS_MEMBER.tolist()
    assert drawn.scores.tolist() == list(range(2 * A_SIDE))
    assert (drawn.n_members, drawn.n_externals, drawn.everywhere) == (A_SIDE, A_SIDE, True)


def test_draw__as_many_of_each_group_as_asked_and_the_same_each_time(home: Home) -> None:
    drawn = draw(home, "net.a", 7)
    assert [int(drawn.is_member.sum()), int((~drawn.is_member).sum())] == [7, 7]
    assert drawn.sample_ids == draw(home, "net.a", 7).sample_ids
    assert drawn.sample_ids != draw(home, "net.a", 7, seed=1).sample_ids


def test_draw__only_the_part_that_is_asked_for(home: Home) -> None:
    drawn = draw(home, "net.a", 1000, "test")
    assert set(PART[_places(drawn.sample_ids)]) == {"test"}
    assert drawn.n_members == A_SIDE // 2


def test_draw__from_a_few_stretches_where_there_are_many(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation_sample, "STRETCH", 5)
    monkeypatch.setattr(activation_sample, "STRETCHES", 2)
    drawn = draw(home, "net.a", 8)
    assert not drawn.everywhere
    for group in (drawn.is_member, ~drawn.is_member):
        assert len(np.unique(_places(drawn.sample_ids)[group] // 5)) == 2


def test_draw__lost_scores_are_one_sentence(home: Home) -> None:
    (home.folder("auditors", "net.a") / "scores.parquet").unlink()
    with pytest.raises(MintError, match="has lost its scores"):
        draw(home, "net.a", 8)


def test_store_names__a_source_of_this_version_and_of_the_first() -> None:
    networks = {"auditor": {"sources": [{"store": "a"}]}, "fresh weights": {"store": "b"}}
    assert store_names({"networks": networks}) == {"auditor": "a", "fresh weights": "b"}


def test_stored_values__an_image_that_is_not_stored_has_none(home: Home) -> None:
    store = open_stored(home, "net-store")
    there, values = stored_values(store, pooled_keys(store)["block"], [IDS[3], "f" * 32])
    assert there.tolist() == [True, False]
    assert values.tolist() == activations(0, 100)[[3]].tolist()


def test_store_version__changes_with_a_commit(home: Home) -> None:
    before = store_version(home, "net-store")
    spec = ArraySpec("late", "pooled", (1,), "float32")
    with open_stored(home, "net-store").writer([spec], 1) as writer:
        writer.commit(IDS[:1], {spec.key: np.ones((1, 1), np.float32)}, {})
    assert store_version(home, "net-store") != before
