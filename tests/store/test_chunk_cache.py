import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.cache_limit import cache_limit_bytes
from store.chunk_cache import KEPT_PART, ChunkCache
from store.errors import StoreError

LIMIT = 16_000
NAMES = [f"chunk{number}" for number in range(40)]


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@settings(max_examples=40)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(NAMES), st.integers(0, 2500), st.integers(0, 1)), max_size=60
    ),
)
def test_cache__is_bounded_and_gives_what_was_put(
    steps: list[tuple[str, int, int]],
) -> None:
    with TemporaryDirectory() as folder:
        follow(Path(folder), steps)


def follow(folder: Path, steps: list[tuple[str, int, int]]) -> None:
    caches = [ChunkCache(folder, LIMIT) for _ in range(2)]  # as two processes have
    put: dict[str, bytes] = {}
    for name, count, which in steps:
        content = name.encode() * count
        caches[which].put(name, content[:2000])
        put[name] = content[:2000]
        assert size(folder) <= LIMIT
        assert caches[1 - which].get(name) == put[name]
    for name in NAMES:
        assert caches[0].get(name) in (None, put.get(name))


def test_cache__drops_what_was_not_asked_for_longest(tmp_path: Path) -> None:
    cache = ChunkCache(tmp_path, LIMIT)
    for number in range(14):
        cache.put(str(number), bytes(1000))
        cache.get("0")
    for number in range(14, 20):
        cache.put(str(number), bytes(1000))
        cache.get("0")

    there = [number for number in range(20) if cache.get(str(number))]
    assert 0 in there
    assert 19 in there
    assert 1 not in there
    assert there[1:] == list(range(there[1], 20))


def test_cache__takes_nothing_too_large_and_nothing_at_all_with_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ChunkCache(tmp_path / "a", LIMIT)
    cache.put("x", bytes(LIMIT // KEPT_PART + 1))
    assert cache.get("x") is None
    none = ChunkCache(tmp_path / "a", 0)
    cache.put("y", b"1")
    none.put("z", b"")
    assert (cache.get("y"), none.get("y"), none.get("z")) == (b"1", None, None)
    monkeypatch.setattr("store.chunk_cache.free_bytes", lambda _: 0)
    cache.put("full", b"1")
    assert cache.get("full") is None


def test_cache__where_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    cache = ChunkCache(tmp_path / "a", LIMIT)

    cache.put("x", b"1")
    cache.drop("x")

    assert cache.get("x") is None


def test_cache__is_used_by_many_threads(tmp_path: Path) -> None:
    caches = [ChunkCache(tmp_path, LIMIT) for _ in range(3)]
    wrong: list[str] = []

    def use(cache: ChunkCache) -> None:
        for name in NAMES * 4:
            cache.put(name, name.encode() * 100)
            if cache.get(name) not in (None, name.encode() * 100):
                wrong.append(name)

    threads = [threading.Thread(target=use, args=(cache,)) for cache in caches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert not list(tmp_path.rglob("*.unfinished"))


@pytest.mark.parametrize("given_limit", ["", "-1", "many", "1.5", "9" * 20])
def test_limit__that_is_no_number(given_limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINT_CACHE_MIB", given_limit)
    with pytest.raises(StoreError, match=r"MINT_CACHE_MIB is '.*': give a whole number from 0 on"):
        cache_limit_bytes()
