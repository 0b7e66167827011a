"""The queue file: huey over SQLite. It orders the jobs; their folders hold all about them."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from huey import SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from mintcore.errors import MintError
from store.artefacts import Home

Enqueue = Callable[[str], Any]


class _JsonSerializer(Serializer):
    """Tasks as JSON: huey's pickles would let a home folder from elsewhere run code."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps({"id": data.id, "name": data.name, "args": data.args}).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(**json.loads(data))


def open_queue(home: Home) -> SqliteHuey:
    """Open the queue file of a home; made where it is missing."""
    return SqliteHuey(
        "jobs", filename=str(home.path / "jobs.sqlite"), results=False, serializer=_JsonSerializer()
    )


def register(queue: SqliteHuey, run: Callable[[str], None]) -> Enqueue:
    """Say what the queue does with a job's id, and give the function that puts one in."""

    def run_job(job_id: str) -> None:
        run(job_id)

    enqueue: Enqueue = queue.task()(run_job)
    return enqueue


def enqueue_job(home: Home, job_id: str) -> None:
    """Put a job in the queue for whichever worker takes it.

    Raises:
        MintError: The queue file cannot be written.
    """
    try:
        queue = open_queue(home)
        try:
            register(queue, _refuse)(job_id)
        finally:
            queue.storage.close()
    except sqlite3.Error as error:
        raise MintError(f"{home.path / 'jobs.sqlite'} cannot be written: {error}.") from error


def _refuse(job_id: str) -> None:
    raise MintError(f"Job {job_id} can only be run by a worker.")
