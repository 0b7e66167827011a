"""How the page arranges the auditors of an experiment."""

from typing import Any

from dashboard.parts.layer_scores import by_kind_and_view, of_several


def _card(
    layer: str, kind: str = "vanilla", view: str | None = "pooled", **more: Any
) -> dict[str, Any]:
    return {"layer": layer, "auditor_kind": kind, "view": view, **more}


def test_by_kind_and_view__layers_in_order_and_the_longest_first() -> None:
    cards = [_card("b", "cnn", "map8"), _card("c"), _card("a"), _card("joint", "joint", None)]
    found = by_kind_and_view(cards, ["a", "b", "c"])
    assert list(found) == ["vanilla of pooled", "cnn of map8"]
    assert [card["layer"] for card in found["vanilla of pooled"]] == ["a", "c"]


def test_by_kind_and_view__tuned_ones_apart_and_of_two_alike_the_first() -> None:
    cards = [
        _card("a", id="new"),
        _card("a", id="old"),
        _card("a", id="tuned", search={"trials": 3}),
    ]
    found = by_kind_and_view(cards, ["a"])
    assert {name: [card["id"] for card in of_kind] for name, of_kind in found.items()} == {
        "vanilla of pooled": ["new"],
        "vanilla of pooled, tuned": ["tuned"],
    }


def test_of_several__the_first_of_each_kind() -> None:
    cards = [
        _card("fused", "fused", None, id="new fused"),
        _card("a", id="single"),
        _card("fused", "fused", None, id="old fused"),
        _card("joint", "joint", None, id="joint"),
    ]
    assert [card["id"] for card in of_several(cards)] == ["joint", "new fused"]
