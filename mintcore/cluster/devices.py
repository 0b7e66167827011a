"""What each worker gets of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass

from mintcore.cluster.places import Place
from mintcore.errors import MintError


@dataclass(frozen=True)
class Devices:
    """How a cluster is divided.

    Attributes:
        workers: How many workers there can be.
        gpus: GPUs of each: one, or none.
        threads: Processors of each.
    """

    workers: int
    gpus: int
    threads: int


def divide(resources: Mapping[str, float], place: Place) -> Devices:
    """Divide a cluster, or this machine, among workers.

    A GPU each where there are some; otherwise a processor each, or an equal share of this machine
    where so many workers were asked for.

    Args:
        resources: "CPU" and "GPU" -> how many there are, as Ray counts them.
        place: What was asked for.

    Raises:
        MintError: There is no processor, or no GPU where one was asked for.
    """
    cores, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if place.device == "cpu":
        gpus = 0
    if not cores:
        raise MintError(
            f"The cluster {place.cluster} has no processors: see `ray status`, then run again."
        )
    if place.device.startswith("cuda") and not gpus:
        raise MintError(
            f"--device {place.device}: the cluster {place.cluster} has no GPU. Use --device cpu."
        )
    if gpus:
        workers = min(gpus, place.workers or gpus)
        return Devices(workers, 1, max(1, cores // workers))
    if place.workers:
        return Devices(place.workers, 0, max(1, cores // place.workers))
    return Devices(cores, 0, 1)
