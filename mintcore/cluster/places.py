"""Where work is done: on a device of this machine, or spread over a cluster. Needs neither torch nor Ray."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mintcore import settings
from mintcore.errors import MintError

SPREAD = frozenset({"extract", "sweep", "train", "audit", "train-references"})
"""Kinds of jobs that can be spread over a cluster."""

LOCAL = "local"
"""Workers on this machine, for one piece of work."""

_LOCAL = re.compile(rf"{LOCAL}(?::(?P<workers>[1-9][0-9]{{0,3}}))?")
_ADDRESS = re.compile(r"auto|(?:ray://)?(?!local:)(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")


@dataclass(frozen=True)
class Place:
    """Where work is done.

    Attributes:
        device: "auto", "cpu", "cuda" or "cuda:N": of this process, or of each worker.
        cluster: "local", "local:N" for N workers on this machine, or the address of a Ray cluster;
            None where all is done in this process.
    """

    device: str
    cluster: str | None = None

    def __str__(self) -> str:
        """Name the place, as a job keeps it."""
        return self.device if self.cluster is None else f"{self.device}@{self.cluster}"

    @property
    def local(self) -> bool:
        """Whether the workers are started on this machine, for this work alone."""
        return self.cluster is not None and _LOCAL.fullmatch(self.cluster) is not None

    @property
    def workers(self) -> int | None:
        """How many workers were asked for; None for as many as there are GPUs, or cores."""
        local = _LOCAL.fullmatch(self.cluster or "")
        return int(local["workers"]) if local and local["workers"] else None


def described(name: str) -> str:
    """Say for a person where a job is done; whatever its folder says, this is no error."""
    device, _, cluster = name.partition("@")
    return f"{device}, spread over {cluster}" if cluster else device


def place(device: str, cluster: str | None) -> Place:
    """Put a device and a cluster together, as options and settings have them.

    Raises:
        MintError: The cluster is neither "local", "local:N" nor an address, or one GPU is named for all workers.
    """
    if not cluster:
        return Place(device)
    if not _LOCAL.fullmatch(cluster) and not _ADDRESS.fullmatch(cluster):
        raise MintError(
            f"--ray {cluster[:60]!r} is no place: give local, local:N for N workers on this machine, or the address "
            "of a Ray cluster, such as 10.0.0.1:6379."
        )
    if device.startswith("cuda:"):
        raise MintError(
            f"--device {device} is one GPU, but --ray gives each worker one of its own: use --device cuda."
        )
    return Place(device, cluster)


def parse_place(name: str) -> Place:
    """Read what ``str`` gave.

    Raises:
        MintError: The cluster is no cluster.
    """
    device, _, cluster = name.partition("@")
    return place(device, cluster)


def place_of_jobs(kind: str, environment: Mapping[str, str]) -> Place:
    """Give the place of jobs for which none is asked: the cluster of the settings, where it can be used.

    Args:
        kind: Kind of the job.
        environment: The environment variables.

    Raises:
        MintError: The setting is no cluster.
    """
    cluster = environment.get(settings.RAY.name) if kind in SPREAD else None
    return place("auto", cluster)
