"""The connection to Ray: to workers of this machine that are started for it, or to a cluster that runs."""
# ruff: noqa: PLC0415 - Ray is imported where it is used: nobody else waits for it, or needs it

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from mintcore.cluster.places import Place
from mintcore.errors import MintError

KNOCK_S = 10.0


@contextmanager
def connected(place: Place) -> Iterator[ModuleType]:
    """Be connected while the block runs; what was started for it ends with it.

    Args:
        place: A place with a cluster.

    Yields:
        The module ``ray``.

    Raises:
        MintError: Ray is not installed, or nobody answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or Ray warns of its future
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MintError("--ray needs Ray: pip install 'mint-workbench[ray]'.") from error
    address = "local" if place.local else place.cluster
    cores = {"num_cpus": max(place.workers, os.cpu_count() or 1)} if place.workers else {}
    try:
        _knock(place)
        ray.init(
            address, include_dashboard=False, logging_level="ERROR", log_to_driver=False, **cores
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise MintError(
            f"The Ray cluster {place.cluster} cannot be reached ({first_line(error)}): see `ray status` there."
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def first_line(error: Exception) -> str:
    """Give the first line of what an error says: Ray's go on with advice for programmers."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _knock(place: Place) -> None:
    """Find out at once whether anybody is there; Ray would try for minutes.

    Raises:
        OSError: Nobody is.
    """
    if place.local or place.cluster in (None, "auto"):
        return
    host, _, port = str(place.cluster).removeprefix("ray://").rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), KNOCK_S).close()
