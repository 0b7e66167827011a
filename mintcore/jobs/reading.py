"""What the files of the jobs say, for pages and commands."""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

from mintcore.errors import MintError
from mintcore.jobs.folder import JobFolder, RecordedState, State, job_folder, job_folders
from mintcore.jobs.liveness import read_progress, runs
from store.artefacts import Home

JobState = RecordedState | Literal["cancelling"]


@dataclass(frozen=True)
class Job:
    """A job as a person sees it.

    Args:
        id: Its name.
        kind: extract, sweep, audit or compare.
        params: What was asked for, as JSON values.
        device: What it was asked to run on.
        state: What is true now, which is "interrupted" for a recorded "running" whose process died.
        created: When it was asked for; UTC, ISO 8601.
        started: When its latest attempt began.
        ended: When that ended.
        stage: What it does, or did last.
        done: Steps done of this stage.
        total: Steps of this stage; 0 before the first.
        reused: What was there already of this stage, besides.
        rate: Steps a second over the last half minute.
        seconds_left: What remains of this stage at that rate.
        error: Why it did not end well, as one sentence.
        result: The ids of what it made.
        attempt: How often it was begun.
    """

    id: str
    kind: str
    params: dict[str, Any]
    device: str
    state: JobState
    created: str
    started: str | None
    ended: str | None
    stage: str
    done: int
    total: int
    reused: int
    rate: float | None
    seconds_left: float | None
    error: str | None
    result: dict[str, Any] | None
    attempt: int


def read_job(home: Home, job_id: str) -> Job:
    """Read one job.

    Raises:
        MintError: There is no such job, or its files are damaged.
    """
    return _read(job_folder(home, job_id))


def list_jobs(home: Home) -> list[Job]:
    """Read all jobs, newest first; one with damaged files is listed as failed, last."""
    jobs = [_read_or_say_why(folder) for folder in job_folders(home)]
    return sorted(jobs, key=lambda job: (job.created, job.id), reverse=True)


def job_log(home: Home, job_id: str, tail: int = 200) -> list[str]:
    """Read the last lines of a job's log.

    Raises:
        MintError: There is no such job.
    """
    file = job_folder(home, job_id).log_file
    if not file.exists():
        return []
    with file.open(encoding="utf-8", errors="replace") as lines:
        return [line.rstrip("\n") for line in deque(lines, maxlen=tail)]


def job_measures(home: Home, job_id: str) -> list[dict[str, Any]]:
    """Read what the job's training reported so far, one mapping an epoch, oldest first.

    Raises:
        MintError: There is no such job.
    """
    file = job_folder(home, job_id).measures_file
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    whole_lines = text[: text.rfind("\n") + 1]  # the last line may be half written
    return [json.loads(line) for line in whole_lines.splitlines()]


def _read(folder: JobFolder) -> Job:
    request, state, progress = folder.request(), folder.state(), read_progress(folder)
    done, total = int(progress.get("done", 0)), int(progress.get("total", 0))
    visible = _visible_state(folder, state)
    rate = progress.get("rate") if visible in ("running", "cancelling") else None
    return Job(
        id=folder.id,
        kind=request.kind,
        params=request.params,
        device=request.device,
        state=visible,
        created=request.created,
        started=state.started,
        ended=state.ended,
        stage=str(progress.get("stage", "")),
        done=done,
        total=total,
        reused=int(progress.get("reused", 0)),
        rate=rate,
        seconds_left=max(0, total - done) / rate if rate else None,
        error=_visible_error(state, visible),
        result=state.result,
        attempt=state.attempt,
    )


def _visible_state(folder: JobFolder, state: State) -> JobState:
    if state.state != "running":
        return state.state
    if not runs(folder, state):
        return "interrupted"
    return "cancelling" if folder.cancel_flag.exists() else "running"


def _visible_error(state: State, visible: JobState) -> str | None:
    if visible == "interrupted" and state.error is None:
        return "The job's process is gone; it goes on when a worker starts."
    return state.error


def _read_or_say_why(folder: JobFolder) -> Job:
    try:
        return _read(folder)
    except MintError as error:
        return Job(
            id=folder.id,
            kind="unknown",
            params={},
            device="",
            state="failed",
            created="",
            started=None,
            ended=None,
            stage="",
            done=0,
            total=0,
            reused=0,
            rate=None,
            seconds_left=None,
            error=str(error),
            result=None,
            attempt=0,
        )
