import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.digests import DIGEST, UNSTAMPED, check_stamp, digest_file, digest_of, stamp
from store.errors import StoreError


def parquet(folder: Path, rows: int = 10, **metadata: str) -> Path:
    file = folder / "file.parquet"
    table = pa.table({"n": np.arange(rows)})
    pq.write_table(table.replace_schema_metadata({DIGEST: UNSTAMPED} | metadata), file)
    return file


def test_digest_of__is_blake2b_of_16_bytes() -> None:
    # From RFC 7693's parameters, by coreutils: printf abc | b2sum -l 128
    assert digest_of(b"abc") == "cf4ab791c62b8d2b2109c90275287816"


@pytest.mark.parametrize("size", [0, 1, 2**22 - 1, 2**22, 2**22 + 1, 9_000_000])
def test_digest_file__pieces_give_the_same_as_the_whole(tmp_path: Path, size: int) -> None:
    content = np.random.default_rng(size).bytes(size)
    (tmp_path / "file").write_bytes(content)

    assert digest_file(tmp_path / "file") == hashlib.blake2b(content, digest_size=16).hexdigest()


def test_stamp__changes_nothing_but_the_digest(tmp_path: Path) -> None:
    file = parquet(tmp_path, color="blue")
    before = file.read_bytes()

    stamp(file)

    found = pq.read_metadata(file).metadata[DIGEST.encode()]
    assert found != UNSTAMPED.encode()
    assert file.read_bytes().replace(found, UNSTAMPED.encode()) == before
    assert pq.read_table(file)["n"].to_pylist() == list(range(10))
    check_stamp(file)


def test_stamp__is_the_digest_of_the_unstamped_file(tmp_path: Path) -> None:
    file = parquet(tmp_path)
    unstamped = digest_file(file)

    stamp(file)

    assert pq.read_metadata(file).metadata[DIGEST.encode()].decode() == unstamped


def test_check_stamp__a_flipped_bit_in_any_byte_is_found(tmp_path: Path) -> None:
    file = parquet(tmp_path)
    stamp(file)
    whole = file.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        with pytest.raises((StoreError, pa.ArrowException, OSError, ValueError)):
            check_stamp(file)


def test_check_stamp__every_shorter_file_is_found(tmp_path: Path) -> None:
    file = parquet(tmp_path)
    stamp(file)
    whole = file.read_bytes()
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        with pytest.raises((StoreError, pa.ArrowException, OSError, ValueError)):
            check_stamp(file)


def test_check_stamp__a_byte_more_is_found(tmp_path: Path) -> None:
    file = parquet(tmp_path)
    stamp(file)
    file.write_bytes(file.read_bytes() + b"x")

    with pytest.raises((StoreError, pa.ArrowException, OSError, ValueError)):
        check_stamp(file)


def test_check_stamp__never_stamped(tmp_path: Path) -> None:
    file = tmp_path / "file.parquet"
    pq.write_table(pa.table({"n": [1]}), file)

    with pytest.raises(StoreError, match="digest does not fit"):
        check_stamp(file)


def test_check_stamp__another_files_stamp(tmp_path: Path) -> None:
    file = parquet(tmp_path)
    stamp(file)
    digest = pq.read_metadata(file).metadata[DIGEST.encode()].decode()
    parquet(tmp_path, rows=11, digest=digest)

    with pytest.raises(StoreError, match="digest does not fit"):
        check_stamp(file)
