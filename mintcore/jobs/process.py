"""The process of one job, started by the worker: ``python -m mintcore.jobs.process HOME ID``."""

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from mintcore.errors import CancelledError, MintError
from mintcore.jobs.children import end_with_parent, kill_group
from mintcore.jobs.folder import JobFolder, job_folder
from mintcore.jobs.kinds import work_of
from mintcore.jobs.reporter import JobReporter
from mintcore.jobs.transitions import finish, take_over
from store.artefacts import Home
from store.errors import StoreError


def main() -> None:
    """Do the job whose home and id are on the command line."""
    worker_pid = os.getppid()
    # The whole group goes: the job's own decoding processes must not outlive it either.
    end_with_parent(lambda: kill_group(os.getpgrp()))
    signal.signal(signal.SIGTERM, _leave)
    home = Home(Path(sys.argv[1]))
    folder = job_folder(home, sys.argv[2])
    take_over(folder, worker_pid)
    _offer_to_be_killed_first()
    do_job(home, folder)


def do_job(home: Home, folder: JobFolder) -> None:
    """Do what a job's request says and record how it ended."""
    try:
        result = _work(home, folder)
    except CancelledError:
        finish(folder, "failed", error="The work was stopped.")
    except (MintError, StoreError) as error:
        finish(folder, "failed", error=str(error))
    except MemoryError:
        folder.log(traceback.format_exc())
        finish(folder, "failed", error="The job ran out of memory; what it had stored is kept.")
    except Exception as error:
        folder.log(traceback.format_exc())
        message = " ".join(str(error).split())
        name = type(error).__name__
        finish(folder, "failed", error=f"{name}: {message}" if message else name)
    else:
        finish(folder, "done", result=result)


def _work(home: Home, folder: JobFolder) -> dict[str, Any]:
    request = folder.request()
    if request.params.get("allow_code"):  # a home folder from elsewhere must not run code
        raise MintError("A job runs no code of yours: train this model without --wait or --queue.")
    work = work_of(request.kind)
    with JobReporter(folder) as reporter:
        return work(home, request.params, request.device, reporter)


def _offer_to_be_killed_first() -> None:
    """Tell Linux to take this process, not the dashboard or the worker, where memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _leave(signum: int, frame: object) -> None:
    """Leave through the ``finally`` blocks; the state stays "running", which the worker settles."""
    sys.exit(128 + signum)


if __name__ == "__main__":
    main()
