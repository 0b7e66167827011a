"""What jobs may take: how many wait and run, and what must be free before one begins."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import psutil

from mintcore import settings
from store.artefacts import Home
from store.disk import human_bytes

PREFIX = "MINT_JOBS_"
_MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of a home folder's jobs. An environment variable MINT_JOBS_<NAME> sets another value.

    Attributes:
        at_once: Heavy jobs that run at once on a device; short ones run beside them.
        queued: Jobs that may wait.
        free_disk_mib: What must be free on the home folder's disk before a job begins.
        free_memory_mib: What must be free of the machine's memory before a job begins.
        log_mib: Longest log of a job; its oldest half is dropped then.
    """

    at_once: int = int(settings.JOBS_AT_ONCE.default)
    queued: int = int(settings.JOBS_QUEUED.default)
    free_disk_mib: int = int(settings.JOBS_FREE_DISK.default)
    free_memory_mib: int = int(settings.JOBS_FREE_MEMORY.default)
    log_mib: int = int(settings.JOBS_LOG.default)

    @property
    def log_bytes(self) -> int:
        """Longest log of a job in bytes."""
        return self.log_mib * _MIB


def read_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """Read the limits from environment variables.

    Raises:
        MintError: One is no whole number, or below 1 (0 where nothing need be free).
    """
    by_name = {setting.name: setting for setting in settings.SETTINGS}
    values = {}
    for each in fields(Limits):
        least = 0 if each.name.startswith("free") else 1
        setting = by_name[PREFIX + each.name.upper()]
        values[each.name] = settings.whole_number(setting, environment, least=least)
    return Limits(**values)


def shortage(home: Home, limits: Limits) -> str | None:
    """Say what is missing to begin a job; None where nothing is."""
    disk = shutil.disk_usage(home.path).free
    if disk < limits.free_disk_mib * _MIB:
        return _short("disk", f"on the disk of {home.path}", disk, limits.free_disk_mib)
    memory = free_memory()
    if memory < limits.free_memory_mib * _MIB:
        return _short("memory", "of memory", memory, limits.free_memory_mib)
    return None


def free_memory(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Tell how many bytes of memory are free, to the machine and to the container it may be."""
    free = int(psutil.virtual_memory().available)
    try:
        most, taken = ((group / name).read_text() for name in ("memory.max", "memory.current"))
        return min(free, max(0, int(most) - int(taken)))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return free


def _short(what: str, where: str, free: int, wanted_mib: int) -> str:
    return (
        f"The job did not begin: {human_bytes(free)} {where} are free, and {human_bytes(wanted_mib * _MIB)} must be. "
        f"Make room and retry it, or set {PREFIX}FREE_{what.upper()}_MIB."
    )
