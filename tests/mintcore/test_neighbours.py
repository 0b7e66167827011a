import numpy as np
import pytest
from scipy.spatial.distance import cdist

from mintcore import neighbours
from mintcore.activation_maps import model_store
from mintcore.datasets.reading import samples, where_registered
from mintcore.image_audit import ImageAuditor, load_image_auditor
from mintcore.neighbours import NEAREST, Scope, nearest, neighbourhood
from store.artefacts import Home

KEY = "block2/pooled"


@pytest.fixture
def auditor(digits_home: Home) -> ImageAuditor:
    card = digits_home.cards("auditors")[0]
    return load_image_auditor(digits_home, card["id"], device="cpu")


@pytest.mark.parametrize("batch", [64, 8192])
def test_nearest__are_those_that_scipy_finds(
    digits_home: Home, auditor: ImageAuditor, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(neighbours, "_BATCH", batch)
    among = neighbourhood(digits_home, auditor.card, KEY, auditor.known, "auditor")
    values = model_store(digits_home, auditor.card).read(KEY, among.rows).astype(np.float64)
    distances = cdist(values[7:8], values, "cosine")[0]
    found = nearest(among, values[7])
    assert found[0].sample_id == among.sample_ids[7].as_py()
    assert [one.distance for one in found] == pytest.approx(
        np.sort(distances)[:NEAREST].tolist(), abs=1e-5
    )


def test_neighbourhood__of_the_auditor_is_its_cohort(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    among = neighbourhood(digits_home, auditor.card, KEY, auditor.known, "auditor")
    assert among.sample_ids.to_pylist() == auditor.known.column("sample_id").to_pylist()
    assert (among.total, among.drawn) == (len(auditor.known), False)
    assert among.member_share == pytest.approx(auditor.known.column("is_member").to_numpy().mean())


def test_neighbourhood__of_the_store_has_each_listed_image_once(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    among = neighbourhood(digits_home, auditor.card, KEY, auditor.known, "store")
    ids = among.sample_ids.to_pylist()
    assert len(ids) == len(set(ids)) == among.total
    assert set(auditor.known.column("sample_id").to_pylist()) <= set(ids)


@pytest.mark.parametrize("scope", ["auditor", "store"])
def test_neighbourhood__of_too_many_some_are_drawn_the_same_each_time(
    digits_home: Home, auditor: ImageAuditor, scope: Scope
) -> None:
    first, second = (
        neighbourhood(digits_home, auditor.card, KEY, auditor.known, scope, compared=50)
        for _ in range(2)
    )
    assert first.drawn
    assert len(first.rows) == 50 < first.total
    assert first.sample_ids == second.sample_ids


def test_nearest__of_nothing_is_nothing(digits_home: Home, auditor: ImageAuditor) -> None:
    unknown = auditor.known.slice(0, 0)
    among = neighbourhood(digits_home, auditor.card, KEY, unknown, "auditor")
    assert nearest(among, np.ones(32)) == []


def test_where_registered__every_dataset_that_lists_the_image(digits_home: Home) -> None:
    listed = where_registered(digits_home, ["members", "mixed"], ["0" * 32])
    assert listed == {"0" * 32: []}
    shared = _shared(digits_home)
    rows = where_registered(digits_home, ["members", "mixed"], [shared])[shared]
    assert [(row["dataset"], row["membership"]) for row in rows] == [
        ("members", "member"),
        ("mixed", "unknown"),
    ]


def _shared(home: Home) -> str:
    members, mixed = (
        set(samples(home, name).column("sample_id").to_pylist()) for name in ("members", "mixed")
    )
    return min(members & mixed)
