"""What goes wrong in the process of a job, once this is imported there.

A file ``<fault> <place> <n>`` in the folder $MINT_FAULTS, such as ``kill Train auditors 1``, is for
the n-th time that a process comes to a place, and is used up by it. Places are the stages of a job,
after a part of their steps, ``commit``, before a block exists, and ``publish``, before an artefact does.

- ``kill``: the process dies of SIGKILL.
- ``full``: there is no room on the disk.
- ``hold``: it waits while there is a file ``held <place> <n>``, or until the job is cancelled.
"""

import errno
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mintcore.jobs.reporter
import store.artefacts
import store.shelf

_reached: Counter[str] = Counter()


def _meet(place: str, cancelled: Callable[[], bool] = lambda: False) -> None:
    _reached[place] += 1
    numbered = f"{place} {_reached[place]}"
    held = _file("held", numbered)
    if _take("kill", numbered):
        os.kill(os.getpid(), signal.SIGKILL)
    if _take("full", numbered):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if _take("hold", numbered):
        held.touch()
        while held.exists() and not cancelled():
            time.sleep(0.02)


def _take(fault: str, numbered: str) -> bool:
    planned = _file(fault, numbered).exists()
    _file(fault, numbered).unlink(missing_ok=True)
    return planned


def _file(fault: str, numbered: str) -> Path:
    return Path(os.environ["MINT_FAULTS"]) / f"{fault} {numbered}"


def _at(place: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def at_place(*given: Any, **named: Any) -> Any:
        _meet(place)
        return function(*given, **named)

    return at_place


class _Disturbed(mintcore.jobs.reporter.JobReporter):
    _place = ""

    def stage(self, name: str, total: int) -> None:
        super().stage(name, total)
        self._place = name.partition(",")[0]

    def advance(self, steps: int = 1) -> None:
        if steps and self._place:
            place, self._place = self._place, ""
            _meet(place, self._cancelled.is_set)
        super().advance(steps)


mintcore.jobs.reporter.JobReporter = _Disturbed
store.artefacts._place = _at("publish", store.artefacts._place)
store.shelf.write_segment = _at("commit", store.shelf.write_segment)
