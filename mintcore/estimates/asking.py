"""What a sweep would train, read from the cards alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mintcore.arrays import pixels_of
from mintcore.auditors.requests import SweepRequest, asked_auditors, refuse_contradictions
from mintcore.auditors.sources import Source
from mintcore.errors import MintError
from mintcore.models.heads import head_of
from mintcore.models.layers import INPUT, Layer
from store.artefacts import Card
from store.layout import ArraySpec


@dataclass(frozen=True)
class Asked:
    """One auditor that a request asks for.

    Attributes:
        kind: Kind of auditor.
        sources: What it reads.
    """

    kind: str
    sources: tuple[Source, ...]

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Keys of the arrays of each source."""
        return tuple(source.keys for source in self.sources)


def layers_of(model: Card) -> list[Layer]:
    """Read the suggested layers from a model's card, the image itself among them."""
    return [Layer.from_json(layer) for layer in model["layers"]]


def asked_of(model: Card, request: SweepRequest) -> list[Asked]:
    """List the auditors that a request asks for.

    Raises:
        MintError: A kind, a layer, a view or a source is unknown, or no layer can be read by the kinds.
    """
    refuse_contradictions(request)
    known = layers_of(model)
    chosen = _chosen(known, request)
    return [Asked(*each) for each in asked_auditors(request, chosen, known, head_of(model))]


def arrays_of(asked: Sequence[Asked]) -> list[ArraySpec]:
    """List the arrays that auditors read, each once."""
    specs = (spec for each in asked for source in each.sources for spec in source.specs)
    return list({spec.key: spec for spec in specs}.values())


def pixels_array(model: Card) -> ArraySpec:
    """Give the array of the images themselves, which the raw-pixels baseline reads."""
    return pixels_of(layers_of(model)[0])


def _chosen(known: Sequence[Layer], request: SweepRequest) -> list[Layer]:
    """Choose layers by name, as a sweep does among all; here among those that a card suggests."""
    patterns = [part.strip() for part in request.layers.split(",") if part.strip()]
    if patterns == ["all"]:
        return [layer for layer in known if layer.name != INPUT]
    for pattern in patterns:
        if not any(_fits(layer, pattern) for layer in known):
            raise MintError(
                f"What {pattern!r} takes cannot be told before it begins: only the suggested layers of "
                f"{request.model!r} are on its card, see `mint model layers {request.model}`."
            )
    return [layer for layer in known if any(_fits(layer, pattern) for pattern in patterns)]


def _fits(layer: Layer, pattern: str) -> bool:
    return layer.name == pattern or fnmatchcase(layer.name, pattern)
