"""Per-image gradients of the loss with respect to a layer's weights, as gradient MINT audits them."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from math import prod
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from mintcore.errors import MintError
from mintcore.models.audited import AuditedModel
from mintcore.models.classes import count_classes, require_classes
from mintcore.models.cost import without_fast_path
from mintcore.models.layers import OUTPUT
from mintcore.models.sketches import CountSketch
from mintcore.models.taps import matching

CHUNK_BYTES = 2**30
"""What the gradients and activations of the images that are differentiated at once may take."""

_FLOAT_BYTES = 4
_COPIES = 3  # of a gradient: by parameter, in one row, dealt out to buckets


def gradient_sketches(
    model: AuditedModel, batch: Tensor, targets: Tensor | None, layers: Sequence[str], size: int
) -> dict[str, Tensor]:
    """Compute, for each image alone, the gradient of its loss by the weights of layers, sketched.

    The loss is the cross-entropy of the logits, in float64 where the device has it: in float32,
    the probability of a class that the model is sure of rounds to 1 and its gradient to 0. A
    gradient counts all parameters inside a layer's module, in their order there. That of
    ``output`` is that of the last module with weights of its own, the classifier. A model that
    runs in a lower precision is differentiated in that of its weights.

    Args:
        model: The audited model, a classifier.
        batch: (B, C, H, W) float32, preprocessed, on the model's device.
        targets: (B,) int64 class numbers; None for the class that the model predicts.
        layers: Names of taps with weights.
        size: What a gradient is reduced to by ``CountSketch``, whose name is the module's.

    Returns:
        Layer -> (B, size) float32. Keep them so (``layers.GRADIENT_DTYPE``): those of members are
        often below the smallest float16.

    Raises:
        MintError: The model is no classifier, a layer is unknown or has no weights, or a target
            is no class.
    """
    classes = count_classes(model)
    modules = {name: _module_name(model, name) for name in layers}
    if targets is not None:
        require_classes(targets.tolist(), classes, model.name)
    weights = {name: _weights(model, module) for name, module in modules.items()}
    union = {name: tensor for some in weights.values() for name, tensor in some.items()}
    chunk = max(1, CHUNK_BYTES // _image_bytes(model, list(modules.values()), union))
    kept: dict[str, list[Tensor]] = {name: [] for name in modules}
    for start in range(0, len(batch), chunk):
        some = None if targets is None else targets[start : start + chunk]
        gradients = _gradients(_full_precision(model), batch[start : start + chunk], some, union)
        for name, module in modules.items():
            rows = torch.cat([gradients[key].flatten(1) for key in weights[name]], 1)
            kept[name].append(_sketch(model, module, rows.shape[1], size)(rows))
    return {name: torch.cat(parts) for name, parts in kept.items()}


def _module_name(model: AuditedModel, layer: str) -> str:
    """Give the name of the module that a layer's gradient is of."""
    matching(layer, list(model.taps))
    if layer == OUTPUT:
        return _classifier(model)
    if not model.taps[layer].parameters:
        raise MintError(f"The layer {layer!r} has no weights, so it has no gradient.")
    return layer


def _classifier(model: AuditedModel) -> str:
    """Give the name of the last module with weights of its own; one may be named as the logits are."""
    parts = dict(model.module.named_modules())
    ran = [name for name in model.taps if name in parts]
    own = [name for name in ran if next(parts[name].parameters(recurse=False), None) is not None]
    if not own:
        raise MintError(f"{model.name} has no module with weights, so it has no gradient.")
    return own[-1]


def _weights(model: AuditedModel, module: str) -> dict[str, Tensor]:
    inside = model.module.get_submodule(module).named_parameters()
    return {f"{module}.{name}": weight.detach() for name, weight in inside}


def _image_bytes(model: AuditedModel, modules: Sequence[str], weights: Mapping[str, Tensor]) -> int:
    """Bound what an image takes: its gradients, and the activations they are computed from."""
    names = list(model.taps)
    inside = [
        place
        for place, name in enumerate(names)
        if any(name == module or name.startswith(f"{module}.") for module in modules)
    ]
    activations = sum(prod(model.taps[name].shape) for name in names[inside[0] :])
    values = _COPIES * sum(weight.numel() for weight in weights.values()) + activations
    return _FLOAT_BYTES * values


def _full_precision(model: AuditedModel) -> nn.Module:
    """Give the network without autocast, in which batch norms cannot be mapped over images."""
    module = copy(model.module)  # shares its parts and weights
    if model.autocast is not None:
        vars(module).pop("forward", None)
    return module


def _gradients(
    module: nn.Module, images: Tensor, targets: Tensor | None, weights: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Give the gradient of each image's loss: name of a weight -> (B, *shape of the weight)."""
    precise = torch.float32 if images.device.type == "mps" else torch.float64

    def loss(weights: dict[str, Tensor], image: Tensor, target: Tensor | None) -> Tensor:
        logits = functional_call(module, weights, (image.unsqueeze(0),))
        wanted = logits.detach().argmax(1) if target is None else target.unsqueeze(0)
        return functional.cross_entropy(logits.to(precise), wanted)

    places = (None, 0, None if targets is None else 0)
    with torch.inference_mode(False), torch.enable_grad(), _mappable():
        images = images.clone() if images.is_inference() else images
        found: dict[str, Tensor] = vmap(grad(loss), in_dims=places)(weights, images, targets)
    return found


@contextmanager
def _mappable() -> Iterator[None]:
    """Choose the attention that is mapped over images as a whole, instead of one after the other."""
    with without_fast_path(), sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        # What is left of such operations is a pooling of channels_last maps, which is cheap.
        warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
        yield


_SKETCHES: WeakKeyDictionary[AuditedModel, dict[tuple[str, int], CountSketch]] = WeakKeyDictionary()


def _sketch(model: AuditedModel, module: str, length: int, size: int) -> CountSketch:
    """Give the sketch of a module, made once a model: millions of draws take seconds."""
    made = _SKETCHES.setdefault(model, {})
    if (module, size) not in made:
        made[module, size] = CountSketch(module, length, size, model.device)
    return made[module, size]
