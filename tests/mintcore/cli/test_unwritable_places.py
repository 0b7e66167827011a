"""The command where a person stands in a folder that is not theirs, as in a container, and has no home of their own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
AS_NOBODY = f"""
import encodings.idna, os, sys  # Python itself may lie where nobody can read what is imported later
from mintcore.cli.program import main
os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
sys.argv[0] = "mint"
main()
"""
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only the administrator can become another"
)


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A folder that everybody may look into, and only its owner may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def mint_as_nobody(folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[3]), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("worker",),
        ("dashboard", "--no-browser"),
        ("store", "seal", "--home", "shut"),
    ],
)
def test_mint__in_a_folder_of_another_says_what_to_do(
    foreign: Path, words: tuple[str, ...]
) -> None:
    (foreign / "shut").mkdir(mode=0o700)
    code, printed, complaint = mint_as_nobody(foreign, *words)
    assert (code, printed) == (2, "")
    assert complaint.startswith("mint: ")
    assert complaint.count("\n") == 1
    assert "Permission denied" in complaint or "not readable" in complaint
    assert "--home" in complaint


def test_mint__reads_without_a_home_a_language_or_a_place_to_write(foreign: Path) -> None:
    assert mint_as_nobody(foreign, "model", "list", HOME="/nonexistent")[::2] == (0, "")
