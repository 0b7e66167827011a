"""The trail from any artefact back to the images: what each was made from, by id and by the digest of its card.

A card says of each artefact it was made from which digest that one's card had. A card is sealed by its own digest, a
dataset's fingerprint covers the content of its images, so what a report cites cannot be exchanged unnoticed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, cast

from mintcore.dependents import KINDS, Artefact, artefacts_named_by, stores_of
from mintcore.library import artefact_versions
from store.artefacts import Card, Home, Kind, card_digest
from store.digests import DIGEST

TRAIL = "trail"
"""Field of a card."""
_WITH_FINGERPRINT = ("models", "datasets")


class State(StrEnum):
    """What became of an artefact since another was made from it."""

    SUBJECT = "what this is about"
    AS_RECORDED = "as recorded"
    UNRECORDED = "not recorded: the card is of an earlier version"
    ANOTHER = "another of this name was made since"
    GONE = "deleted since"


@dataclass(frozen=True)
class Link:
    """One artefact on the way back to the images.

    Attributes:
        kind: Its kind.
        id: Its id.
        digest: Of its card as it is now; None where it is gone.
        fingerprint: Of a model's weights or a dataset's images; None where it has none.
        state: What became of it since the artefact before it was made.
    """

    kind: Kind
    id: str
    digest: str | None
    fingerprint: str | None
    state: State

    def to_json(self) -> dict[str, str | None]:
        """Give it as JSON values."""
        return {**asdict(self), "state": self.state.value}


def traced(home: Home, kind: Kind, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Add to the fields of a card that is about to be written what they were made from.

    Args:
        home: The home folder.
        kind: The kind of the card.
        fields: Its fields, which name other artefacts.

    Returns:
        The fields and ``trail``: ``kind``, ``id`` and ``digest`` of each artefact that is there.
    """
    there = _artefacts(home)
    trail = [
        {"kind": each.kind, "id": each.id, DIGEST: _digest(home.card(each.kind, each.id))}
        for each in _upstream(kind, dict(fields), there)
        if each in there
    ]
    return {**fields, TRAIL: trail}


def trail_of(home: Home, cards: Sequence[Card]) -> list[Link]:
    """Follow the trail of some artefacts back to the datasets and models that all began with.

    Args:
        home: The home folder.
        cards: Of the artefacts, with which the trail begins.

    Returns:
        Each artefact on the way once, those nearest to the given ones first.
    """
    links = {Artefact(card["kind"], card["id"]): _found(card, State.SUBJECT) for card in cards}
    there, reached = _artefacts(home), list(cards)
    for card in reached:  # grows while it is walked
        recorded = _recorded(card)
        for artefact in _upstream(card["kind"], card, there):
            if artefact not in links:
                found = home.card(artefact.kind, artefact.id) if artefact in there else None
                links[artefact] = _link(artefact, found, recorded.get(artefact))
                reached += [found] if found else []
    return list(links.values())


def _artefacts(home: Home) -> set[Artefact]:
    """List all artefacts of a home folder."""
    return {Artefact(kind, name) for kind in KINDS for name in artefact_versions(home, kind)}


def _upstream(kind: Kind, card: Card, there: set[Artefact]) -> list[Artefact]:
    """List what a card names that it was made from, each once, whether or not it is there."""
    return list(dict.fromkeys(_named(kind, card, there)))


def _named(kind: Kind, card: Card, there: set[Artefact]) -> Iterator[Artefact]:
    if kind == "models":
        for dataset in card.get("trained_on", {}).get("datasets", ()):
            yield Artefact("datasets", dataset)
        return
    yield from artefacts_named_by(kind, card, there)
    if kind == "auditors":
        yield from (Artefact("stores", name) for name in sorted(stores_of(card)))


def _recorded(card: Card) -> dict[Artefact, str]:
    return {
        Artefact(cast(Kind, each["kind"]), each["id"]): each[DIGEST]
        for each in card.get(TRAIL, ())  # earlier versions had none
    }


def _link(artefact: Artefact, found: Card | None, recorded: str | None) -> Link:
    if found is None:
        return Link(artefact.kind, artefact.id, None, None, State.GONE)
    if recorded is None:
        return _found(found, State.UNRECORDED)
    return _found(found, State.AS_RECORDED if recorded == _digest(found) else State.ANOTHER)


def _found(card: Card, state: State) -> Link:
    """Make the link of a card; the fingerprint of an audit is that of its model, which has a link itself."""
    named = card.get("fingerprint") if card["kind"] in _WITH_FINGERPRINT else None
    return Link(card["kind"], card["id"], _digest(card), named, state)


def _digest(card: Card) -> str:
    """Give the digest of a card; earlier versions wrote none into it."""
    return str(card.get(DIGEST) or card_digest(card))
