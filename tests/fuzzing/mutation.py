"""Files that began as valid ones: bytes are changed, cut, repeated, and replaced by what parsers stumble over."""

import struct
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Bytes = st.SearchStrategy[bytes]
Change = Callable[[bytes], bytes]

MOST_BYTES = 2**17
_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32_767, 65_535, 2**29 - 1, 2**31 - 1, 2**31, 2**32 - 1)
_LONG = (b"\0", b"A", b"\xff", b"[", b'"', b",", b"\n")


def mutated(pool: Sequence[bytes], tokens: Sequence[bytes]) -> Bytes:
    """Draw one of the files, and change it up to six times.

    Args:
        pool: Files to begin with.
        tokens: What means something in this format.
    """
    places = st.integers(0, MOST_BYTES)
    changes = st.one_of(
        st.builds(_overwritten, places, st.binary(min_size=1, max_size=4)),
        st.builds(_overwritten, places, _packed_numbers()),
        st.builds(_inserted, places, st.sampled_from(tokens)),
        st.builds(_inserted, places, st.binary(min_size=1, max_size=8)),
        st.builds(_inserted, places, _repeated()),
        st.builds(_without, places, st.integers(1, 64)),
        st.builds(_repeating, places, st.integers(1, 256), st.integers(1, 64)),
        st.builds(_cut, places),
        st.builds(_spliced, places, st.sampled_from(pool), places),
    )
    few_or_many = st.one_of(st.lists(changes, max_size=1), st.lists(changes, max_size=6))
    return st.builds(_changed, st.sampled_from(pool), few_or_many)


def _packed_numbers() -> Bytes:
    formats = st.sampled_from(["<H", ">H", "<I", ">I", "<Q", ">Q"])
    return st.builds(
        lambda form, number: struct.pack(form, number % 2 ** (8 * struct.calcsize(form))),
        formats,
        st.sampled_from(_NUMBERS),
    )


def _repeated() -> Bytes:
    lengths = st.sampled_from([100, 1000, 5000, 40_000])
    return st.builds(lambda piece, length: piece * length, st.sampled_from(_LONG), lengths)


def _changed(file: bytes, changes: list[Change]) -> bytes:
    for change in changes:
        file = change(file)[:MOST_BYTES]
    return file


def _at(place: int, file: bytes) -> int:
    return place % (len(file) + 1)


def _overwritten(place: int, piece: bytes) -> Change:
    def change(file: bytes) -> bytes:
        start = _at(place, file)
        return file[:start] + piece + file[start + len(piece) :]

    return change


def _inserted(place: int, piece: bytes) -> Change:
    return lambda file: file[: _at(place, file)] + piece + file[_at(place, file) :]


def _without(place: int, length: int) -> Change:
    return lambda file: file[: _at(place, file)] + file[_at(place, file) + length :]


def _repeating(place: int, length: int, times: int) -> Change:
    def change(file: bytes) -> bytes:
        start = _at(place, file)
        return file[:start] + file[start : start + length] * times + file[start + length :]

    return change


def _cut(place: int) -> Change:
    return lambda file: file[: _at(place, file)]


def _spliced(place: int, other: bytes, from_there: int) -> Change:
    return lambda file: file[: _at(place, file)] + other[_at(from_there, other) :]
