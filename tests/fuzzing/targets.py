"""What is fuzzed: each target reads one input and gives a value, or a sentence for the person, and nothing else."""

import json
import re
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from hypothesis import strategies as st

from mintcore.datasets.manifests import open_manifest
from mintcore.datasets.offers import require_image_below
from mintcore.datasets.reading import read_pixels
from mintcore.datasets.recordsets import open_records
from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.image_limits import ImageLimits
from mintcore.images import decode_image, image_id
from store.artefacts import Home, read_card
from store.cards import card_digest

from . import seeds
from .mutation import Bytes, mutated

_LIMITS = ImageLimits(file_bytes=2**20, pixels=250_000)
_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|/\S+|0x[0-9a-f]+|[\d,.]+|\\x..|[^\x20-\x7e]+")
_FOLDER = Path(tempfile.gettempdir())
_NUMBERS = count()


@dataclass(frozen=True)
class Target:
    """A door.

    Attributes:
        read: Reads an input; gives what kind of value came out, or raises.
        seeds: Makes valid inputs.
        inputs: Gives inputs that began as the ones given.
    """

    read: Callable[[bytes], str]
    seeds: Callable[[], list[bytes]]
    inputs: Callable[[Sequence[bytes]], Bytes]

    def outcome(self, data: bytes) -> str:
        """Read an input; give the kind of value, or the sentence without what varies in it.

        Raises:
            Exception: The target raised something that is no sentence for a person.
        """
        try:
            return self.read(data)
        except PERSON_ERRORS as error:
            sentence = str(error)
            sentence.encode()  # or it could be shown nowhere
            return "refused: " + _VARIES.sub("~", sentence)[:200]


def _image(data: bytes) -> str:
    pixels = decode_image(data, _LIMITS)
    if pixels.shape[0] * pixels.shape[1] > _LIMITS.pixels:
        raise AssertionError(f"{pixels.shape} came through")
    return f"image {len(image_id(pixels))}"


def _manifest(data: bytes) -> str:
    with _file(".parquet" if data.startswith(b"PAR1") else ".csv") as file:
        file.write_bytes(data)
        rows = outside = 0
        for sample in open_manifest(file).samples():
            rows += 1
            sample.uri.encode()
            try:
                require_image_below(sample.uri, (file.parent,))
            except MintError:
                outside += 1
        return f"rows {min(rows, 3)} outside {min(outside, 3)}"


def _records(data: bytes) -> str:
    content, mark, index = data.partition(seeds.INDEX)
    with _file(".rec") as file:
        file.write_bytes(content)
        if mark:
            file.with_suffix(".idx").write_bytes(index)
        source = open_records(file)
        found = list(islice(source.samples(), 2000))
        shown = 0
        for sample in found[:5]:
            try:
                shown += len(read_pixels(sample.uri)) > 0
            except MintError:
                continue
        return f"records {min(len(found), 3)} shown {shown} columns {len(source.columns)}"


def _card(data: bytes) -> str:
    with _file("") as folder:
        home = Home(folder)
        home.folder("models", "net").mkdir(parents=True)
        (home.folder("models", "net") / "card.json").write_bytes(data)
        card = read_card(home.folder("models", "net"))
        json.dumps(card, ensure_ascii=False).encode()
        listed = home.cards("models")
        return f"card {sorted(card)[:4]} listed {len(listed)}"


@contextmanager
def _file(suffix: str) -> Iterator[Path]:
    """Give a path of its own below a folder that is removed again: files are remembered by their path."""
    folder = Path(tempfile.mkdtemp(dir=_FOLDER, prefix="fuzz-"))
    try:
        yield folder / f"{next(_NUMBERS)}{suffix}"
    finally:
        shutil.rmtree(folder)


