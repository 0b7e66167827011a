from pathlib import Path

import psutil
import pytest

from mintcore.errors import MintError
from mintcore.jobs.limits import Limits, free_memory, read_limits, shortage
from mintcore.jobs.queue import cancel, submit
from store.artefacts import Home


def test_read_limits__from_the_environment() -> None:
    assert read_limits({}) == Limits()
    given = {"MINT_JOBS_AT_ONCE": "3", "MINT_JOBS_FREE_DISK_MIB": "0", "MINT_OTHER": "x"}
    assert read_limits(given) == Limits(at_once=3, free_disk_mib=0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MINT_JOBS_AT_ONCE", "0"),
        ("MINT_JOBS_QUEUED", "-1"),
        ("MINT_JOBS_LOG_MIB", "1.5"),
        ("MINT_JOBS_FREE_MEMORY_MIB", "much"),
    ],
)
def test_read_limits__what_cannot_be_is_named(variable: str, value: str) -> None:
    with pytest.raises(MintError, match=f"{variable} is '{value}': give a whole number"):
        read_limits({variable: value})


def test_shortage__says_both_numbers(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert shortage(home, Limits(free_disk_mib=0, free_memory_mib=0)) is None
    most = 2**40
    missing = shortage(home, Limits(free_disk_mib=most))
    assert missing is not None
    assert "MINT_JOBS_FREE_DISK_MIB" in missing
    missing = shortage(home, Limits(free_disk_mib=0, free_memory_mib=most))
    assert missing is not None
    assert "MINT_JOBS_FREE_MEMORY_MIB" in missing


def test_free_memory__of_a_container_with_a_limit(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert free_memory(tmp_path) == 2000


@pytest.mark.parametrize("most", ["max\n", ""])
def test_free_memory__without_a_limit_is_the_machine_s(tmp_path: Path, most: str) -> None:
    (tmp_path / "memory.max").write_text(most)
    (tmp_path / "memory.current").write_text("1000\n")
    assert free_memory(tmp_path) > 0.5 * psutil.virtual_memory().available


def test_submit__no_more_than_may_wait(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINT_JOBS_QUEUED", "2")
    first, _ = (submit(home, "extract", {"model": name, "datasets": []}) for name in "ab")
    with pytest.raises(MintError, match="2 jobs wait already"):
        submit(home, "extract", {"model": "c", "datasets": []})
    assert submit(home, "extract", {"model": "a", "datasets": []}) == first  # joins, and adds none
    cancel(home, first)
    submit(home, "extract", {"model": "c", "datasets": []})
