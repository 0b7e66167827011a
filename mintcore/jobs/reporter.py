"""How a job says how far it is: through files in its folder."""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType

from mintcore.errors import CancelledError
from mintcore.jobs.folder import JobFolder, replace_json

BEAT_S = 0.5
_RATE_BEATS = 60  # the rate is that of the last 30 seconds


class JobReporter:
    """Reports the progress of one job.

    A thread writes it, so that reporting costs the work nothing.

    Args:
        folder: The job's folder.
    """

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stage = ""
        self._done = 0
        self._total = 0
        self._reused = 0
        self._history: deque[tuple[float, int]] = deque(maxlen=_RATE_BEATS)
        self._cancelled = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> "JobReporter":
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()
        self._beat()

    def stage(self, name: str, total: int) -> None:
        """Begin a stage of ``total`` steps; the one before it is over."""
        with self._lock:
            self._stage, self._done, self._total, self._reused = name, 0, total, 0
            self._history.clear()
            self._history.append((time.monotonic(), 0))
        self.log(f"{name} ({total})")

    def reuse(self, steps: int) -> None:
        """Say how much of the current stage was there already."""
        with self._lock:
            self._reused = steps

    def advance(self, steps: int = 1) -> None:
        """Count steps of the current stage.

        Raises:
            CancelledError: The person asked the job to stop, half a second ago or more.
        """
        if self._cancelled.is_set():
            raise CancelledError
        with self._lock:
            self._done += steps

    def log(self, line: str) -> None:
        """Add a line to the job's log, with the UTC time."""
        self._folder.log(line)

    def measure(self, values: Mapping[str, float | str]) -> None:
        """Add one epoch of a training to the job's measures."""
        line = json.dumps(dict(values), ensure_ascii=False)
        with self._lock, self._folder.measures_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _beat_on(self) -> None:
        while not self._closed.wait(BEAT_S):
            self._beat()

    def _beat(self) -> None:
        if self._folder.cancel_flag.exists():
            self._cancelled.set()
        with self._lock:
            now = time.monotonic()
            self._history.append((now, self._done))
            first_at, first_done = self._history[0]
            elapsed_s = now - first_at
            rate = (self._done - first_done) / elapsed_s if elapsed_s > 0 else None
            progress = {
                "stage": self._stage,
                "done": self._done,
                "total": self._total,
                "reused": self._reused,
                "rate": rate,
                "heartbeat": time.time(),
            }
        # A full disk must not end the work because of its progress: the work itself will say so.
        with contextlib.suppress(OSError):
            replace_json(self._folder.progress_file, progress)
