"""Where models run."""

import torch

from mintcore.cluster.places import parse_place
from mintcore.errors import MintError


def choose_device(place: str) -> torch.device:
    """Turn "auto", "cpu", "cuda" or "cuda:N" into a device that is there.

    Where work is spread over a cluster, this is for what is done beside it, on whatever this machine has.

    Raises:
        MintError: The name is not one of these, or that GPU is not there.
    """
    asked = parse_place(place)
    name = "auto" if asked.cluster and asked.device == "cuda" else asked.device
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise MintError(
            f"--device {name!r} is not a device: use auto, cpu, cuda or cuda:N."
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise MintError(
            f"--device {name}: this machine shows {torch.cuda.device_count()} GPUs to PyTorch. Use --device cpu."
        )
    if device.type not in ("cpu", "cuda"):
        raise MintError(f"--device {name!r} is not supported: use auto, cpu, cuda or cuda:N.")
    return device