def _image_inputs(pool: Sequence[bytes]) -> Bytes:
    tokens = [
        b"IHDR",
        b"IDAT",
        b"iCCP",
        b"zTXt",
        b"tRNS",
        b"acTL",
        b"Exif\0\0",
        b"\xff\xda",
        b"\xff\xc4",
        b"VP8X",
    ]
    drawn = mutated(
        pool,
        [
            *tokens,
            b"ALPH",
            b"ANMF",
            b"\x2c\0\0\0\0",
            b"\x21\xf9\4",
            b"ispe",
            b"II*\0",
            b"P6 ",
            b"\n",
        ],
    )
    is_png = b"\x89PNG\r\n\x1a\n"
    repaired = drawn.map(
        lambda data: seeds.with_checksums(data) if data.startswith(is_png) else data
    )
    return st.one_of(drawn, repaired)


def _manifest_inputs(pool: Sequence[bytes]) -> Bytes:
    tokens = [
        b",",
        b'"',
        b'""',
        b"\r",
        b"\n",
        b"\0",
        b"path",
        b"uri",
        b"#1",
        b".npz#",
        b".tar#1+2",
        b"..",
        b"/",
    ]
    return mutated(
        pool, [*tokens, b"PAR1", b"torchvision:", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"~", b"9" * 30]
    )


def _record_inputs(pool: Sequence[bytes]) -> Bytes:
    words = [
        seeds.MAGIC,
        seeds.INDEX,
        b"\t",
        b"\n",
        b"0\t0\n",
        b"1\t36\n",
        b"-1\t-1\n",
        b"\0\0\xc0\x7f",
        b"\0\0\x80\x7f",
        *(seeds.MAGIC + bytes([n, 0, 0, n << 5 & 255]) for n in range(5)),
    ]
    lengths = st.sampled_from([0, 1, 2, 3, 4, 5000, 2**31, 2**32 - 1])
    labels = st.lists(st.floats(width=32), max_size=5)
    images = st.sampled_from([seeds.PNG, seeds.PNG[:40], b"", seeds.MAGIC, b"abc"])
    written = st.lists(
        st.builds(_record, lengths, labels, st.integers(0, 6), images, st.sampled_from([0, 8, 40]))
    )
    index = st.lists(st.tuples(st.integers(-1, 6), st.integers(-4, 400))).map(_index)
    return st.one_of(
        mutated(pool, words),
        written.map(b"".join),
        st.builds(lambda parts, listed: b"".join(parts) + seeds.INDEX + listed, written, index),
    )


def _record(promised: int, labels: list[float], number: int, image: bytes, split: int) -> bytes:
    """Write a record that may promise other labels than it has, and be split where it likes."""
    content = struct.pack("<IfQQ", promised, 1.0, number, 0)
    content += struct.pack(f"<{len(labels)}f", *labels) + image
    cuts = [content] if not split else [content[:split], b"", content[split:]]
    flags = [0] if not split else [1, 2, 3]
    return b"".join(
        seeds.MAGIC + struct.pack("<I", flag << 29 | len(part)) + part + b"\0" * (-len(part) % 4)
        for flag, part in zip(flags, cuts, strict=True)
    )


def _index(entries: list[tuple[int, int]]) -> bytes:
    return b"".join(b"%d\t%d\n" % entry for entry in entries)


def _card_inputs(pool: Sequence[bytes]) -> Bytes:
    tokens = [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"null",
        b"NaN",
        b"1e999",
        b"-1",
        b"\\ud800",
        b"\\u0000",
    ]
    numbers = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=5))
    values = st.recursive(
        numbers,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
    )
    names = st.sampled_from(["id", "kind", "format", "created", "digest", "made_from"]) | st.text(
        max_size=5
    )
    built = st.dictionaries(names, values, max_size=5).map(_signed)
    return st.one_of(mutated(pool, [*tokens, b'"format"', b'"digest"', b"9" * 5000]), built)


def _signed(fields: dict[str, object]) -> bytes:
    """Write a card with a digest that fits, unless there is one of another kind."""
    card = {"id": "net", "kind": "models", "format": 1, "created": "2026", **fields}
    card.setdefault("digest", card_digest(card))
    return json.dumps(card).encode()


TARGETS = {
    "image": Target(_image, seeds.images, _image_inputs),
    "manifest": Target(_manifest, seeds.manifests, _manifest_inputs),
    "recordio": Target(_records, seeds.records, _record_inputs),
    "card": Target(_card, seeds.cards, _card_inputs),
}
