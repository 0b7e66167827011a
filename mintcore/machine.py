"""The machine that the program runs on. Needs no torch."""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from mintcore.jobs.limits import free_memory

_CPU_INFO = Path("/proc/cpuinfo")
_GROUP = Path("/sys/fs/cgroup")
_DRIVER = "nvidia-smi"
_DRIVER_TIMEOUT_S = 10
_TORCH_TIMEOUT_S = 120
_TORCH = """
import json, torch

def computes(number):
    try:
        return float(torch.ones(2, device=f"cuda:{number}").sum()) == 2
    except RuntimeError:  # too old for this build, taken by another process, broken
        return False

names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()) if computes(n)]
print(json.dumps(names))
"""


@dataclass(frozen=True)
class Machine:
    """What the machine has.

    Attributes:
        cpu: Name of the processor.
        cores: Cores that this process may use.
        memory_bytes: Memory of the machine, or of the container where that is less.
        free_memory_bytes: What of it is free.
        system: Operating system and its version.
    """

    cpu: str
    cores: int
    memory_bytes: int
    free_memory_bytes: int
    system: str


def this_machine() -> Machine:
    """Describe the machine."""
    return Machine(
        cpu=_cpu_name(),
        cores=_usable_cores(),
        memory_bytes=_memory(),
        free_memory_bytes=free_memory(),
        system=f"{platform.system()} {platform.release()}",
    )


def driver_gpus() -> list[str] | None:
    """List the GPUs that NVIDIA's driver tells of; None where there is no driver, or it does not answer."""
    program = shutil.which(_DRIVER)
    if program is None:
        return None
    asked = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(  # noqa: S603 - a fixed command
            asked, capture_output=True, text=True, timeout=_DRIVER_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return [line.strip() for line in said.stdout.splitlines() if line.strip()]


def torch_gpus() -> list[str] | None:
    """Ask PyTorch, in a process of its own, on which GPUs it can compute; None where it does not answer."""
    try:
        said = subprocess.run(  # noqa: S603 - a fixed command
            [sys.executable, "-c", _TORCH],
            capture_output=True,
            text=True,
            timeout=_TORCH_TIMEOUT_S,
            check=True,
        )
        return [str(name) for name in json.loads(said.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _cpu_name() -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    whole = int(psutil.virtual_memory().total)
    try:
        return min(whole, int((_GROUP / "memory.max").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return whole
