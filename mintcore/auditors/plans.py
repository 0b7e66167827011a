"""Which auditors a request asks for, and in which passes over the data they are trained."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from mintcore.auditors import OF_SEVERAL
from mintcore.auditors.networks import design
from mintcore.auditors.sources import Source

PASS_BYTES = 2 * 2**30
"""What the activations that one pass holds may take. A pass has one auditor at least."""


@dataclass(frozen=True)
class Plan:
    """One auditor to be trained.

    Attributes:
        auditor_id: What it will be called.
        kind: Kind of auditor.
        sources: What it reads: one source, or several where it is fused.
    """

    auditor_id: str
    kind: str
    sources: tuple[Source, ...]

    @property
    def layer(self) -> str:
        """The layer that it reads, or its kind where it reads several."""
        return self.kind if self.kind in OF_SEVERAL else self.sources[0].specs[0].layer


def plan(model: str, kind: str, sources: tuple[Source, ...], content: Mapping[str, Any]) -> Plan:
    """Name an auditor by all that it is made from.

    Args:
        model: Name of the audited model.
        kind: Kind of auditor.
        sources: What it reads.
        content: What it is made from besides, as JSON values.
    """
    described = [
        {
            "kind": source.kind,
            "arrays": [asdict(spec) for spec in source.specs],
            "design": design(source.kind, source.specs),
        }
        for source in sources
    ]
    encoded = json.dumps({**content, "kind": kind, "sources": described}, sort_keys=True).encode()
    digest = hashlib.blake2b(encoded, digest_size=5).hexdigest()
    reads = kind if kind in OF_SEVERAL else f"{sources[0].specs[0].layer[:30]}.{kind}"
    return Plan(f"{model[:40]}.{reads}.{digest}", kind, sources)


def passes(plans: Sequence[Plan], images: int, models: int) -> Iterator[list[Plan]]:
    """Group auditors that are trained together, so that what they read at once is bounded.

    What was trained is published pass by pass, so a pass is also what is lost when a machine fails.

    Args:
        plans: The auditors.
        images: How many images they read.
        models: Of how many models they read the activations.
    """
    together: list[Plan] = []
    arrays: set[str] = set()
    held = 0
    for each in plans:
        new = {spec.key: spec for source in each.sources for spec in source.specs}
        more = sum(
            models * images * spec.stored_dtype.itemsize * prod(spec.shape)
            for key, spec in new.items()
            if key not in arrays
        )
        if together and held + more > PASS_BYTES:
            yield together
            together, arrays, held = [], set(), 0
        together.append(each)
        arrays |= set(new)
        held += more
    if together:
        yield together
