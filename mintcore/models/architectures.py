"""Architectures by name: torchvision's, this project's, and a factory of the user's own."""

import difflib
import importlib
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.networks import CifarResNet, ObjectCnn

_CIFAR_DEPTHS = (20, 32, 44, 56, 110)
_OBJECT_SIZES = {"object-cnn": (32, 128), "object-cnn-small": (16, 64)}
_PLACEHOLDER_CLASSES = 10


def build(
    arch: str, *, num_classes: int | None, in_channels: int, allow_code: bool = False
) -> nn.Module:
    """Build a module with fresh weights from torch's global random state.

    Args:
        arch: ``torchvision:NAME``, ``mintcore:NAME``, or ``package.module:factory`` for a callable
            without arguments that returns a module.
        num_classes: Width of the output; a factory decides it itself.
        in_channels: 1 or 3 channels of the input; a factory decides them itself.
        allow_code: Whether a factory may be imported and run. Only the command line, where the user
            types the name, may say yes; a registered model said so when it was added.

    Raises:
        MintError: No such architecture (near names are suggested), the channels do not fit it, the
            number of classes is missing, or a factory is not allowed or fails.
    """
    family, _, name = arch.partition(":")
    if is_code(arch):
        return _from_factory(arch, allow_code)
    if num_classes is None or num_classes < 1:
        raise MintError(f"{arch} needs the number of classes, 1 or more: give --num-classes.")
    if family == "torchvision":
        return _from_torchvision(name, num_classes, in_channels)
    if arch not in _OWN:
        raise MintError(_unknown(arch))
    return _OWN[arch](num_classes, in_channels)


def architectures() -> list[str]:
    """List the architectures that have names."""
    return [*_OWN, *(f"torchvision:{name}" for name in _torchvision_classifiers())]


def infer_num_classes(arch: str, weights: Mapping[str, Tensor]) -> int | None:
    """Read the width of the output off the weights of the last layer.

    Returns:
        The width, or None where the architecture is a factory or the weights are of another one.
    """
    skeleton = _skeleton(arch, in_channels=3)
    names = [name for name, tensor in skeleton.items() if tensor.ndim >= 2]
    last = weights.get(names[-1]) if names else None
    return None if last is None or last.ndim < 2 else last.shape[0]


def infer_in_channels(arch: str, weights: Mapping[str, Tensor]) -> int | None:
    """Read the channels of the input off the weights of the first convolution.

    Returns:
        The channels, or None where the architecture is a factory or the weights are of another one.
    """
    skeleton = _skeleton(arch, in_channels=3)
    names = [name for name, tensor in skeleton.items() if tensor.ndim == 4]
    first = weights.get(names[0]) if names else None
    return None if first is None or first.ndim != 4 else first.shape[1]


def is_code(arch: str) -> bool:
    """Tell whether an architecture is a factory, thus code of the user's own."""
    return ":" in arch and arch.partition(":")[0] not in ("torchvision", "mintcore")


def _cifar_resnet(depth: int) -> Callable[[int, int], nn.Module]:
    return lambda classes, channels: CifarResNet((depth - 2) // 6, classes, channels)


def _object_cnn(filters: int, dense: int) -> Callable[[int, int], nn.Module]:
    return lambda classes, channels: ObjectCnn(filters, dense, classes, channels)


_OWN: dict[str, Callable[[int, int], nn.Module]] = {
    **{f"mintcore:resnet{depth}-cifar": _cifar_resnet(depth) for depth in _CIFAR_DEPTHS},
    **{f"mintcore:{name}": _object_cnn(*size) for name, size in _OBJECT_SIZES.items()},
}


def _skeleton(arch: str, in_channels: int) -> dict[str, Tensor]:
    """Give the names and shapes of an architecture's weights, in the order it uses them."""
    if is_code(arch):
        return {}
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        module = build(arch, num_classes=_PLACEHOLDER_CLASSES, in_channels=in_channels)
    return dict(module.state_dict())


def _torchvision_classifiers() -> list[str]:
    import torchvision  # noqa: PLC0415 - takes seconds, and most networks here do without

    return list(torchvision.models.list_models(module=torchvision.models))


def _from_torchvision(name: str, num_classes: int, in_channels: int) -> nn.Module:
    import torchvision  # noqa: PLC0415 - as above

    if name not in _torchvision_classifiers():
        raise MintError(_unknown(f"torchvision:{name}"))
    if in_channels != 3:
        raise MintError(
            f"torchvision:{name} takes 3 channels, not {in_channels}: give three means and three "
            "standard deviations."
        )
    module: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=num_classes)
    return module


def _from_factory(arch: str, allow_code: bool) -> nn.Module:
    if not allow_code:
        raise MintError(
            f"{arch} is Python code, which only the command line may run: add it with "
            "'mint model add', or choose one of the named architectures."
        )
    module_name, _, factory_name = arch.partition(":")
    try:
        made = getattr(importlib.import_module(module_name), factory_name)()
    except Exception as error:  # the user's code may raise anything
        raise MintError(f"{arch} could not be run ({type(error).__name__}: {error}).") from error
    if not isinstance(made, nn.Module):
        raise MintError(f"{arch} returned a {type(made).__name__}: return a torch.nn.Module.")
    return made


def _unknown(arch: str) -> str:
    near = difflib.get_close_matches(arch, architectures(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Give torchvision:NAME."
    return f"There is no architecture {arch!r}. {hint}"
