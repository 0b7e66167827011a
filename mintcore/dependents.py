"""What cannot work without what: read off the cards, for deletions. Cards go in, a graph comes out."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from mintcore.auditors.cards import sources_of_network
from mintcore.datasets.names import parts_of
from mintcore.models.twins import model_of_twin
from store.artefacts import Card, Kind

KINDS: tuple[Kind, ...] = get_args(Kind)


class Artefact(NamedTuple):
    """What a card describes.

    Attributes:
        kind: Its kind.
        id: Its id.
    """

    kind: Kind
    id: str


Cards = Mapping[Kind, Sequence[Card]]
Needs = dict[Artefact, frozenset[Artefact]]


def needs(cards: Cards) -> Needs:
    """Tell of every artefact which others it cannot work without, as far as they are there.

    An auditor does not need its stores: they are a cache, and what is missing is computed again. A model does not need
    the datasets that it was trained on: it has the ledger of what it saw.

    Args:
        cards: Kind -> the cards of all artefacts of that kind.
    """
    there = {Artefact(kind, card["id"]) for kind, of_kind in cards.items() for card in of_kind}
    return {
        Artefact(kind, card["id"]): frozenset(artefacts_named_by(kind, card, there)) & there
        for kind, of_kind in cards.items()
        for card in of_kind
    }


def artefacts_named_by(kind: Kind, card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    """Yield the artefacts that a card names as what it cannot work without, whether or not they are there.

    Args:
        kind: The kind of the card.
        card: The card, or its fields before it is written.
        there: All artefacts of the home folder, by which a card is understood that names others by their ids alone.
    """
    yield from _NEEDS[kind](card, there)


def with_dependents(known: Needs, artefact: Artefact) -> list[Artefact]:
    """List an artefact with all that cannot work without it, in the order in which they can go.

    Nothing comes after what it needs, so whatever is left at any moment is complete. The artefact itself comes last.
    """
    needed_by: dict[Artefact, list[Artefact]] = {}
    for each, needed in sorted(known.items()):
        for other in needed:
            needed_by.setdefault(other, []).append(each)
    order: dict[Artefact, None] = {}
    _visit(artefact, needed_by, order)
    return list(order)


def readers(auditors: Iterable[Card], store: str) -> list[str]:
    """List the auditors that read a store. They stay when it goes."""
    return [card["id"] for card in auditors if store in stores_of(card)]


def stores_of(auditor: Card) -> set[str]:
    """List the stores that an auditor and its blind baselines read."""
    networks = auditor["networks"].values()
    sources = (source for network in networks for source in sources_of_network(network))
    return {source["store"] for source in sources if "store" in source}


def _visit(
    artefact: Artefact,
    needed_by: Mapping[Artefact, Sequence[Artefact]],
    order: dict[Artefact, None],
) -> None:
    """Put all dependents of an artefact, then itself, into the order."""
    for dependent in needed_by.get(artefact, ()):
        if dependent not in order:
            _visit(dependent, needed_by, order)
    order[artefact] = None


def _nothing(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    yield from ()


def _store(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    model = Artefact("models", card.get("model", ""))
    twin_of = model_of_twin(model.id)
    yield Artefact("models", twin_of) if twin_of and model not in there else model


def _auditor(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    yield Artefact("models", card["model"])
    if card["reference"]:
        yield Artefact("models", card["reference"])
    yield from _sides(card["made_from"])


def _audit(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    yield Artefact("auditors", card["auditor"])
    yield Artefact("models", card["model"])
    if card["audit_kind"] == "dataset":
        yield Artefact("datasets", card["dataset"])


def _comparison(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    yield Artefact("models", card["model"])
    for dataset in (card["members"], *card["external"]):
        yield Artefact("datasets", dataset)
    cells = (*card["cells"], *card.get("leave_one_out", ()))  # earlier versions left none out
    for auditor in (*card["auditors"], *(cell["auditor"] for cell in cells)):
        yield Artefact("auditors", auditor)


def _methods(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    for model in (card["model"], *card["references"]):
        yield Artefact("models", model)
    yield from _sides(card["made_from"])


def _protocol(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    """Its card names what it was made from by the ids alone."""
    made_from = set(card["made_from"])
    yield from (each for each in there if each.id in made_from and each.kind != "protocols")


def _overlap(card: Card, there: Collection[Artefact]) -> Iterator[Artefact]:
    yield from _sides(card["made_from"])


def _sides(made_from: Mapping[str, Any]) -> Iterator[Artefact]:
    """Yield the datasets of all sides; several that stand on one side are its parts."""
    for side in made_from.values():
        for part in parts_of(side):
            yield Artefact("datasets", part["dataset"])


_NEEDS: dict[str, Callable[[Card, Collection[Artefact]], Iterator[Artefact]]] = {
    "models": _nothing,
    "datasets": _nothing,
    "stores": _store,
    "auditors": _auditor,
    "audits": _audit,
    "comparisons": _comparison,
    "methods": _methods,
    "protocols": _protocol,
    "overlaps": _overlap,
}
