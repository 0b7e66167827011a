from pathlib import Path

import pytest

from mintcore.errors import PERSON_ERRORS
from mintcore.progress import SilentReporter
from mintcore.verification import VerifyRequest, verify_stores
from store.artefacts import Home


class Counter(SilentReporter):
    def __init__(self) -> None:
        self.total = self.done = 0

    def stage(self, name: str, total: int) -> None:
        self.total += total

    def advance(self, steps: int = 1) -> None:
        self.done += steps


def a_shard(home: Home) -> Path:
    return next(home.path.glob("stores/net-*/activations.zarr/*/*/c.*"))


def test_verify_stores__all_are_read_and_each_block_is_reported(digits_home: Home) -> None:
    reporter = Counter()
    found = verify_stores(digits_home, VerifyRequest(), reporter=reporter)
    assert {store["id"] for store in found} == {
        folder.name for folder in digits_home.path.glob("stores/*")
    }
    assert [store["problems"] for store in found] == [[]] * len(found)
    assert reporter.done == reporter.total >= len(found)


def test_verify_stores__a_damaged_file_is_named(digits_home: Home) -> None:
    shard = a_shard(digits_home)
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    store = shard.relative_to(digits_home.path).parts[1]
    (found,) = verify_stores(digits_home, VerifyRequest(store), reporter=SilentReporter())
    assert found["problems"]
    for problem in found["problems"]:
        assert shard.name in problem["file"]
        assert set(problem) == {"file", "kind", "message"}


def test_verify_stores__unknown_store(digits_home: Home) -> None:
    with pytest.raises(PERSON_ERRORS, match="No store is called 'nothing'"):
        verify_stores(digits_home, VerifyRequest("nothing"), reporter=SilentReporter())
