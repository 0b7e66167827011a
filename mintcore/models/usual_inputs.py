"""The architectures that have names, and what they are usually given. Needs no torch, so that pages can list them."""

import importlib.util
import re
from functools import lru_cache
from pathlib import Path

from mintcore.errors import MintError

NORMALISATIONS = {
    "ImageNet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "from -1 to 1": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "from 0 to 1": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "CIFAR-10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "MNIST, grey": ((0.1307,), (0.3081,)),
    "grey, from -1 to 1": ((0.5,), (0.5,)),
}
"""Name -> mean and standard deviation of each channel, of pixels from 0 to 1."""

_OWN = (
    *(f"mintcore:resnet{depth}-cifar" for depth in (20, 32, 44, 56, 110)),
    "mintcore:object-cnn",
    "mintcore:object-cnn-small",
    *(f"mintcore:iresnet{depth}" for depth in (18, 34, 50, 100)),
    "mintcore:mobilefacenet",
)
_FACES = ("iresnet", "mobilefacenet")
_SIZES = {"mintcore": (32, 32), "torchvision": (224, 224), "timm": (224, 224)}
_FACE_SIZE = (112, 112)
_REGISTERED = re.compile(
    r"^@register_model\(.*\)\n(?:@.*\n)*def (\w+)\(|^@register_model\ndef (\w+)\(", re.MULTILINE
)


@lru_cache(maxsize=1)
def known_architectures() -> list[str]:
    """List the architectures that a browser can choose: this project's, torchvision's, and timm's where it is there.

    The libraries are not imported, which takes seconds: their files say which functions they register.
    """
    return [*_OWN, *_registered("torchvision"), *_registered("timm")]


def require_known(arch: str) -> None:
    """Check that an architecture is one of the list, thus nobody's code.

    Raises:
        MintError: It is not.
    """
    if arch not in known_architectures():
        raise MintError(
            f"{arch!r} is none of the architectures that the browser knows: choose one of the list, or register the "
            "model with `mint model add`."
        )


def usual_size(arch: str) -> tuple[int, int] | None:
    """Give the height and width in pixels that an architecture usually takes; None for one without a name."""
    family, _, name = arch.partition(":")
    if family == "mintcore" and name.startswith(_FACES):
        return _FACE_SIZE
    return _SIZES.get(family)


def usual_normalisation(arch: str) -> str:
    """Give the name in ``NORMALISATIONS`` that an architecture is usually trained with."""
    return "from -1 to 1" if arch.partition(":")[2].startswith(_FACES) else "ImageNet"


def _registered(library: str) -> list[str]:
    found = importlib.util.find_spec(library)
    if found is None or found.origin is None:
        return []
    names = {
        name
        for file in sorted((Path(found.origin).parent / "models").glob("*.py"))
        for match in _REGISTERED.finditer(file.read_text(encoding="utf-8"))
        for name in match.groups()
        if name
    }
    return [f"{library}:{name}" for name in sorted(names)]
