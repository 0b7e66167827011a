"""Which auditors that are asked for are there already, as far as their cards tell."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from mintcore.auditors.cards import keys_of_source, sources_of_network, store_of_network
from mintcore.auditors.requests import SweepRequest
from mintcore.auditors.sources import Source
from mintcore.datasets.names import dataset_names, parts_of
from mintcore.estimates.asking import Asked
from store.artefacts import Card, Home


@dataclass(frozen=True)
class Trained:
    """What is there of a sweep.

    Attributes:
        missing: The auditors that would be trained.
        there: Ids of those that are there.
        pixels: Whether the raw-pixels baseline is known from an auditor of the same images and settings.
    """

    missing: tuple[Asked, ...]
    there: tuple[str, ...]
    pixels: bool

    @property
    def sources(self) -> list[Source]:
        """What the missing auditors read; what two of them read is fitted once."""
        listed = (source for each in self.missing for source in each.sources)
        return list({(source.kind, source.keys): source for source in listed}.values())


def sort_trained(
    home: Home, request: SweepRequest, asked: Sequence[Asked], auditors: Sequence[Card]
) -> Trained:
    """Sort the auditors that are asked for into those that are there and those that are missing."""
    alike = [card for card in auditors if _same_fit(home, request, card)]
    there = {
        (card["auditor_kind"], _keys(card)): str(card["id"])
        for card in alike
        if _same_blind(home, request, card)
    }
    wanted = {(each.kind, each.keys): each for each in asked}
    return Trained(
        missing=tuple(each for key, each in wanted.items() if key not in there),
        there=tuple(there[key] for key in wanted if key in there),
        pixels=bool(alike),
    )


def _same_fit(home: Home, request: SweepRequest, card: Card) -> bool:
    """Tell whether an auditor was fitted on the same images in the same way."""
    model = home.card("models", request.model)
    return (
        card.get("model_fingerprint") == model["fingerprint"]
        and _datasets(card) == _wanted_datasets(home, request)
        and card.get("seeds") == request.network_seeds()
        and card["settings"] == asdict(request.settings)
        and card.get("search") == request.search
        and card.get("overlap", {}).get("allowed", False) == request.allow_overlap
    )


def _same_blind(home: Home, request: SweepRequest, card: Card) -> bool:
    """Tell whether an auditor stands beside the same reference model, or beside none."""
    found = card["networks"].get("reference model")
    if found is None or request.reference is None:
        return found is None and request.reference is None
    fingerprint = home.card("models", request.reference)["fingerprint"]
    return str(store_of_network(found)).endswith(f"-{fingerprint[:12]}")


def _keys(card: Card) -> tuple[tuple[str, ...], ...]:
    return tuple(map(keys_of_source, sources_of_network(card["networks"]["auditor"])))


def _datasets(card: Card) -> list[tuple[str, str]]:
    made_from = card["made_from"]
    parts = [made_from["members"], *parts_of(made_from["external"])]
    return [(part["dataset"], part["fingerprint"]) for part in parts]


def _wanted_datasets(home: Home, request: SweepRequest) -> list[tuple[str, str]]:
    names = [request.members, *dataset_names(request.external)]
    return [(name, home.card("datasets", name)["fingerprint"]) for name in names]
