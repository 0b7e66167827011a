"""A job's folder: its request, state, progress, log, measures and cancel flag, as files."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from mintcore.errors import MintError
from store.artefacts import Home

RecordedState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]

_Record = TypeVar("_Record", bound="Request | State")
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,95}")


@dataclass(frozen=True)
class Request:
    """What a job is to do.

    Args:
        kind: A key of ``mintcore.jobs.kinds.KINDS``.
        params: The engine's request as JSON values.
        device: auto, cpu, cuda or cuda:N.
        created: UTC time, ISO 8601.
    """

    kind: str
    params: dict[str, Any]
    device: str
    created: str


@dataclass(frozen=True)
class State:
    """What has become of a job so far.

    Args:
        state: As last recorded; a "running" one whose process died still says so.
        attempt: How often it was begun.
        crashes: How often its process died without an answer since a person last asked for it.
        pid: The process that answers for it.
        process_started: When that process started, seconds since 1970.
        started: When this attempt began; UTC, ISO 8601.
        ended: When it ended; UTC, ISO 8601.
        error: One sentence for the person.
        result: The ids of what it made.
    """

    state: RecordedState = "queued"
    attempt: int = 0
    crashes: int = 0
    pid: int | None = None
    process_started: float | None = None
    started: str | None = None
    ended: str | None = None
    error: str | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True)
class JobFolder:
    """The files of one job.

    Args:
        path: ``<home>/jobs/<id>``.
    """

    path: Path

    @property
    def id(self) -> str:
        """Give the job's id."""
        return self.path.name

    @property
    def progress_file(self) -> Path:
        """Give the file that says how far the job is; replaced as a whole."""
        return self.path / "progress.json"

    @property
    def log_file(self) -> Path:
        """Give the file of log lines, which also takes what the process prints."""
        return self.path / "log.txt"

    @property
    def measures_file(self) -> Path:
        """Give the file with one JSON object a line for each reported epoch."""
        return self.path / "measures.jsonl"

    @property
    def cancel_flag(self) -> Path:
        """Give the file whose existence asks the job to stop."""
        return self.path / "cancel"

    def request(self) -> Request:
        """Read what the job is to do.

        Raises:
            MintError: The file is damaged.
        """
        return _read(self.path / "request.json", Request)

    def state(self) -> State:
        """Read what was last recorded of the job.

        Raises:
            MintError: The file is damaged.
        """
        return _read(self.path / "state.json", State)

    def write_request(self, request: Request) -> None:
        """Record what the job is to do."""
        _write_durably(self.path / "request.json", asdict(request))

    def write_state(self, state: State) -> None:
        """Record what has become of the job."""
        _write_durably(self.path / "state.json", asdict(state))

    def log(self, text: str) -> None:
        """Append to the log, with the UTC time."""
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")

    def shorten_log(self, longest: int) -> None:
        """Drop the older half of the log where it is longer than so many bytes.

        The file is cut in place: the job's process appends to it meanwhile.
        """
        if not self.log_file.exists() or self.log_file.stat().st_size <= longest:
            return
        with self.log_file.open("rb+") as file:
            file.seek(-longest // 2, os.SEEK_END)
            file.readline()  # a part of one
            newest = file.read()
            file.seek(0)
            file.write(b"(earlier lines were dropped)\n" + newest)
            file.truncate()


def jobs_path(home: Home) -> Path:
    """Give the folder that holds the jobs of a home."""
    return home.path / "jobs"


def job_folder(home: Home, job_id: str) -> JobFolder:
    """Find a job.

    Raises:
        MintError: There is no such job.
    """
    path = jobs_path(home) / job_id
    if not _JOB_ID.fullmatch(job_id) or not path.is_dir():
        raise MintError(f"No job is called {job_id!r} in {home.path}: 'mint jobs list' shows them.")
    return JobFolder(path)


def job_folders(home: Home) -> list[JobFolder]:
    """Find all jobs, in no particular order."""
    paths = jobs_path(home).glob("*/request.json")
    return [JobFolder(file.parent) for file in paths if _JOB_ID.fullmatch(file.parent.name)]


@contextmanager
def locked(jobs: Path) -> Iterator[None]:
    """Hold the one lock under which states of jobs change, across threads and processes.

    Args:
        jobs: The folder that holds the jobs; made where it is missing.

    Raises:
        MintError: The home folder cannot be written.
    """
    try:
        jobs.mkdir(parents=True, exist_ok=True)
        file = (jobs / ".lock").open("a")
    except OSError as error:
        raise MintError(
            f"The jobs folder {jobs} cannot be written ({error.strerror}): "
            "choose another home with --home or MINT_HOME."
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def utc_now() -> str:
    """Give the time as the files record it: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def replace_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file such that a reader sees the old or the new one, never a part."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(data, ensure_ascii=False, default=str), encoding="utf-8")
    new.replace(path)


def _write_durably(path: Path, data: dict[str, Any]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=2, default=str)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _read(path: Path, record: type[_Record]) -> _Record:
    try:
        written = dict(json.loads(path.read_text(encoding="utf-8")))
        if strange := written.keys() - {each.name for each in fields(record)}:
            raise MintError(
                f"{path} says {min(strange)!r}, which this version does not know: update MINT workbench."
            )
        return record(**written)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise MintError(
            f"{path} cannot be read ({error}): delete the folder of this job."
        ) from error
