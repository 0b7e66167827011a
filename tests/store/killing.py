"""A kill without a process: whatever runs ends before a rename or a flush, and tidies nothing up."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch


class Killed(BaseException):
    """Ends a run wherever it is; nothing catches it."""


@contextmanager
def dying(folder: Path, after: int = sys.maxsize) -> Iterator[Callable[..., None]]:
    """Let whatever runs inside die before a rename or a flush, and leave what a kill would leave.

    What a run tidies up on its way out is put back: a killed process tidies nothing up.

    Args:
        folder: The store.
        after: How many renames and flushes succeed before.

    Yields:
        What lets the run die at once.
    """
    done, dead = 0, False
    lock = threading.Lock()
    with tempfile.TemporaryDirectory() as kept:

        def die(*_: object) -> None:
            nonlocal dead
            if not dead:
                shutil.copytree(folder / "leases", kept, dirs_exist_ok=True)
            dead = True
            raise Killed

        def mortal(real: Callable[..., None]) -> Callable[..., None]:
            def call(*given: Any, **named: Any) -> None:
                nonlocal done
                with lock:
                    done += 1
                    if done > after:
                        die()
                real(*given, **named)

            return call

        with (
            patch("os.rename", mortal(os.rename)),
            patch("os.fsync", mortal(os.fsync)),
            suppress(Killed),
        ):
            yield die
        if dead:
            shutil.copytree(kept, folder / "leases", dirs_exist_ok=True)
