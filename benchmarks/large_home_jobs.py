"""The jobs of the large home folder, written as if they had run and ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mintcore.jobs.folder import JobFolder, RecordedState, Request, State, jobs_path
from store.artefacts import Home

_FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
_HOW_THEY_END: tuple[RecordedState, ...] = ("done", "done", "done", "done", "failed", "cancelled")
_LOG_LINES = 200


def add_jobs(home: Home, wanted: int) -> None:
    """Write the jobs that are missing."""
    audits = [card for card in home.cards("audits") if card["audit_kind"] == "dataset"]
    for number in range(wanted):
        audit = audits[number % len(audits)]
        _write(home, number, audit, _HOW_THEY_END[number % len(_HOW_THEY_END)])


def _write(home: Home, number: int, audit: dict[str, Any], end: RecordedState) -> None:
    created = _FIRST + timedelta(hours=number)
    path = jobs_path(home) / f"audit-{created:%Y%m%d-%H%M%S}-{number:06x}"
    if path.exists():
        return
    path.mkdir(parents=True)
    folder = JobFolder(path)
    params = {"auditors": [audit["auditor"]], "datasets": [audit["dataset"]], "new": []}
    folder.write_request(
        Request("audit", params, "auto", created.isoformat(timespec="milliseconds"))
    )
    for line in range(_LOG_LINES):
        folder.log(f"{line * 512} of {_LOG_LINES * 512} images")
    folder.write_state(
        State(
            state=end,
            attempt=1,
            started=created.isoformat(timespec="milliseconds"),
            ended=(created + timedelta(minutes=3)).isoformat(timespec="milliseconds"),
            error="The disk is full: free some space, then try again." if end == "failed" else None,
            result={"audits": [audit["id"]], "refused": []} if end == "done" else None,
        )
    )
