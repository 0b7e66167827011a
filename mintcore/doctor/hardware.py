"""What the machine has: GPUs, memory, disk, a free port."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from mintcore import settings
from mintcore.counted import counted
from mintcore.doctor.finding import Finding, failed, ok, warning
from mintcore.errors import MintError
from mintcore.jobs.limits import read_limits
from mintcore.machine import driver_gpus, this_machine, torch_gpus
from mintcore.ports import first_free_port
from mintcore.reach import LOOPBACK
from store.disk import human_bytes

_MIB = 2**20
_LITTLE_MEMORY = 4 * 2**30
_LITTLE_DISK = 5 * 2**30
_LITTLE_TEMPORARY = 2**30
_HIDDEN = ("", "-1")


def processor() -> Finding:
    """Describe the processor."""
    found = this_machine()
    return ok(f"{found.cpu}, {counted(found.cores, 'core')} usable, {found.system}")


def device(environment: Mapping[str, str] = os.environ) -> Finding:
    """Ask the driver and PyTorch for GPUs."""
    usable = torch_gpus()
    if usable is None:
        return failed(
            "PyTorch does not start",
            "See why: python -c 'import torch'. Then install it again: pip install --force-reinstall torch torchvision",
        )
    if usable:
        return ok(f"PyTorch computes on {', '.join(usable)}")
    told = driver_gpus()
    hidden = environment.get(settings.VISIBLE_GPUS.name, "all") in _HIDDEN
    if told and hidden:
        return ok(
            f"{counted(len(told), 'GPU')} hidden by {settings.VISIBLE_GPUS.name}: models run on the CPU",
            f"To use them, unset {settings.VISIBLE_GPUS.name}.",
        )
    if told:
        return warning(
            f"the driver has {', '.join(told)}, but PyTorch cannot compute on it: models run on the CPU",
            "Update the driver, or install a build of PyTorch for its CUDA version (see pytorch.org/get-started).",
        )
    return ok("no GPU: models run on the CPU")


def memory() -> Finding:
    """Tell how much memory there is, to the machine or the container, and how much is free."""
    found, wanted = this_machine(), read_limits().free_memory_mib * _MIB
    within = found.memory_bytes < psutil.virtual_memory().total
    said = (
        f"{human_bytes(found.free_memory_bytes)} of {human_bytes(found.memory_bytes)} free"
        f"{', the limit of the container' if within else ''}"
    )
    if found.free_memory_bytes < wanted:
        return failed(
            f"{said}: jobs do not begin below {human_bytes(wanted)}",
            f"End other programs, or set {settings.JOBS_FREE_MEMORY.name}.",
        )
    if found.memory_bytes < _LITTLE_MEMORY:
        return warning(said, "Take small models and --batch 16; large ones need 4 GiB or more.")
    return ok(said)


def home_disk(home: Path) -> Finding:
    """Tell how much room the disk of the home folder has, whether or not the folder is there."""
    free = shutil.disk_usage(nearest(home)).free
    wanted = read_limits().free_disk_mib * _MIB
    said = f"{human_bytes(free)} free"
    if free < wanted:
        return failed(
            f"{said}: jobs do not begin below {human_bytes(wanted)}",
            f"Make room (`mint store gc`), choose another home with --home, or set {settings.JOBS_FREE_DISK.name}.",
        )
    if free < _LITTLE_DISK:
        return warning(
            said, "Maps of large datasets take more; `mint extract --dry-run` says how much."
        )
    return ok(said)


def temporary_disk() -> Finding:
    """Tell whether temporary files can be written, and how much room they have."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError as error:
        return failed(str(error.strerror), "Set TMPDIR to a folder that can be written.")
    free = shutil.disk_usage(folder).free
    said = f"{human_bytes(free)} free in {folder}"
    if free < _LITTLE_TEMPORARY:
        return warning(said, "Make room there, or set TMPDIR to another folder.")
    return ok(said)


def port() -> Finding:
    """Look for a port that the dashboard can listen on."""
    try:
        return ok(f"{first_free_port(LOOPBACK)} is free for the dashboard")
    except (MintError, OSError) as error:
        return failed(str(error), "Let processes of this machine listen on its loopback address.")


def nearest(folder: Path) -> Path:
    """Give the folder itself or the nearest one above it that exists."""
    whole = folder.absolute()
    return next(each for each in (whole, *whole.parents) if os.path.exists(each))
