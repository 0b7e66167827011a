"""Memory that is kept for the next batch."""

import subprocess
import sys

import pytest

from mintcore.memory import keep_memory

_FAULTS = """
import resource
import numpy
from mintcore.memory import keep_memory

def touched() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        parts = [numpy.ones(2**21) for _ in range(8)]  # 16 MiB each
        del parts
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

touched()
before = touched()
kept = keep_memory()
touched()
print(kept, before, touched())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told so")
def test_keep_memory__pages_that_were_used_are_used_again() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FAULTS], check=True, capture_output=True, text=True
    )
    kept, before, after = ran.stdout.split()
    assert kept == "True"
    assert int(before) > 10 * 2**10  # of 4 KiB: every batch anew
    assert int(after) < int(before) / 10


def test_keep_memory__is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_memory()
    monkeypatch.setattr("ctypes.CDLL", lambda _: pytest.fail("it was told again"))
    keep_memory()


def test_keep_memory__another_system_keeps_its_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert keep_memory.__wrapped__() is False
