"""Delete an artefact together with what cannot work without it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintcore.counted import counted
from mintcore.dependents import KINDS, Artefact, Cards, needs, readers, with_dependents
from mintcore.disk_use import bytes_on_disk
from mintcore.errors import MintError
from mintcore.home_lock import changing
from mintcore.jobs.queue import UNDER_WAY, list_jobs
from mintcore.staging import empty, put_out_of_sight
from mintcore.titles import forget
from mintcore.uploads import unneeded_uploads, uploads_of
from store.artefacts import Card, Home
from store.leases import living_leases
from store.lock import exclusive
from store.origin import REMOTE, read_origin

_USING = (*UNDER_WAY, "interrupted")
_OF_EVERYTHING = "protocol"
_OF_STORES = "verify"


@dataclass(frozen=True)
class Going:
    """One artefact that goes.

    Attributes:
        artefact: Which.
        bytes: What it takes on disk.
    """

    artefact: Artefact
    bytes: int


@dataclass(frozen=True)
class Deletion:
    """What a deletion takes away.

    Attributes:
        going: All artefacts that go, in the order in which they do; the one that was asked for comes last.
        uploads: Uploaded files that only they were made from.
        uploads_bytes: What these take on disk.
        staying: What refers to them and stays, a sentence each.
    """

    going: tuple[Going, ...]
    uploads: tuple[Path, ...]
    uploads_bytes: int
    staying: tuple[str, ...]

    @property
    def artefact(self) -> Artefact:
        """The one that was asked for."""
        return self.going[-1].artefact

    @property
    def bytes(self) -> int:
        """What all of it takes on disk."""
        return sum(each.bytes for each in self.going) + self.uploads_bytes

    def counts(self) -> dict[str, tuple[int, int]]:
        """Count what goes besides the one that was asked for: kind -> how many, and their bytes."""
        beside = self.going[:-1]
        numbers = Counter(each.artefact.kind for each in beside)
        return {
            kind: (number, sum(each.bytes for each in beside if each.artefact.kind == kind))
            for kind, number in numbers.items()
        }


def plan_deletion(home: Home, artefact: Artefact) -> Deletion:
    """Tell what deleting an artefact takes away; nothing is changed.

    Raises:
        StoreError: There is no such artefact (near names are suggested), or a card cannot be read.
    """
    home.card(artefact.kind, artefact.id)
    cards: Cards = {kind: home.cards(kind) for kind in KINDS}
    order = with_dependents(needs(cards), artefact)
    uploads = tuple(uploads_of(home, cards["datasets"], {each.id for each in order}))
    return Deletion(
        tuple(Going(each, bytes_on_disk(home.folder(each.kind, each.id))) for each in order),
        uploads,
        sum(bytes_on_disk(file) for file in uploads),
        (*_staying(cards, artefact), *_objects(home, order)),
    )


def delete(home: Home, artefact: Artefact) -> Deletion:
    """Delete an artefact and all that cannot work without it.

    Each is put out of sight in one step, dependents first: killed at any moment, this leaves no artefact that lacks
    what it needs, and the next deletion removes what was left lying.

    Returns:
        What went.

    Raises:
        StoreError: There is no such artefact (near names are suggested), or a card cannot be read.
        MintError: A job that is under way uses some of it, a run is writing one of the stores, or the home folder
            cannot be written.
    """
    with changing(home):
        deletion = plan_deletion(home, artefact)
        _refuse_used(home, deletion)
        try:
            for each in deletion.going:
                put_out_of_sight(home, each.artefact)
            for file in deletion.uploads:
                file.unlink(missing_ok=True)
            forget(home, _by_kind(deletion))
            tidy(home)
        except OSError as error:
            raise MintError(
                f"{artefact.id!r} could not be deleted as a whole ({error.strerror}): what is left is complete; "
                "delete it again when that is mended."
            ) from error
    return deletion


def tidy(home: Home) -> int:
    """Delete what earlier deletions and killed processes left in a home folder, and uploads that nothing needs.

    Returns:
        The bytes that this freed.
    """
    under_way = [job.params for job in list_jobs(home) if job.state in _USING]
    unneeded = unneeded_uploads(home, home.cards("datasets"), set(_texts(under_way)))
    freed = empty(home) + sum(bytes_on_disk(file) for file in unneeded)
    for file in unneeded:
        file.unlink(missing_ok=True)
    return freed


def _staying(cards: Cards, artefact: Artefact) -> Iterator[str]:
    if artefact.kind == "stores" and (readers_ := readers(cards["auditors"], artefact.id)):
        yield (
            f"{counted(len(readers_), 'auditor')} that read this store stay: what they need of it is computed again "
            "then, which takes time and the images."
        )
    if artefact.kind == "datasets" and (models := _trained_on(cards["models"], artefact.id)):
        yield (
            f"{counted(len(models), 'model')} trained on this dataset stay, with the list of what they saw: "
            f"{', '.join(models)}."
        )


def _objects(home: Home, going: Sequence[Artefact]) -> Iterator[str]:
    """Name the stores whose objects stay where they are: other homes may use them."""
    folders = [home.folder("stores", each.id) for each in going if each.kind == "stores"]
    for folder in folders:
        if (folder / REMOTE).exists():
            url = read_origin(folder).url
            yield (
                f"The objects of this store stay at {url}, since other home folders may use them: when none does, "
                f"delete what is below, for instance with `aws s3 rm --recursive {url}`."
            )


def _trained_on(models: Sequence[Card], dataset: str) -> list[str]:
    return [
        card["id"] for card in models if dataset in card.get("trained_on", {}).get("datasets", ())
    ]


def _by_kind(deletion: Deletion) -> dict[str, set[str]]:
    gone: dict[str, set[str]] = {}
    for each in deletion.going:
        gone.setdefault(each.artefact.kind, set()).add(each.artefact.id)
    return gone


def _refuse_used(home: Home, deletion: Deletion) -> None:
    """Refuse what a job or a run is using.

    Raises:
        MintError: One is.
    """
    artefacts = [each.artefact for each in deletion.going]
    stores = [each for each in artefacts if each.kind == "stores"]
    computed_by = needs({"models": home.cards("models"), "stores": home.cards("stores")})
    names = {each.id for store in stores for each in computed_by[store]}
    names |= {each.id for each in artefacts}
    for job in list_jobs(home):
        everything = job.kind == _OF_EVERYTHING or (job.kind == _OF_STORES and stores)
        used = names & set(_texts(job.params))
        if job.state in _USING and (everything or used):
            what = min(used, default=deletion.artefact.id)
            raise MintError(
                f"Job {job.id} is {job.state} and uses {what!r}: cancel it or wait until it has ended, then delete."
            )
    for store in stores:
        _refuse_written(home.folder("stores", store.id))


def _refuse_written(folder: Path) -> None:
    with exclusive(folder) as lock:
        if living_leases(folder, lock):
            raise MintError(
                f"A run is writing the store {folder.name}: wait until it has ended, then delete."
            )


def _texts(params: Any) -> Iterator[str]:
    """Yield all texts in the settings of a job: the names of what it uses are among them."""
    if isinstance(params, str):
        yield params
    elif isinstance(params, dict):
        yield from _texts(list(params.values()))
    elif isinstance(params, Collection):
        for each in params:
            yield from _texts(each)
