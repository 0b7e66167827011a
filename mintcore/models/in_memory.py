"""Register a module that is in memory: it is exported, so that it can be run again without its code."""

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from mintcore.errors import MintError
from mintcore.models.architectures import EXPORT
from mintcore.models.heads import Head
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from store.artefacts import Card, Home

_TRACED_IMAGES = 2


def add_module(
    home: Home,
    name: str,
    module: nn.Module,
    preprocessing: Preprocessing,
    *,
    head: Head | None = None,
    classes: Sequence[str] | None = None,
) -> Card:
    """Register a trained module as an audited model.

    Args:
        home: Where to publish it.
        name: The model's name.
        module: Takes images (N, C, H, W), float32, and gives logits or embeddings (N, K); it is not changed.
        preprocessing: What it was trained to see.
        head: What the output is, "classifier" or "embedding"; by default a classifier.
        classes: Names of the classes, in the order of the output.

    Returns:
        The card; the existing one where the same model was registered under this name before.

    Raises:
        MintError: The module cannot be exported, or the name belongs to another model.
    """
    kind = type(module)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{kind.__name__}.pt2"
        _export(module, preprocessing, file)
        return add_model(
            home,
            name,
            f"{EXPORT}:{file}",
            None,
            preprocessing,
            head=head,
            classes=classes,
            origin=f"a module in memory, {kind.__module__}.{kind.__qualname__}",
        )


def _export(module: nn.Module, preprocessing: Preprocessing, file: Path) -> None:
    images = torch.zeros(_TRACED_IMAGES, *preprocessing.shape)
    try:
        program = torch.export.export(
            copy.deepcopy(module).cpu().eval(),
            (images,),
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
        )
        torch.export.save(program, file)
    except Exception as error:  # whatever a person's code and its tracing raise
        said = (str(error).strip().splitlines() or [""])[0]
        raise MintError(
            f"The module {type(module).__name__} cannot be exported for batches of {tuple(images.shape[1:])} "
            f"({type(error).__name__}: {said}): register it by its architecture and weights, with add_model."
        ) from error
