"""Auditors as earlier versions wrote them."""

import pytest

from mintcore.auditors.evidence import AUDITOR
from mintcore.auditors.publication import load_networks, specs_of
from mintcore.errors import MintError
from store.artefacts import Card, Home


def _with_source(card: Card, *left_out: str) -> Card:
    """Give a card whose source has its one array written into it."""
    (source,) = card["networks"][AUDITOR]["sources"]
    (array,) = source["arrays"]
    kept = {name: value for name, value in source.items() if name not in ("arrays", *left_out)}
    described = {**card["networks"][AUDITOR], "sources": [kept | array]}
    return card | {"networks": {AUDITOR: described}}


def test_load_networks__source_of_one_array_as_it_was_written(digits_home: Home) -> None:
    card = digits_home.cards("auditors")[0]
    earlier = _with_source(card)
    assert specs_of(earlier) == specs_of(card)
    (today,), _ = load_networks(digits_home, card, AUDITOR)
    (loaded,), _ = load_networks(digits_home, earlier, AUDITOR)
    assert str(loaded.state_dict()) == str(today.state_dict())


def test_load_networks__unknown_design_is_one_sentence(digits_home: Home) -> None:
    earlier = _with_source(digits_home.cards("auditors")[0], "design")
    with pytest.raises(MintError, match="networks were designed otherwise: train it again"):
        load_networks(digits_home, earlier, AUDITOR)
