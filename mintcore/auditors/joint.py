"""One network for several sources.

What one source says can change what another means: an image that all layers find easy is answered surely whether it was
a member or not. A weighted sum of the scores of networks that read one source each cannot express that, one network for
all can (`docs/lab-notebook.md`).
"""

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
import torch
from torch import nn

from mintcore.arrays import parse_view
from mintcore.auditors.perceptrons import learning_layers
from mintcore.auditors.preparation import Preparation
from mintcore.auditors.probes import Moments, Probe
from mintcore.auditors.queries import FARTHEST, Spread
from mintcore.auditors.standardisation import Standardise
from mintcore.models.layers import OUTPUT, POOLED, SIGNALS, SIGNALS_VIEW
from store.layout import ArraySpec

WIDTHS = (64, 32)
DROPOUT = 0.2
_SCALED_LOGIT = SIGNALS.index("scaled_logit")


class Digest(Preparation):
    """What is read of each source, side by side.

    Signals of augmented queries are read as how they are spread; of stressed queries the scaled logit alone is read,
    for each query is another question. Where the logits of a classifier are among the sources, the pooled activations
    of a layer are read as what a probe of the layer makes of them. All else is read as it is.

    Args:
        specs: The arrays, in the order in which they lie side by side.
    """

    def __init__(self, specs: Sequence[ArraySpec]) -> None:
        super().__init__()
        self._shapes = [spec.shape for spec in specs]
        self._logits = _logits_among(specs)
        classes = 0 if self._logits is None else prod(self._shapes[self._logits])
        self.readers = nn.ModuleList(_reader(spec, classes) for spec in specs)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Turn (B, F) values of all sources into (B, G) numbers."""
        parts = self._parts(values)
        logits = None if self._logits is None else parts[self._logits]
        read = [
            reader(part, logits) if isinstance(reader, Probe) else reader(part)
            for reader, part in zip(self.readers, parts, strict=True)
        ]
        return torch.cat(read, dim=1)

    def width(self) -> int:
        """Count the numbers that are read, G."""
        nothing = torch.zeros(1, sum(map(prod, self._shapes)))
        return int(self(nothing).shape[1])

    def fit(self, batches: Iterable[np.ndarray]) -> None:
        """Fit the probes to the classes that the model gives, in one pass."""
        if self._logits is None:
            return
        probes = [(at, each) for at, each in enumerate(self.readers) if isinstance(each, Probe)]
        moments = [Moments() for _ in probes]
        for batch in batches:
            parts = [part.numpy() for part in self._parts(torch.from_numpy(batch))]
            logits = parts[self._logits]
            given = np.eye(logits.shape[1])[logits.argmax(axis=1)]
            for sums, (at, _) in zip(moments, probes, strict=True):
                sums.add(parts[at], given)
        for sums, (_, probe) in zip(moments, probes, strict=True):
            weight, bias = sums.solve()
            probe.weight.copy_(torch.from_numpy(weight))
            probe.bias.copy_(torch.from_numpy(bias))

    def _parts(self, values: torch.Tensor) -> list[torch.Tensor]:
        sizes = [prod(shape) for shape in self._shapes]
        parts = zip(values.split(sizes, dim=1), self._shapes, strict=True)
        return [part.reshape(-1, *shape) for part, shape in parts]


class ScaledLogits(nn.Module):
    """The scaled logit of each query."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Turn (B, K, S) signals of K queries, or (B, S) of one, into (B, K)."""
        return values[..., _SCALED_LOGIT].reshape(len(values), -1)


def build(specs: Sequence[ArraySpec]) -> nn.Module:
    """Build the network for (B, F) values of several arrays side by side.

    It gives (B, 1) logits, higher for members.
    """
    digest = Digest(specs)
    features = digest.width()
    return nn.Sequential(
        digest,
        Standardise(features),
        nn.Hardtanh(-FARTHEST, FARTHEST),
        *learning_layers(features, WIDTHS, DROPOUT),
    )


def _logits_among(specs: Sequence[ArraySpec]) -> int | None:
    """Find the logits; None where there are none, or the output may be an embedding: classifiers have signals."""
    kinds = [parse_view(spec.view).kind for spec in specs]
    if SIGNALS_VIEW not in kinds:
        return None
    keys = [spec.key for spec in specs]
    logits = f"{OUTPUT}/{POOLED}"
    return keys.index(logits) if logits in keys else None


def _reader(spec: ArraySpec, classes: int) -> nn.Module:
    view = parse_view(spec.view)
    if view.kind == SIGNALS_VIEW and view.stressed:
        return ScaledLogits()
    if view.kind == SIGNALS_VIEW and view.queries > 1:
        return Spread()
    if classes and view.kind == POOLED and view.queries == 1 and spec.layer != OUTPUT:
        return Probe(spec.shape[0], classes)
    return nn.Flatten()
