"""Long work of commands: done here, or left to the job queue."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mintcore.cli.jobs import show_job
from mintcore.cluster.places import place
from mintcore.errors import CancelledError, MintError
from mintcore.failures import INTERRUPTED
from mintcore.jobs import queue
from mintcore.jobs.kinds import work_of
from mintcore.jobs.worker import is_served
from mintcore.progress import ConsoleReporter
from store.artefacts import Home

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_POLL_S = 0.3

WaitOption = Annotated[
    bool | None,
    typer.Option(
        "--wait/--queue",
        help="Leave the work to the job queue, which outlives this terminal, and wait until it has ended, or do not. "
        "Without either it is done here.",
        show_default=False,
    ),
]


def carry_out(
    kind: str,
    request: "DataclassInstance",
    home: Path,
    *,
    device: str,
    wait: bool | None,
    as_json: bool,
    ray: str | None = None,
) -> dict[str, Any]:
    """Do a piece of work here, or leave it to the job queue.

    Args:
        kind: A key of ``mintcore.jobs.kinds.KINDS``.
        request: The engine's request.
        home: The home folder.
        device: auto, cpu, cuda or cuda:N.
        wait: None to do it here; else whether to wait for the job.
        as_json: How to show a job that is not waited for.
        ray: The cluster that it is spread over; None for one process.

    Returns:
        What was made, as a job's result has it.

    Raises:
        Exit: The job is left to itself.
        MintError: The work was refused, or the job failed.
        CancelledError: Somebody cancelled the job.
    """
    where = str(place(device, ray))
    if wait is None:
        with ConsoleReporter() as reporter:
            return work_of(kind)(Home(home), asdict(request), where, reporter)
    job_id = queue.submit(Home(home), kind, asdict(request), where)
    if not wait:
        show_job(queue.read_job(Home(home), job_id), as_json)
        raise typer.Exit
    return _result(_follow(Home(home), job_id))


def _follow(home: Home, job_id: str) -> queue.Job:
    """Draw a job's progress until it has ended."""
    drawn: tuple[str, int] = ("", 0)
    done = 0
    try:
        with ConsoleReporter() as reporter:
            reporter.log(f"Job {job_id}")
            if not is_served(home):
                reporter.log(
                    f"No worker serves {home.path}: `mint worker`, or `mint dashboard`, begins."
                )
            while (job := queue.read_job(home, job_id)).state in queue.UNDER_WAY:
                if (job.stage, job.total) != drawn and job.stage:
                    reporter.stage(job.stage, job.total)
                    drawn, done = (job.stage, job.total), 0
                reporter.advance(job.done - done)
                done = job.done
                time.sleep(_POLL_S)
    except KeyboardInterrupt:
        typer.echo(f"mint: job {job_id} goes on; `mint jobs cancel {job_id}` stops it.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    return job


def _result(job: queue.Job) -> dict[str, Any]:
    if job.state == "cancelled":
        raise CancelledError
    if job.state != "done":
        raise MintError(
            f"Job {job.id}: {job.state}. {job.error or ''} `mint jobs log {job.id}` says more."
        )
    return job.result or {}
