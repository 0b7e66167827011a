"""Audit several datasets with several auditors: one after the other, or side by side on a cluster."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mintcore.audit import audit_dataset, extract_for_audit
from mintcore.cluster.crew import Crew, hiring
from mintcore.cluster.places import parse_place
from mintcore.datasets.offered import DatasetRequest, add_offered_dataset
from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.progress import Reporter, SilentReporter
from store.artefacts import Card, Home


@dataclass(frozen=True)
class NewDataset:
    """A dataset that a browser offers, registered before it is audited; nothing is said of its membership.

    Attributes:
        name: Its name.
        source: Where its images are, as ``mintcore.datasets.offered.DatasetRequest`` has it.
    """

    name: str
    source: str


@dataclass(frozen=True)
class BatchRequest:
    """Which audits to make: each dataset with each auditor.

    Attributes:
        auditors: Ids of auditors.
        datasets: Names of datasets.
        new: More of them, that are not registered yet.
    """

    auditors: tuple[str, ...]
    datasets: tuple[str, ...]
    new: tuple[NewDataset, ...] = ()


@dataclass(frozen=True)
class Batch:
    """What became of the audits.

    Attributes:
        cards: Of the audits that were made, now or before, in the order asked for.
        refused: Why others were not, as sentences.
    """

    cards: list[Card]
    refused: list[str]


def audit_batch(home: Home, request: BatchRequest, *, device: str, reporter: Reporter) -> Batch:
    """Audit each dataset with each auditor; one that is refused does not keep the others from being made.

    Args:
        home: The home folder.
        request: What to audit with what.
        device: Where, as ``mintcore.cluster.places`` names it.
        reporter: Told of each stage of each audit.

    Raises:
        MintError: Nothing is asked for, a new dataset may not be read from a browser or cannot be
            registered, or every audit was refused.
    """
    datasets = [*request.datasets, *(each.name for each in request.new)]
    pairs = [(auditor, dataset) for dataset in datasets for auditor in request.auditors]
    if not pairs:
        raise MintError("There is nothing to audit: name a dataset and an auditor.")
    for each in request.new:
        asked = DatasetRequest(each.name, each.source, "unknown")
        add_offered_dataset(home, asked, reporter=reporter)
    with hiring(parse_place(device), home, reporter) as crew:
        if len(pairs) == 1:
            card = audit_dataset(home, *pairs[0], device=device, reporter=reporter, crew=crew)
            return Batch([card], [])
        made = (
            _audits_here(home, pairs, device, reporter)
            if crew is None
            else _audits_of(crew, home, pairs, device, reporter)
        )
        return _sorted_out(pairs, made, reporter)


_Pair = tuple[str, str]
"""An auditor and a dataset."""


@dataclass(frozen=True)
class _Refusal:
    """Why an audit was not made, as a sentence."""

    why: str


def _audit(home: Home, pair: _Pair, device: str, reporter: Reporter) -> Card | _Refusal:
    try:
        return audit_dataset(home, *pair, device=device, reporter=reporter)
    except PERSON_ERRORS as error:
        return _Refusal(str(error))


def _audits_here(
    home: Home, pairs: Sequence[_Pair], device: str, reporter: Reporter
) -> Iterator[Card | _Refusal]:
    for number, (auditor, dataset) in enumerate(pairs, 1):
        reporter.log(f"Audit {number} of {len(pairs)}: {dataset} by {auditor}")
        yield _audit(home, (auditor, dataset), device, reporter)


def _audits_of(
    crew: Crew, home: Home, pairs: Sequence[_Pair], device: str, reporter: Reporter
) -> Iterator[Card | _Refusal]:
    """Have all workers extract what the audits read, and then each of them make audits."""
    for auditor, dataset in pairs:
        with suppress(*PERSON_ERRORS):  # the worker that makes the audit says why
            extract_for_audit(home, auditor, dataset, device=device, reporter=reporter, crew=crew)
    reporter.stage("Audit datasets", len(pairs))
    for made in crew.in_order(AuditTask(home.path.absolute()), pairs):
        reporter.advance()
        yield made


def _sorted_out(
    pairs: Sequence[_Pair], made: Iterator[Card | _Refusal], reporter: Reporter
) -> Batch:
    batch = Batch([], [])
    for (auditor, dataset), each in zip(pairs, made, strict=True):
        if isinstance(each, _Refusal):
            batch.refused.append(f"{dataset} by {auditor}: {each.why}")
            reporter.log(batch.refused[-1])
        else:
            batch.cards.append(each)
    if not batch.cards:
        raise MintError(" ".join(batch.refused))
    return batch


@dataclass(frozen=True)
class AuditTask:
    """Making audits, as a worker of a cluster does it: a task of ``mintcore.cluster``.

    Attributes:
        home: The home folder, absolute.
    """

    home: Path

    def begin(self, device: str, threads: int) -> "AuditDesk":
        """Keep the device."""
        return AuditDesk(Home(self.home), device)


@dataclass(frozen=True)
class AuditDesk:
    """A worker's home folder and device."""

    home: Home
    device: str

    def make(self, piece: _Pair) -> Card | _Refusal:
        """Make one audit; what it reads is in the stores already."""
        return _audit(self.home, piece, self.device, SilentReporter())
