"""Audit several datasets with several auditors, one after the other."""

from dataclasses import dataclass

from mintcore.audit import audit_dataset
from mintcore.datasets.offered import DatasetRequest, add_offered_dataset
from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.progress import Reporter
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
        device: "auto", "cpu", "cuda" or "cuda:N".
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
    if len(pairs) == 1:
        return Batch([audit_dataset(home, *pairs[0], device=device, reporter=reporter)], [])
    batch = Batch([], [])
    for number, (auditor, dataset) in enumerate(pairs, 1):
        reporter.log(f"Audit {number} of {len(pairs)}: {dataset} by {auditor}")
        try:
            card = audit_dataset(home, auditor, dataset, device=device, reporter=reporter)
        except PERSON_ERRORS as error:
            batch.refused.append(f"{dataset} by {auditor}: {error}")
            reporter.log(batch.refused[-1])
        else:
            batch.cards.append(card)
    if not batch.cards:
        raise MintError(" ".join(batch.refused))
    return batch
