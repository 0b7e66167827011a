"""What auditors are asked for. Needs no torch."""

from dataclasses import dataclass, field
from typing import Any

from mintcore.auditors import AUDITOR_KINDS, OF_SEVERAL
from mintcore.auditors.settings import FitSettings
from mintcore.datasets.names import dataset_names
from mintcore.errors import MintError

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
    unknown = [kind for kind in request.kinds if kind not in AUDITOR_KINDS]
    if unknown or not request.kinds:
        raise MintError(
            f"Unknown auditor kind {', '.join(unknown) or '(none)'!r}: choose of {', '.join(AUDITOR_KINDS)}."
        )
    if request.seeds < 1:
        raise MintError(f"{request.seeds} seeds: give 1 or more.")
    if request.sources and not set(OF_SEVERAL) & set(request.kinds):
        raise MintError(
            f"Only auditors of several sources have sources to choose: give the kind {' or '.join(OF_SEVERAL)}."
        )
