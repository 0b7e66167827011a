import pytest

from mintcore.holdings import mean_share_cached, registered_images, share_cached, sides


def _dataset(name: str, ok: int, duplicates: int = 0, **membership: int) -> dict[str, object]:
    counts = {"status": {"ok": ok}, "duplicates": duplicates, "membership": membership}
    return {"id": name, "counts": counts}


def test_registered_images__readable_ones_and_each_once_in_its_dataset() -> None:
    assert registered_images([_dataset("a", 10, duplicates=3), _dataset("b", 5)]) == 12


def test_share_cached__mean_over_the_stores_and_never_above_all() -> None:
    stores = [{"images": 5}, {"images": 20}]
    assert share_cached(stores[0], 10) == 0.5
    assert share_cached(stores[1], 10) == 1.0
    assert mean_share_cached(stores, 10) == pytest.approx(0.75)


def test_share_cached__nothing_registered_or_stored_has_none() -> None:
    assert share_cached({"images": 5}, 0) is None
    assert mean_share_cached([], 10) is None


def test_sides__are_told_apart() -> None:
    assert sides([_dataset("a", 5, member=5)]) == {"member": True, "external": False}
    both = [_dataset("a", 5, member=5), _dataset("b", 5, external=2)]
    assert sides(both) == {"member": True, "external": True}
