"""What the program says of the machine, its packages and its home folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from mintcore import machine
from mintcore.home_sizes import OTHER, home_sizes
from mintcore.licences import installed_packages, own_licence
from store.artefacts import Home


def test_packages__have_a_version_and_say_something_of_their_licence() -> None:
    packages = {package.name.lower(): package for package in installed_packages()}
    assert packages["streamlit"].direct
    assert packages["streamlit"].licence == "Apache-2.0"
    assert not packages["markupsafe"].direct
    assert all(package.version and package.licence for package in packages.values())
    assert own_licence() == "Apache-2.0"


def test_machine__says_what_this_process_may_use() -> None:
    found = machine.this_machine()
    assert found.cpu
    assert found.cores >= 1
    assert 0 < found.free_memory_bytes <= found.memory_bytes


def test_gpus__without_a_driver_there_is_nothing_to_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.driver_gpus() is None


def test_gpus__are_those_that_the_driver_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'NVIDIA H100, 81559 MiB, 580.1'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert machine.driver_gpus() == ["NVIDIA H100, 81559 MiB, 580.1"]
    driver.write_text("#!/bin/sh\nexit 9\n")
    assert machine.driver_gpus() is None


def test_machine__needs_no_torch() -> None:
    code = "import sys, mintcore.machine, mintcore.licences; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_home_sizes__by_part_the_largest_first(tmp_path: Path) -> None:
    for name, size in (("stores/a/x", 300), ("models/m/card.json", 20), ("jobs.sqlite", 7)):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    found = home_sizes(Home(tmp_path), None)
    assert list(found.bytes.items()) == [("stores", 300), ("models", 20), (OTHER, 7)]
    assert found.whole
    assert found.free_bytes > 0


def test_home_sizes__stop_when_the_time_is_up(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"folder{number}").mkdir()
        (tmp_path / f"folder{number}" / "file").write_bytes(b"x")
    found = home_sizes(Home(tmp_path), 0.0)
    assert not found.whole
    assert sum(found.bytes.values()) < 3


def test_home_sizes__absent_home_is_empty(tmp_path: Path) -> None:
    assert home_sizes(Home(tmp_path / "none"), 0.2).bytes == {}
