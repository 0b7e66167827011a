"""Reports as sealed files."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mintcore.errors import MintError
from mintcore.progress import Reporter
from mintcore.reports.content import Report
from mintcore.reports.files import CSV, HTML, file_name
from mintcore.reports.formats import FORMATS, WRITERS
from mintcore.reports.signing import sealed, signing_key
from mintcore.reports.subjects import report_of, spreadsheets_of
from mintcore.spreadsheets import csv_bytes
from store.artefacts import Home
from store.durability import put_in_place

SIGNATURE = "signature"
REPORTS = "reports"
"""Folder of a home folder."""


@dataclass(frozen=True)
class ReportRequest:
    """Which reports to write.

    Attributes:
        subjects: Ids of audits or protocols, or names of sweeps.
        formats: Of ``FORMATS``.
        to: Folder; None for ``reports`` in the home folder.
    """

    subjects: tuple[str, ...]
    formats: tuple[str, ...] = (HTML,)
    to: str | None = None


def write_reports(home: Home, request: ReportRequest, *, reporter: Reporter) -> list[Path]:
    """Write reports; a file of the same name is replaced as a whole.

    Args:
        home: The home folder.
        request: Which, in which formats, and where to.
        reporter: Told of each report.

    Returns:
        The files.

    Raises:
        MintError: There is no such subject or format, or the folder cannot be written.
        StoreError: A card is damaged.
    """
    _refuse_unknown(request.formats)
    # all of them before the first is written: one that is refused leaves nothing behind
    reports = [report_of(home, subject) for subject in request.subjects]
    folder = home.path / REPORTS if request.to is None else Path(request.to)
    reporter.stage("Write reports", len(reports))
    written = []
    for report in reports:
        for form in request.formats:
            for name, content in _files(home, report, form):
                written.append(_written(folder / name, content))
        reporter.advance()
    return written


def report_file(home: Home, report: Report, form: str) -> bytes:
    """Give a report as one sealed file.

    Args:
        home: The home folder, whose key signs it.
        report: What it says.
        form: "html", "pdf" or "json".

    Raises:
        MintError: There is no such format, or the key cannot be read or made.
    """
    _refuse_unknown([form], tuple(WRITERS))
    key = signing_key(home)
    return sealed(WRITERS[form](report), form, report.subject, report.content_hash, key)


def written_report(home: Home, subject: str, form: str) -> bytes:
    """Give the report on a subject as one sealed file; arguments are those of ``report_of`` and ``report_file``."""
    return report_file(home, report_of(home, subject), form)


def _files(home: Home, report: Report, form: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files of one report in one format."""
    if form != CSV:
        yield file_name(report.subject, form), report_file(home, report, form)
        return
    for part, table in spreadsheets_of(home, report.subject).items():
        name = file_name(f"{report.subject}{part}", CSV)
        body = csv_bytes(table.to_pandas())
        seal = sealed(body, SIGNATURE, report.subject, report.content_hash, signing_key(home))
        yield name, body
        # a file of its own: a further line would be a row of the table
        yield f"{name}.{SIGNATURE}", seal.removeprefix(body)


def _refuse_unknown(formats: tuple[str, ...] | list[str], known: tuple[str, ...] = FORMATS) -> None:
    unknown = [form for form in formats if form not in known]
    if unknown or not formats:
        asked = unknown[0] if unknown else ""
        raise MintError(f"There is no format {asked!r} of a report: use {', '.join(known)}.")


def _written(file: Path, content: bytes) -> Path:
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        put_in_place(new, file)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise MintError(
            f"{file} cannot be written ({error.strerror}): choose another folder with --to."
        ) from error
    return file
