"""The wheel holds all that the program needs, and nothing else."""

import re
import subprocess
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from mintcore.doctor.installation import EXTRAS
from mintcore.licences import OWN

ROOT = Path(__file__).parents[1]
ROOMS = ("dashboard", "mintcore", "store")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built here without network."""
    folder = tmp_path_factory.mktemp("wheel")
    (file,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(file)


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def tracked() -> list[str]:
    """List the files of the rooms that git knows and that are there."""
    command = ["git", "ls-files", *ROOMS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no checkout of git")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_wheel__has_every_file_of_the_rooms(names: set[str]) -> None:
    files = tracked()
    assert {Path(name).suffix for name in files} > {".py", ".js", ".css", ".md", ".j2"}
    assert [name for name in files if name not in names] == []
    assert {"dashboard/.streamlit/config.toml", "mintcore/py.typed", "store/py.typed"} <= names


def test_wheel__has_nothing_else(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)
    assert [name for name in names if "/test" in name or "__pycache__" in name] == []


def test_wheel__says_what_it_needs_and_makes_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        told: Message = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        commands = archive.read(f"{info}/entry_points.txt").decode()
    assert told["Name"] == OWN
    assert re.search(r"^mint = mintcore.cli:main$", commands, re.MULTILINE)
    assert set(told.get_all("Provides-Extra")) == {*EXTRAS, "test"}
    needed = {re.split(r"\W", line)[0] for line in told.get_all("Requires-Dist")}
    assert {"streamlit", "torch", "zarr", "duckdb", "packaging"} <= needed
