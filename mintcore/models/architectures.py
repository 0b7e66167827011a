"""Architectures by name: torchvision's, timm's, this project's, and a factory of the user's own."""

import difflib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mintcore.errors import MintError
from mintcore.models.heads import Head
from mintcore.models.networks.cifar import CifarResNet
from mintcore.models.networks.iresnet import SIDE_PX, STAGES, IResNet
from mintcore.models.networks.mobilefacenet import SIZE_PX, MobileFaceNet
from mintcore.models.networks.objects import ObjectCnn

Size = tuple[int, int]

EXPORT = "export"

_CIFAR_DEPTHS = (20, 32, 44, 56, 110)
_OBJECT_SIZES = {"object-cnn": (32, 128), "object-cnn-small": (16, 64)}
_NAMED_FAMILIES = ("torchvision", "timm", "mintcore", EXPORT)
_DRAWN_ON_DEMAND = ("googlenet", "inception_v3")
_PLACEHOLDER_CLASSES = 10
_SKELETON_CHANNELS = 3


def build(
    arch: str,
    *,
    num_classes: int | None,
    in_channels: int,
    size: Size | None = None,
    allow_code: bool = False,
) -> nn.Module:
    """Build a module with fresh weights from torch's global random state.

    Args:
        arch: ``torchvision:NAME``, ``timm:NAME``, ``mintcore:NAME``, or ``package.module:factory``
            for a callable without arguments that returns a module.
        num_classes: Width of the output; None for a face network, which has no classes, and for a
            factory, which decides it itself.
        in_channels: 1 or 3 channels of the input; a factory decides them itself.
        size: Height and width of the input in pixels; only ``mintcore:mobilefacenet`` is made for
            one size, by default 112 x 96.
        allow_code: Whether a factory may be imported and run. Only the command line, where the user
            types the name, may say yes; a registered model said so when it was added.

    Raises:
        MintError: No such architecture (near names are suggested), the channels do not fit it, the
            number of classes is missing or superfluous, timm is not installed, or a factory is not
            allowed or fails.
    """
    family, _, name = arch.partition(":")
    if is_code(arch):
        return _from_factory(arch, allow_code)
    if family == EXPORT:
        raise MintError(f"{arch} is a program with its weights: it can only be audited as it is.")
    if arch in _FACES:
        return _face_network(arch, num_classes, in_channels, size)
    if family == "torchvision":
        return _from_torchvision(name, num_classes, in_channels)
    if family == "timm":
        return _from_timm(name, num_classes, in_channels)
    if arch not in _CLASSIFIERS:
        raise MintError(_unknown(arch, architectures()))
    return _CLASSIFIERS[arch](_width(arch, num_classes), in_channels)


def architectures() -> list[str]:
    """List the architectures that have names and need nothing more installed; thus not timm's."""
    return [
        *_CLASSIFIERS,
        *_FACES,
        *(f"torchvision:{name}" for name in _torchvision_classifiers()),
    ]


def head_of(arch: str) -> Head:
    """Tell what an architecture gives: logits of classes, or an embedding of a face."""
    return "embedding" if arch in _FACES else "classifier"


def infer_num_classes(arch: str, weights: Mapping[str, Tensor]) -> int | None:
    """Read the number of classes off the weights of the last layer.

    Returns:
        The number, or None where the architecture has no classes or is a factory. Any number where
        the weights are of another one: they fit this one with none, and to try tells what differs.
    """
    skeleton = {} if arch in _FACES else _skeleton(arch)
    names = [name for name, tensor in skeleton.items() if tensor.ndim >= 2]
    if not names:
        return None
    last = weights.get(names[-1])
    return _PLACEHOLDER_CLASSES if last is None or last.ndim < 2 else last.shape[0]


def infer_in_channels(arch: str, weights: Mapping[str, Tensor]) -> int | None:
    """Read the channels of the input off the weights of the first convolution.

    Returns:
        The channels, or None where the architecture is a factory or the weights are of another one.
    """
    # Positions, which some transformers have before it, may have four axes too, but not these.
    names = [
        name
        for name, tensor in _skeleton(arch).items()
        if tensor.ndim == 4 and tensor.shape[1] == _SKELETON_CHANNELS
    ]
    first = weights.get(names[0]) if names else None
    return None if first is None or first.ndim != 4 else first.shape[1]


def fitting_size(arch: str, weights: Mapping[str, Tensor]) -> Size | None:
    """Tell the one size of input that a face network with these weights takes.

    Returns:
        Height and width in pixels, or None where the architecture takes many or is not known.
    """
    if arch not in _FACES:
        return None
    return _FACES[arch].fitting_size(weights)


def is_code(arch: str) -> bool:
    """Tell whether an architecture is a factory, thus code of the user's own."""
    return ":" in arch and arch.partition(":")[0] not in _NAMED_FAMILIES


