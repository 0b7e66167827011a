"""Register a dataset: decode and hash every image once, and publish the list of samples."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from mintcore.datasets.ledger import OF_MODEL, Ledger, ledger_file, read_ledger
from mintcore.datasets.membership import LEDGER, membership_of, require_column
from mintcore.datasets.perceptual import look_of
from mintcore.datasets.reading import SAMPLES_FILE, read_pixels
from mintcore.datasets.sources import Sample, parse_source
from mintcore.datasets.threads import in_order
from mintcore.errors import MintError
from mintcore.image_limits import image_limits
from mintcore.images import image_id
from mintcore.progress import Reporter, SilentReporter
from store.artefacts import Card, Home, write_card
from store.samples import SamplesWriter, count_samples

Row = dict[str, str | int | bytes | None]

_CHUNK_SAMPLES = 64
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

    Every image is decoded once: its size, its content hash and what it looks like are kept. One that
    cannot be read is kept, with the status ``unreadable`` and the reason, under a sample id made
    from its uri.

    Args:
        home: Where to publish it.
        name: The dataset's name.
        source: ``folder:DIR``, ``manifest:FILE.csv``, ``manifest:FILE.parquet`` or
            ``arrays:FILE.npz``.
        membership: ``member``, ``external``, ``unknown``, ``column:NAME`` with one of these
            (or 1, 0, true, false) for each image, or ``ledger:FILE`` or ``ledger:model:NAME``: what
            the ledger lists is a member, everything else external.
        where: Column -> the value it must have for an image to be taken.
        limit: Take only the first so many of those.
        reporter: Told how far it is.

    Returns:
        The card; the existing one where the same dataset was registered under this name before.

    Raises:
        MintError: The source, a column, a membership value or the ledger is wrong, no image is
            left, or the name belongs to another dataset.
    """
    image_limits()  # or every image would be kept aside for a setting that is wrong
    selection = _select(home, source, membership, dict(where), limit)
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
            for chunk in in_order(_identified, _chunks(selection.rows())):
                rows = selection.with_listed_members(chunk)
                writer.append(rows)
                content.update(_fingerprinted(rows))
                report.advance(len(rows))
        counts = count_samples(staging / SAMPLES_FILE)
        facts = {"counts": counts, "fingerprint": content.hexdigest()}
        write_card(staging, "datasets", name, **selection.settings(), **facts)
    card = _published(home, name, content.hexdigest())
    _say_what_to_know(report, card, reused=known)
    _say_what_is_listed(report, card, selection.ledger)
    return card


@dataclass(frozen=True)
class Selection:
    """Which images to take, and whether they are members. Checked when made."""

    source: str
    membership: str
    where: Mapping[str, str]
    limit: int | None
    ledger: Ledger | None = None

    def __post_init__(self) -> None:
        source = parse_source(self.source)
        object.__setattr__(self, "source", source.spec)
        membership_of(self.membership, source.columns, self.ledger)
        for column in self.where:
            require_column(column, source.columns)
        if self.limit is not None and self.limit < 1:
            raise MintError(f"A limit of {self.limit} leaves no image: give 1 or more.")

    def settings(self) -> dict[str, Any]:
        """Give what was asked for, for the card."""
        names = ("source", "membership", "where", "limit")
        return {name: getattr(self, name) for name in names}

    def with_listed_members(self, rows: list[Row]) -> list[Row]:
        """Make members of the decoded images that the ledger lists by their content."""
        listed = self.ledger.sample_ids if self.ledger else frozenset()
        return [
            row | {"membership": "member"} if row["sample_id"] in listed else row for row in rows
        ]

    def rows(self) -> Iterator[Row]:
        """Yield one row a sample, in the source's order, without what decoding finds out."""
        source = parse_source(self.source)
        member = membership_of(self.membership, source.columns, self.ledger)
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


def _select(
    home: Home, source: str, membership: str, where: Mapping[str, str], limit: int | None
) -> Selection:
    if not membership.startswith(LEDGER):
        return Selection(source, membership, where, limit)
    asked = membership.removeprefix(LEDGER)
    file = ledger_file(home, asked)
    rule = membership if asked.startswith(OF_MODEL) else f"{LEDGER}{file}"
    return Selection(source, rule, where, limit, read_ledger(file))


def _refuse_other_settings(home: Home, name: str, selection: Selection) -> None:
    if not home.has("datasets", name):
        return
    card = home.card("datasets", name)
    if any(card.get(setting) != value for setting, value in selection.settings().items()):
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


def _say_what_is_listed(reporter: Reporter, card: Card, ledger: Ledger | None) -> None:
    """Let a ledger that fits to nothing be noticed: by it alone, all images would be externals."""
    if ledger is not None:
        members, total = card["counts"]["membership"].get("member", 0), card["counts"]["total"]
        reporter.log(
            f"{card['id']}: {members:,} of {total:,} images are among the {ledger.entries:,} that "
            f"{ledger.file} lists; the others are externals."
        )


def _identified(rows: list[Row]) -> list[Row]:
    return [row | _content(str(row["uri"])) for row in rows]


def _content(uri: str) -> Row:
    try:
        pixels = read_pixels(uri)
    except MintError as error:
        identity = hashlib.blake2b(uri.encode(), digest_size=16).hexdigest()
        return {"sample_id": identity, "status": "unreadable", "reason": str(error)}
    look = look_of(pixels)
    return {
        "sample_id": image_id(pixels),
        "status": "ok",
        "reason": None,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "perceptual": look.perceptual if look else None,
        "spectrum": look.spectrum if look else None,
    }


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK_SAMPLES)):
        yield chunk
