"""What an extraction is asked for."""

from dataclasses import dataclass

from mintcore.arrays import FLOAT16, PREDICTED, TARGETED, View, array_specs
from mintcore.datasets.reading import dataset_card
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.models.classes import count_classes
from mintcore.models.layers import (
    GRADIENT,
    GRADIENT_DTYPE,
    MAP,
    POOLED,
    SIGNALS_DTYPE,
    SIGNALS_VIEW,
)
from mintcore.models.registration import AuditedModel, load_model
from mintcore.models.taps import choose_layers
from store.artefacts import Home
from store.layout import ArraySpec

VIEWS = (POOLED, MAP)
GRADIENT_SIZE = 512


@dataclass(frozen=True)
class ExtractionRequest:
    """What to extract.

    Attributes:
        model: Name of the audited model.
        datasets: Names of the datasets.
        layers: "all", or layer names and globs separated by commas.
        views: Of ``mintcore.models.layers.VIEWS``.
        map_side: Maps are area-pooled to at most this many pixels a side.
        dtype: "float16", "float32" or "bfloat16"; of gradients at least "bfloat16", and signals
            are always "float32".
        queries: How many augmented queries of an image, 1 for the image alone.
        gradient_size: Values that a gradient is reduced to.
        target: The class that gradients and signals are of, "label" or "predicted".
        batch_size: Images at once; None chooses.
        workers: Threads that decode; None takes one for each core.
        stressed: Whether the queries are those that training never shows.
    """

    model: str
    datasets: tuple[str, ...]
    layers: str = "all"
    views: tuple[str, ...] = VIEWS
    map_side: int = 8
    dtype: str = FLOAT16
    queries: int = 1
    gradient_size: int = GRADIENT_SIZE
    target: str = PREDICTED
    batch_size: int | None = None
    workers: int | None = None
    stressed: bool = False

    def kept_views(self) -> list[View]:
        """List the views with their settings.

        Raises:
            MintError: A view or a setting cannot be.
        """
        sizes = {MAP: self.map_side, GRADIENT: self.gradient_size}
        targets = dict.fromkeys(TARGETED, self.target)
        # float16 would round the small gradients of well-learnt images to zero
        gradient_dtype = GRADIENT_DTYPE if self.dtype == FLOAT16 else self.dtype
        dtypes = {GRADIENT: gradient_dtype, SIGNALS_VIEW: SIGNALS_DTYPE}
        return [
            View(
                kind,
                sizes.get(kind),
                targets.get(kind),
                self.queries,
                dtypes.get(kind, self.dtype),
                self.stressed,
            )
            for kind in dict.fromkeys(self.views)  # a view that is named twice is kept once
        ]


def resolve(
    home: Home, request: ExtractionRequest, device: str
) -> tuple[AuditedModel, list[ArraySpec]]:
    """Load the model that a request names, and list the arrays that it asks for.

    Raises:
        MintError: The model, a dataset, a layer or a view is unknown, no layer has the views, or the
            model gives no logits of which gradients or signals could be.
    """
    for dataset in request.datasets:
        dataset_card(home, dataset)
    model = load_model(home, request.model, choose_device(device))
    if set(TARGETED) & set(request.views):
        count_classes(model)
    chosen = choose_layers(model, request.layers)
    specs = array_specs(chosen, request.kept_views())
    if not specs:
        raise MintError(f"None of the chosen layers has a {' or '.join(request.views)} view.")
    return model, specs
