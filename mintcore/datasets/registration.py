"""Register a dataset: decode and hash every image once, and publish the list of samples."""

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from mintcore.datasets.membership import membership_of, require_column
from mintcore.datasets.reading import SAMPLES_FILE, read_pixels
from mintcore.datasets.sources import Sample, parse_source
from mintcore.errors import MintError
from mintcore.images import image_id
from mintcore.progress import Reporter, SilentReporter
from store.artefacts import Card, Home, write_card
from store.samples import SamplesWriter, count_samples

Row = dict[str, str | None]
Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK_SAMPLES = 64
_CHUNKS_A_THREAD = 4
_FINGERPRINTED = ("sample_id", "membership", "label", "identity", "split", "status")
_ALL: Mapping[str, str] = MappingProxyType({})


def add_dataset(
    home: Home,
    name: str,
    source: str,
    membership: str,
    *,
    where: Mapping[str, str] = _ALL,
    limit: int | None = None,
    reporter: Reporter | None = None,
) -> Card:
    """Register a dataset.

    Every image is decoded and hashed once. One that cannot be read is kept, with the status
    ``unreadable`` and the reason, under a sample id made from its uri.

    Args:
        home: Where to publish it.
        name: The dataset's name.
        source: ``folder:DIR``, ``manifest:FILE.csv``, ``manifest:FILE.parquet`` or
            ``arrays:FILE.npz``.
        membership: ``member``, ``external``, ``unknown``, or ``column:NAME`` with one of these
            (or 1, 0, true, false) for each image.
        where: Column -> the value it must have for an image to be taken.
        limit: Take only the first so many of those.
        reporter: Told how far it is.

    Returns:
        The card; the existing one where the same dataset was registered under this name before.

    Raises:
        MintError: The source, a column or a membership value is wrong, no image is left, or the
            name belongs to another dataset.
    """
    selection = Selection(source, membership, dict(where), limit)
    _refuse_other_settings(home, name, selection)
    total = sum(1 for _ in selection.rows())  # finds every error of the table before any decoding
    if total == 0:
        raise MintError(
            f"{selection.source} has no images that match: check the folder or file, "
            "--where and --limit."
        )
    report = reporter or SilentReporter()
    report.stage(f"Reading {name}", total)
    content = hashlib.blake2b(digest_size=16)
    known = home.has("datasets", name)
    with home.publishing("datasets", name) as staging:
        with SamplesWriter(staging / SAMPLES_FILE) as writer:
            for rows in _in_order(_identified, _chunks(selection.rows())):
                writer.append(rows)
                content.update(_fingerprinted(rows))
                report.advance(len(rows))
        counts = count_samples(staging / SAMPLES_FILE)
        settings = {**asdict(selection), "counts": counts, "fingerprint": content.hexdigest()}
        write_card(staging, "datasets", name, **settings)
    card = _published(home, name, content.hexdigest())
    _say_what_to_know(report, card, reused=known)
    return card


@dataclass(frozen=True)
class Selection:
    """Which images to take, and whether they are members. Checked when made."""

    source: str
    membership: str
    where: Mapping[str, str]
    limit: int | None

    def __post_init__(self) -> None:
        source = parse_source(self.source)
        object.__setattr__(self, "source", source.spec)
        membership_of(self.membership, source.columns)
        for column in self.where:
            require_column(column, source.columns)
        if self.limit is not None and self.limit < 1:
            raise MintError(f"A limit of {self.limit} leaves no image: give 1 or more.")

    def rows(self) -> Iterator[Row]:
        """Yield one row a sample, in the source's order, without what decoding finds out."""
        source = parse_source(self.source)
        member = membership_of(self.membership, source.columns)
        matching = (sample for sample in source.samples() if self._matches(sample))
        for sample in islice(matching, self.limit):
            yield {
                "uri": sample.uri,
                "membership": member(sample),
                "label": sample.label,
                "identity": sample.identity,
                "split": sample.split,
            }

    def _matches(self, sample: Sample) -> bool:
        return all(sample.columns[column] == value for column, value in self.where.items())


def _refuse_other_settings(home: Home, name: str, selection: Selection) -> None:
    if not home.has("datasets", name):
        return
    card = home.card("datasets", name)
    if any(card.get(setting) != value for setting, value in asdict(selection).items()):
        raise MintError(
            f"The dataset {name!r} exists and was made from {card.get('source')} with other "
            "settings: choose another name."
        )


def _published(home: Home, name: str, fingerprint: str) -> Card:
    card = home.card("datasets", name)
    if card["fingerprint"] != fingerprint:
        raise MintError(
            f"The dataset {name!r} exists with other images than {card['source']} has now: "
            "choose another name."
        )
    return card


def _fingerprinted(rows: Iterable[Row]) -> bytes:
    content = ([row[column] for column in _FINGERPRINTED] for row in rows)
    return b"".join(json.dumps(values).encode() + b"\n" for values in content)


def _say_what_to_know(reporter: Reporter, card: Card, reused: bool) -> None:
    name, counts = card["id"], card["counts"]
    unreadable, repeated = counts["status"].get("unreadable", 0), counts["duplicates"]
    if unreadable:
        reporter.log(f"{name}: {unreadable:,} images cannot be read and are kept aside.")
    if repeated:
        reporter.log(f"{name}: {repeated:,} images repeat an earlier one, and count once.")
    if reused:
        reporter.log(f"{name}: registered before with the same images, nothing was added.")


def _identified(rows: list[Row]) -> list[Row]:
    return [row | _content(str(row["uri"])) for row in rows]


def _content(uri: str) -> Row:
    try:
        return {"sample_id": image_id(read_pixels(uri)), "status": "ok", "reason": None}
    except MintError as error:
        identity = hashlib.blake2b(uri.encode(), digest_size=16).hexdigest()
        return {"sample_id": identity, "status": "unreadable", "reason": str(error)}


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK_SAMPLES)):
        yield chunk


def _in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Map in threads, with a bounded number of items under way, keeping the order."""
    threads = os.cpu_count() or 1
    under_way: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) >= threads * _CHUNKS_A_THREAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
