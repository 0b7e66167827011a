"""Reports as folders to hand on: the page, the card, and the tables as CSV."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mintcore.errors import MintError
from mintcore.library import audit_groups, audit_report, audit_scores
from mintcore.progress import Reporter
from mintcore.spreadsheets import csv_bytes
from store.artefacts import Home


@dataclass(frozen=True)
class BundleRequest:
    """Which reports to write.

    Attributes:
        audits: Ids of audits of images or datasets.
        to: Folder in which each gets a folder of its own; None for ``reports`` in the home folder.
    """

    audits: tuple[str, ...]
    to: str | None = None


def write_bundles(home: Home, request: BundleRequest, *, reporter: Reporter) -> list[Path]:
    """Write the reports of some audits; what was written before is replaced as a whole.

    Args:
        home: The home folder.
        request: Which, and where to.
        reporter: Told of each.

    Returns:
        The folder of each, with ``report.html``, ``card.json`` and, of a dataset, ``scores.csv`` and ``groups.csv``.

    Raises:
        StoreError: There is no such audit; near names are suggested.
        MintError: The folder cannot be written.
    """
    for audit in request.audits:
        home.card("audits", audit)
    to = home.path / "reports" if request.to is None else Path(request.to)
    reporter.stage("Write reports", len(request.audits))
    written = []
    for audit in request.audits:
        try:
            written.append(_write(home, audit, to))
        except OSError as error:
            raise MintError(
                f"{to / audit} cannot be written ({error.strerror}): choose another folder with --to."
            ) from error
        reporter.advance()
    return written


def _write(home: Home, audit: str, to: Path) -> Path:
    bundle, staging = to / audit, to / f".{audit}.new"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    card = home.card("audits", audit)
    (staging / "report.html").write_text(audit_report(home, audit), encoding="utf-8")
    (staging / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False), "utf-8")
    if card["audit_kind"] == "dataset":
        _write_csv(staging / "scores.csv", audit_scores(home, audit))
        _write_csv(staging / "groups.csv", audit_groups(home, audit))
    shutil.rmtree(bundle, ignore_errors=True)
    staging.rename(bundle)
    return bundle


def _write_csv(file: Path, table: pa.Table) -> None:
    file.write_bytes(csv_bytes(table.to_pandas()))
