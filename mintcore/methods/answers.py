"""Ask the audited model and the reference models about the images of a cohort; what their stores have is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mintcore.arrays import array_specs, signals_key, signals_view
from mintcore.extraction.run import extract
from mintcore.extraction.stores import store_of
from mintcore.methods.requests import MethodsRequest
from mintcore.models.layers import OUTPUT, SIGNALS
from mintcore.models.registration import load_model
from mintcore.progress import Reporter
from store.artefacts import Home


@dataclass(frozen=True)
class Answers:
    """What models say of N images, NaN where one could not be read.

    Attributes:
        signals: (N, K, S) float64 of the audited model, in the order of ``SIGNALS``.
        references: For each reference model (N, K) float64 scaled logits.
    """

    signals: np.ndarray
    references: list[np.ndarray]

    def complete(self) -> np.ndarray:
        """Tell of (N,) images whether all models say something of them."""
        known = [np.isfinite(some).all(axis=1) for some in self.references]
        return np.asarray(np.logical_and.reduce([np.isfinite(self.signals).all((1, 2)), *known]))


def ask(
    home: Home,
    request: MethodsRequest,
    sample_ids: Sequence[str],
    device: torch.device,
    reporter: Reporter,
) -> Answers:
    """Ask one model after the other, so that one at a time is in memory.

    Raises:
        MintError: The audited model gives no signals, or an image has no label or one that is no class.
    """

    def asked(name: str) -> np.ndarray:
        model = load_model(home, name, device)
        specs = array_specs([model.taps[OUTPUT]], [signals_view(request.target, request.queries)])
        extract(home, model, (request.members, request.external), specs, reporter)
        store, key = store_of(home, model, 0), signals_key(request.target, request.queries)
        places = store.locate(key, sample_ids)
        values = np.full((len(places), request.queries, len(SIGNALS)), np.nan)
        read = store.read(key, places[places >= 0])
        values[places >= 0] = read.reshape(len(read), *values.shape[1:])
        return values

    signals = asked(request.model)
    place = SIGNALS.index("scaled_logit")
    return Answers(signals, [asked(name)[:, :, place].copy() for name in request.references])
