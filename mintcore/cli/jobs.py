"""``mint jobs``: see, follow and steer the long pieces of work."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from mintcore.cli import output
from mintcore.cli.completion import job_ids
from mintcore.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from mintcore.jobs import queue
from store.artefacts import Home

app = typer.Typer(no_args_is_help=True, help="See, follow and steer jobs.")

IdArgument = Annotated[
    str, typer.Argument(help="Id of a job, as 'mint jobs list' shows it.", autocompletion=job_ids)
]
TailOption = Annotated[int, typer.Option("--tail", min=1, help="How many of the last lines.")]


@app.command("list")
def list_jobs(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List all jobs, newest first.

    Example: mint jobs list
    """
    jobs = queue.list_jobs(Home(home))
    rows = [asdict(job) | {"progress": _progress(job)} for job in jobs]
    columns = {"id": "job", "state": "state", "progress": "progress", "created": "created"}
    output.show([asdict(job) for job in jobs], as_json, lambda: output.table(rows, columns))


@app.command("show")
def show(job_id: IdArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what a job was asked for, how far it is, and what became of it.

    Example: mint jobs show JOB
    """
    show_job(queue.read_job(Home(home), job_id), as_json)


@app.command("log")
def log(
    job_id: IdArgument,
    tail: TailOption = 200,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Print the last lines of a job's log.

    Example: mint jobs log JOB --tail 50
    """
    lines = queue.job_log(Home(home), job_id, tail)
    output.show(lines, as_json, lambda: typer.echo("\n".join(lines)))


@app.command("cancel")
def cancel(
    job_id: IdArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Ask a job to stop; what it has stored stays.

    Example: mint jobs cancel JOB
    """
    queue.cancel(Home(home), job_id)
    show_job(queue.read_job(Home(home), job_id), as_json)


@app.command("retry")
def retry(job_id: IdArgument, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Ask again for a job that failed, was cancelled or was interrupted; it goes on where it was.

    Example: mint jobs retry JOB
    """
    show_job(queue.read_job(Home(home), queue.retry(Home(home), job_id)), as_json)


@app.command("prune")
def prune(
    days: Annotated[
        float, typer.Option("--days", min=0, help="Keep jobs that ended in so many last days.")
    ] = 30,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it, only say what.")] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Delete the folders of old jobs that were done, failed or cancelled; what they made stays.

    Example: mint jobs prune --days 7 --yes
    """
    before = datetime.now(UTC) - timedelta(days=days)
    found = (queue.prune if yes else queue.prunable)(Home(home), before)
    words = "were deleted" if yes else "would be deleted: --yes does it"
    output.show(
        {"jobs": found, "deleted": yes},
        as_json,
        lambda: typer.echo("\n".join([*found, f"{len(found)} jobs {words}."])),
    )


def show_job(job: queue.Job, as_json: bool) -> None:
    """Print a job."""
    data: dict[str, Any] = asdict(job)
    output.show(data, as_json, lambda: output.fields(data))


def _progress(job: queue.Job) -> str:
    return f"{job.stage} {job.done}/{job.total}" if job.stage else ""
