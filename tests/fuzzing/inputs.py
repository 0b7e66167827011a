"""What a door is given: files that began as valid ones, and files made of odd parts."""

import csv
import io
import json
import struct
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from store.cards import card_digest

from . import seeds
from .mutation import Bytes, mutated


def image_inputs(pool: Sequence[bytes]) -> Bytes:
    """Give images, half of them with the checksums of PNG corrected."""
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


def manifest_inputs(pool: Sequence[bytes]) -> Bytes:
    """Give tables: changed ones, and ones of odd cells and columns."""
    tokens = [b",", b'"', b'""', b"\r", b"\n", b"\0", b"path", b"uri", b"..", b"/", b"~", b"PAR1"]
    places = [b"#1", b".npz#", b".tar#1+2", b"torchvision:", b"9" * 30]
    encodings = [b"\xef\xbb\xbf", b"\xed\xa0\x80"]
    cells = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
        ["../x", "a.zip#1/b", "", "~"]
    )
    values = cells | st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.booleans()
    names = st.sampled_from(["path", "uri", "label", "identity", "split", ""])
    return st.one_of(
        mutated(pool, [*tokens, *places, *encodings]),
        st.lists(st.lists(cells, max_size=4), max_size=5).map(_csv),
        st.dictionaries(
            names, st.lists(values, min_size=3, max_size=3), min_size=1, max_size=4
        ).map(_parquet),
    )


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["path", "label"], *rows])
    return text.getvalue().encode()


def _parquet(columns: dict[str, list[object]]) -> bytes:
    """Write a table; a column of values of several types becomes one of texts."""
    buffer = io.BytesIO()
    mixed = {
        name: {type(value) for value in values} - {type(None)} for name, values in columns.items()
    }
    table = {
        name: [None if value is None else str(value) for value in values]
        if len(mixed[name]) > 1
        else values
        for name, values in columns.items()
    }
    pq.write_table(pa.table(table), buffer)
    return buffer.getvalue()


def record_inputs(pool: Sequence[bytes]) -> Bytes:
    """Give RecordIO files: changed ones, and ones whose records promise what they like."""
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


def card_inputs(pool: Sequence[bytes]) -> Bytes:
    """Give cards: changed ones, and ones of any JSON with a digest that fits."""
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
