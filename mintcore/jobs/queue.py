"""Ask for jobs, follow them, cancel them: all that pages and commands need."""

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mintcore.errors import MintError
from mintcore.jobs.folder import (
    JobFolder,
    Request,
    State,
    job_folder,
    jobs_path,
    locked,
    utc_now,
)
from mintcore.jobs.kinds import work_of
from mintcore.jobs.limits import PREFIX, read_limits
from mintcore.jobs.reading import Job, JobState, job_log, job_measures, list_jobs, read_job
from mintcore.jobs.tasks import enqueue_job
from mintcore.jobs.transitions import ask_to_stop, queue_again
from store.artefacts import Home

__all__ = [
    "UNDER_WAY",
    "Job",
    "JobState",
    "cancel",
    "job_log",
    "job_measures",
    "list_jobs",
    "prunable",
    "prune",
    "read_job",
    "retry",
    "submit",
    "wait",
]

UNDER_WAY = ("queued", "running", "cancelling")
_OVER = ("done", "failed", "cancelled")
_POLL_S = 0.2


def submit(home: Home, kind: str, params: dict[str, Any], device: str = "auto") -> str:
    """Ask for a job. One that is queued or running with the same request is joined.

    Args:
        home: The home folder.
        kind: A key of ``mintcore.jobs.kinds.KINDS``.
        params: The engine's request as JSON values.
        device: auto, cpu, cuda or cuda:N.

    Returns:
        The job's id.

    Raises:
        MintError: There is no such kind, too many jobs wait, or the home folder cannot be written.
    """
    work_of(kind)
    request = Request(kind, json.loads(json.dumps(params)), device, utc_now())
    with locked(jobs_path(home)):
        jobs = list_jobs(home)
        same = _same_under_way(jobs, request)
        if same is not None:
            return same
        _require_room(jobs)
        folder = _create(home, request)
        enqueue_job(home, folder.id)
    return folder.id


def cancel(home: Home, job_id: str) -> None:
    """Ask a job to stop; one that has ended stays as it is.

    Raises:
        MintError: There is no such job, or the home folder cannot be written.
    """
    folder = job_folder(home, job_id)
    with _writing(folder.path):
        ask_to_stop(folder)


def retry(home: Home, job_id: str) -> str:
    """Ask again for a job that failed, was cancelled or was interrupted.

    Returns:
        The id of the job that does it: this one, or a queued or running one with the same request.

    Raises:
        MintError: There is no such job, it is done, or the home folder cannot be written.
    """
    folder = job_folder(home, job_id)
    same = _same_under_way(list_jobs(home), folder.request())
    if same is not None:
        return same
    with _writing(folder.path):
        queued = queue_again(folder)
    if queued:
        enqueue_job(home, job_id)
    return job_id


def prune(home: Home, before: datetime) -> list[str]:
    """Delete the folders of jobs that were done, failed or cancelled before a time; what they made stays.

    Returns:
        The ids of the jobs.
    """
    with locked(jobs_path(home)):
        pruned = prunable(home, before)
        for job_id in pruned:  # out of sight in one step, however long the deletion takes
            folder = job_folder(home, job_id).path
            folder.rename(folder.with_name(f".{job_id}"))
        for leftover in jobs_path(home).glob(".*/"):
            shutil.rmtree(leftover, ignore_errors=True)
    return pruned


def prunable(home: Home, before: datetime) -> list[str]:
    """List the jobs that ``prune`` would delete, newest first."""
    return [
        job.id
        for job in list_jobs(home)
        if job.state in _OVER and job.ended and datetime.fromisoformat(job.ended) < before
    ]


def wait(home: Home, job_id: str, timeout_s: float) -> Job:
    """Wait until a job has ended and read it.

    Raises:
        MintError: There is no such job, or it has not ended after ``timeout_s`` seconds.
    """
    deadline = time.monotonic() + timeout_s
    while (job := read_job(home, job_id)).state in UNDER_WAY:
        if time.monotonic() > deadline:
            raise MintError(f"Job {job_id} is still {job.state} after {timeout_s:g} seconds.")
        time.sleep(_POLL_S)
    return job


def _require_room(jobs: Sequence[Job]) -> None:
    most = read_limits().queued
    waiting = sum(job.state == "queued" for job in jobs)
    if waiting >= most:
        raise MintError(
            f"{waiting} jobs wait already, which is the most: cancel some, or set {PREFIX}QUEUED."
        )


def _same_under_way(jobs: Sequence[Job], request: Request) -> str | None:
    wanted = (request.kind, request.params, request.device)
    for job in jobs:
        same = (job.kind, job.params, job.device) == wanted
        if same and job.state in ("queued", "running"):
            return job.id
    return None


def _create(home: Home, request: Request) -> JobFolder:
    """Make the folder of a job in one step: it has its request and its state when it appears."""
    job_id = f"{request.kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    target = jobs_path(home) / job_id
    staging = Path(f"{jobs_path(home)}/.{job_id}")
    try:
        with _writing(target):
            staging.mkdir()
            JobFolder(staging).write_request(request)
            JobFolder(staging).write_state(State())
            os.rename(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return JobFolder(target)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn what the disk says into one sentence for the person."""
    try:
        yield
    except OSError as error:
        raise MintError(f"{folder} cannot be written ({error.strerror}).") from error