class WithoutMemory(TorchFunctionMode):
    """Makes weights that have a shape and no memory.

    Not all tensors, as ``torch.device("meta")`` would: RegNets compute their widths with some.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        on_meta = {"device": "meta"} if func is torch.empty else {}
        return func(*args, **{**(kwargs or {}), **on_meta})


@dataclass(frozen=True)
class _Face:
    """A face network: how it is built from size and channels, and which size its weights take."""

    build: Callable[[Size, int], nn.Module]
    fitting_size: Callable[[Mapping[str, Tensor]], Size | None]
    usual_size: Size


def _cifar_resnet(depth: int) -> Callable[[int, int], nn.Module]:
    return lambda classes, channels: CifarResNet((depth - 2) // 6, classes, channels)


def _object_cnn(filters: int, dense: int) -> Callable[[int, int], nn.Module]:
    return lambda classes, channels: ObjectCnn(filters, dense, classes, channels)


def _iresnet(depth: int) -> _Face:
    size = (SIDE_PX, SIDE_PX)
    return _Face(lambda _, channels: IResNet(depth, channels), lambda _: size, size)


_CLASSIFIERS: dict[str, Callable[[int, int], nn.Module]] = {
    **{f"mintcore:resnet{depth}-cifar": _cifar_resnet(depth) for depth in _CIFAR_DEPTHS},
    **{f"mintcore:{name}": _object_cnn(*size) for name, size in _OBJECT_SIZES.items()},
}
_FACES: dict[str, _Face] = {
    **{f"mintcore:iresnet{depth}": _iresnet(depth) for depth in STAGES},
    "mintcore:mobilefacenet": _Face(MobileFaceNet, MobileFaceNet.size_of, SIZE_PX),
}


def _skeleton(arch: str) -> dict[str, Tensor]:
    """Give the names and shapes of an architecture's weights, in the order it uses them."""
    if is_code(arch) or arch.partition(":")[0] == EXPORT:
        return {}
    classes = None if arch in _FACES else _PLACEHOLDER_CLASSES
    with torch.random.fork_rng(devices=[]), WithoutMemory():
        module = build(arch, num_classes=classes, in_channels=_SKELETON_CHANNELS)
    return dict(module.state_dict())


def _face_network(
    arch: str, num_classes: int | None, in_channels: int, size: Size | None
) -> nn.Module:
    if num_classes is not None:
        raise MintError(f"{arch} gives an embedding and has no classes: leave out --num-classes.")
    face = _FACES[arch]
    return face.build(size or face.usual_size, in_channels)


def _torchvision_classifiers() -> list[str]:
    import torchvision  # noqa: PLC0415 - takes seconds, and most networks here do without

    return list(torchvision.models.list_models(module=torchvision.models))


def _width(arch: str, num_classes: int | None) -> int:
    if num_classes is None or num_classes < 1:
        raise MintError(f"{arch} needs the number of classes, 1 or more: give --num-classes.")
    return num_classes


def _from_torchvision(name: str, num_classes: int | None, in_channels: int) -> nn.Module:
    import torchvision  # noqa: PLC0415 - as above

    if name not in _torchvision_classifiers():
        raise MintError(_unknown(f"torchvision:{name}", architectures()))
    if in_channels != 3:
        raise MintError(
            f"torchvision:{name} takes 3 channels, not {in_channels}: give three means and three "
            "standard deviations."
        )
    # Said outright, for torchvision warns that it will stop being the default.
    drawn = {"init_weights": True} if name in _DRAWN_ON_DEMAND else {}
    module: nn.Module = torchvision.models.get_model(
        name, weights=None, num_classes=_width(f"torchvision:{name}", num_classes), **drawn
    )
    return module


def _from_timm(name: str, num_classes: int | None, in_channels: int) -> nn.Module:
    timm = _import_timm(name)
    if not timm.is_model(name):
        known = [f"timm:{known}" for known in timm.list_models()]
        raise MintError(_unknown(f"timm:{name}", known))
    width = _width(f"timm:{name}", num_classes)
    try:
        module: nn.Module = timm.create_model(
            name, pretrained=False, num_classes=width, in_chans=in_channels
        )
    except Exception as error:  # some of its thousand models take other settings
        raise MintError(
            f"timm:{name} cannot be built ({error}): give a factory, package.module:factory."
        ) from error
    return module


def _import_timm(name: str) -> Any:
    try:
        import timm  # noqa: PLC0415 - optional, and takes seconds
    except ImportError as error:
        raise MintError(
            f"timm:{name} needs timm: install it with pip install 'mint-workbench[timm]'."
        ) from error
    return timm


def _from_factory(arch: str, allow_code: bool) -> nn.Module:
    if not allow_code:
        raise MintError(
            f"{arch} is Python code, which only the command line may run: add it with "
            "'mint model add', or choose one of the named architectures."
        )
    module_name, _, factory_name = arch.partition(":")
    try:
        made = getattr(importlib.import_module(module_name), factory_name)()
    except (Exception, SystemExit) as error:  # the user's code may raise anything, a script leave
        raise MintError(f"{arch} could not be run ({type(error).__name__}: {error}).") from error
    if not isinstance(made, nn.Module):
        raise MintError(f"{arch} returned a {type(made).__name__}: return a torch.nn.Module.")
    return made


def _unknown(arch: str, known: list[str]) -> str:
    near = difflib.get_close_matches(arch, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Give torchvision:NAME."
    return f"There is no architecture {arch!r}. {hint}"
