"""What auditors are asked for. Needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mintcore.auditors import JOINT, KIND_WORDS, OF_SEVERAL
from mintcore.auditors.settings import FitSettings
from mintcore.auditors.sources import (
    Source,
    fused_sources,
    joint_source,
    single_sources,
    usual_sources,
)
from mintcore.datasets.names import dataset_names
from mintcore.errors import MintError
from mintcore.models.layers import Layer

KINDS = ("vanilla", "cnn")
SEEDS = 3


@dataclass(frozen=True)
class SweepRequest:
    """Which auditors to train.

    Attributes:
        model: Name of the audited model.
        members: Dataset whose members are used.
        external: Dataset whose externals are used, or several of them.
        layers: "all", or layer names and globs separated by commas.
        kinds: Kinds of auditor; "joint" and "fused" are one auditor for all their sources.
        map_side: Side of the maps that the CNN auditor reads, in pixels.
        reference: Name of a trained model that never saw the members, as a further blind baseline.
        seed: Seed of split, weights and order.
        allow_overlap: Go on where members and externals overlap.
        seeds: Networks of each source, from this many seeds; an image's score is their mean.
        view: Name of the view that single-source auditors read, such as "pooled-q10"; None for each kind's own.
        sources: "layer/view" each, what a joint or fused auditor reads; none for the usual ones.
        settings: How networks are fitted.
        search: How the settings were found, for the cards; None where they were not searched.
    """

    model: str
    members: str
    external: str | tuple[str, ...]
    layers: str = "all"
    kinds: tuple[str, ...] = KINDS
    map_side: int = 8
    reference: str | None = None
    seed: int = 0
    allow_overlap: bool = False
    seeds: int = SEEDS
    view: str | None = None
    sources: tuple[str, ...] = ()
    settings: FitSettings = field(default_factory=FitSettings)
    search: dict[str, Any] | None = None

    def datasets(self) -> list[str]:
        """Give the datasets of members and of externals."""
        return list(dict.fromkeys([self.members, *dataset_names(self.external)]))

    def network_seeds(self) -> list[int]:
        """Give the seed of each network of a source."""
        return [self.seed + number for number in range(self.seeds)]


def refuse_contradictions(request: SweepRequest) -> None:
    """Refuse what cannot be trained, before anything is loaded.

    Raises:
        MintError: A kind is unknown or missing, there are no seeds, or sources are named that no kind reads.
    """
    unknown = [kind for kind in request.kinds if kind not in KIND_WORDS]
    if unknown or not request.kinds:
        raise MintError(
            f"Unknown auditor kind {', '.join(unknown) or '(none)'!r}: choose of {', '.join(KIND_WORDS)}."
        )
    if request.seeds < 1:
        raise MintError(f"{request.seeds} seeds: give 1 or more.")
    if request.sources and not set(OF_SEVERAL) & set(request.kinds):
        raise MintError(
            f"Only auditors of several sources have sources to choose: give the kind {' or '.join(OF_SEVERAL)}."
        )


def asked_auditors(
    request: SweepRequest, chosen: Sequence[Layer], known: Sequence[Layer], head: str
) -> list[tuple[str, tuple[Source, ...]]]:
    """List the auditors that a request asks for: the kind of each, and what it reads.

    Args:
        request: The request.
        chosen: The layers that it names.
        known: The suggested layers of the audited model.
        head: What the model's output is.

    Raises:
        MintError: A view or a source is unknown, or no layer can be read by the kinds.
    """
    asked: list[tuple[str, tuple[Source, ...]]] = []
    for kind in request.kinds:
        if kind in OF_SEVERAL:
            named = request.sources or usual_sources(known, head, kind)
            joint = kind == JOINT
            sources = (joint_source(known, named),) if joint else fused_sources(known, named)
            asked.append((kind, sources))
        else:
            single = single_sources(chosen, kind, request.view, request.map_side)
            asked += [(kind, (source,)) for source in single]
    if not asked:
        raise MintError(
            f"None of the chosen layers can be read by {' or '.join(request.kinds)}: a CNN auditor needs a map, "
            f"`mint model layers {request.model}` shows which layers have one."
        )
    return asked
