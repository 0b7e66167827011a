import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.dependents import KINDS, Artefact, needs, readers, with_dependents
from store.artefacts import Card, Kind

NUMBERS = st.integers(0, 4)


def model(number: int) -> Card:
    return {"id": f"<model {number}>"}


def dataset(number: int) -> Card:
    return {"id": f"<dataset {number}>"}


@st.composite
def stores(draw: Any, number: int) -> Card:
    of = draw(st.sampled_from(["", "-fresh-0"]))
    return {"id": f"<store {number}>", "model": f"<model {draw(NUMBERS)}>{of}"}


@st.composite
def sides(draw: Any, *names: str) -> dict[str, Any]:
    def side() -> dict[str, Any]:
        parts = [{"dataset": f"<dataset {draw(NUMBERS)}>"} for _ in range(draw(st.integers(1, 2)))]
        return parts[0] if len(parts) == 1 else {"dataset": "several", "parts": parts}

    return {name: side() for name in names}


@st.composite
def auditors(draw: Any, number: int) -> Card:
    sources = [{"store": f"<store {draw(NUMBERS)}>"}]
    return {
        "id": f"<auditor {number}>",
        "model": f"<model {draw(NUMBERS)}>",
        "reference": draw(st.sampled_from([None, "<model 3>"])),
        "made_from": draw(sides("members", "external")),
        "networks": {"auditor": {"sources": sources}},
    }


@st.composite
def audits(draw: Any, number: int) -> Card:
    kind = draw(st.sampled_from(["image", "dataset"]))
    of = {"dataset": f"<dataset {draw(NUMBERS)}>"} if kind == "dataset" else {}
    auditor = f"<auditor {draw(NUMBERS)}>"
    return {
        "id": f"<audit {number}>",
        "audit_kind": kind,
        "auditor": auditor,
        "model": f"<model {draw(NUMBERS)}>",
        **of,
    }


@st.composite
def comparisons(draw: Any, number: int) -> Card:
    return {
        "id": f"<comparison {number}>",
        "model": f"<model {draw(NUMBERS)}>",
        "members": f"<dataset {draw(NUMBERS)}>",
        "external": [f"<dataset {draw(NUMBERS)}>", f"<dataset {draw(NUMBERS)}>"],
        "auditors": [f"<auditor {draw(NUMBERS)}>"],
        "cells": [{"auditor": f"<auditor {draw(NUMBERS)}>"}],
        "leave_one_out": [{"auditor": f"<auditor {draw(NUMBERS)}>"}],
    }


@st.composite
def methods(draw: Any, number: int) -> Card:
    return {
        "id": f"<methods {number}>",
        "model": f"<model {draw(NUMBERS)}>",
        "references": {f"<model {draw(NUMBERS)}>": "fingerprint"},
        "made_from": draw(sides("members", "external")),
    }


@st.composite
def homes(draw: Any) -> dict[Kind, list[Card]]:
    """Cards that refer to some that are there and to some that are not."""
    count = st.integers(0, 4)
    made = {
        "stores": stores,
        "auditors": auditors,
        "audits": audits,
        "comparisons": comparisons,
        "methods": methods,
    }
    cards: dict[Any, list[Card]] = {
        "models": [model(number) for number in range(draw(count))],
        "datasets": [dataset(number) for number in range(draw(count))],
        **{
            kind: [draw(make(number)) for number in range(draw(count))]
            for kind, make in made.items()
        },
    }
    known = [f"<auditor {number}>" for number in range(5)] + ["<methods 0>"]
    cards["protocols"] = [
        {"id": "<protocol 0>", "made_from": draw(st.lists(st.sampled_from(known)))}
    ]
    cards["overlaps"] = [{"id": "<overlap 0>", "made_from": draw(sides("a", "b"))}]
    return cards


def text_of(kind: Kind, card: Card) -> str:
    """All that a card refers to, but the stores of an auditor, which are made again where they are missing."""
    return json.dumps(
        {key: value for key, value in card.items() if (kind, key) != ("auditors", "networks")}
    )


@given(homes(), st.data())
def test_with_dependents__nothing_that_is_left_at_any_moment_refers_to_what_went(
    cards: dict[Kind, list[Card]], data: Any
) -> None:
    everything = [Artefact(kind, card["id"]) for kind in cards for card in cards[kind]]
    chosen = data.draw(st.sampled_from(everything))
    order = with_dependents(needs(cards), chosen)
    assert order[-1] == chosen
    assert len(set(order)) == len(order)
    gone: set[Artefact] = set()
    for each in order:
        gone.add(each)
        left = "".join(
            text_of(kind, card)
            for kind in cards
            for card in cards[kind]
            if Artefact(kind, card["id"]) not in gone
        )
        assert each.id not in left


@given(homes(), st.data())
def test_with_dependents__goes_no_further_than_what_refers_to_it(
    cards: dict[Kind, list[Card]], data: Any
) -> None:
    texts = {
        Artefact(kind, card["id"]): text_of(kind, card) for kind in cards for card in cards[kind]
    }
    order = with_dependents(needs(cards), data.draw(st.sampled_from(list(texts))))
    for each in order[:-1]:
        assert any(other.id in texts[each] for other in order if other != each)


def test_needs__every_kind_of_artefact_is_known() -> None:
    assert needs({kind: [] for kind in KINDS}) == {}
    with pytest.raises(KeyError):
        needs({"unheard-of": [{"id": "x"}]})  # type: ignore[dict-item]


def test_needs__a_model_may_be_called_like_the_twin_of_another() -> None:
    cards: dict[Kind, list[Card]] = {
        "models": [{"id": "net"}, {"id": "net-fresh-0"}],
        "stores": [{"id": "s", "model": "net-fresh-0"}],
    }
    assert needs(cards)[Artefact("stores", "s")] == {Artefact("models", "net-fresh-0")}
    assert needs(cards | {"models": [{"id": "net"}]})[Artefact("stores", "s")] == {
        Artefact("models", "net")
    }


def test_readers__auditors_of_earlier_versions_too() -> None:
    auditors = [
        {"id": "a", "networks": {"auditor": {"sources": [{"store": "s"}]}}},
        {"id": "b", "networks": {"auditor": {"store": "s", "key": "block1/pooled"}}},
        {"id": "c", "networks": {"auditor": {"sources": [{"store": "t"}]}}},
    ]
    assert readers(auditors, "s") == ["a", "b"]
