"""Each example in the help of a command does what it says, in the home folder that the demo makes.

They run in the order in which the help lists them, since some use what others made. What deletes comes last, audits
before what they were made with.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mintcore.cli.examples import examples_of
from mintcore.cli.program import command, main
from mintcore.datasets.reading import read_pixels, samples
from mintcore.jobs.queue import submit
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.protocols.bench import Bench
from mintcore.protocols.protocol import Outcome, Protocol
from mintcore.protocols.registry import PROTOCOLS
from mintcore.protocols.tables import AUDITOR, row
from store.artefacts import Home

SERVING = {"mint dashboard": "MINT workbench is at", "mint worker": "Working on the jobs"}
"""What runs until Ctrl-C, and the line with which it is ready."""
FACES = Preprocessing((112, 96), (0.5,) * 3, (0.5,) * 3)
PAIRS = "2 1\nAnn 1 2\nAnn 1 Bob 1\nBob 1 2\nAnn 2 Bob 2\n"


def leaves(group: Any) -> Iterator[Any]:
    """Give every command that does something."""
    for below in group.commands.values():
        if hasattr(below, "commands"):
            yield from leaves(below)
        else:
            yield below


_LISTED = [example for each in leaves(command()) for example in examples_of(each)]
_DELETING = [example for example in _LISTED if " delete " in example]
EXAMPLES = [example for example in _LISTED if example not in _DELETING] + _DELETING[::-1]


@pytest.fixture(scope="module")
def shop(told_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's home folder and the files that the examples name; its path has a blank and an umlaut."""
    folder = tmp_path_factory.mktemp("shop") / "Schöner Laden"
    left_out = shutil.ignore_patterns("jobs*", ".staging", "unfinished")
    shutil.copytree(told_home, folder / "mint-home", ignore=left_out)  # makes the folder, too
    home = Home(folder / "mint-home")
    uri = samples(home, "mnist-mixed", limit=1).column("uri")[0].as_py()
    Image.fromarray(read_pixels(uri)).save(folder / "photo.png")
    (folder / "data").mkdir()
    (folder / "pairs.txt").write_text(PAIRS)
    images = np.random.default_rng(0).integers(0, 256, (4, 112, 96, 3), np.uint8)
    np.savez(
        folder / "faces.npz", images=images, name=["Ann_0001", "Ann_0002", "Bob_0001", "Bob_0002"]
    )
    add_model(home, "faces", "mintcore:mobilefacenet", None, FACES)
    return folder


@pytest.fixture
def words(shop: Path) -> dict[str, str]:
    """What stands for the words in capitals, and for what is not to be had twice on one machine."""
    home = Home(shop / "mint-home")
    request = {"model": "mnist-classifier", "datasets": ["mnist-members"]}
    audits = [card["id"] for card in home.cards("audits") if card["audit_kind"] == "dataset"]
    return {
        "AUDITOR": next(c["id"] for c in home.cards("auditors") if c["layer"] == "dense"),
        "AUDIT": next(iter(audits), "deleted"),
        "STORE": next(card["id"] for card in home.cards("stores")),
        "JOB": submit(home, "extract", request),
        "FACE-MODEL": "faces",
        "FACES": "faces",
        "PAIRS": "pairs",
        "8600": str(free_port()),
        "/data/mint-home": shlex.quote(str(shop / "mint-home")),
    }


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocols that need nothing: the images and weights of the real ones are not beside every checkout."""
    line = row(role=AUDITOR, what="all of it", auc=0.6, auc_low=0.5, auc_high=0.7, tier="weak")

    def small(bench: Bench, definition: object) -> Outcome:
        return Outcome([line], ["It is small."], [])

    for name, each in PROTOCOLS.items():
        protocol = Protocol(name, each.title, each.question, (), each.definition, small)
        monkeypatch.setitem(PROTOCOLS, name, protocol)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.mark.usefixtures("protocols")
@pytest.mark.parametrize("example", EXAMPLES)
def test_example__does_what_it_says(
    example: str,
    shop: Path,
    told_home: Path,
    words: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(shop)
    monkeypatch.delenv("MINT_HOME", raising=False)
    if example.startswith(
        "mint demo"
    ):  # its images are known by their path, and a copy has another
        monkeypatch.setenv("MINT_HOME", str(told_home))
    line = substituted(example, words)
    assert not re.search(r"\b[A-Z]{3,}\b", line), "what stands for this word is not said"
    ready = next((said for path, said in SERVING.items() if example.startswith(path)), None)
    assert (served(line, ready) if ready else ended(line, monkeypatch)) == 0


def substituted(example: str, words: dict[str, str]) -> str:
    known = sorted(map(re.escape, words), key=len, reverse=True)
    return re.sub(rf"(?<!\w)({'|'.join(known)})(?!\w)", lambda found: words[found[1]], example)


def ended(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command here, and give its exit code."""
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    with pytest.raises(SystemExit) as leaving:
        main()
    return int(leaving.value.code or 0)


def served(line: str, ready: str) -> int:
    """Run a command until it is ready, stop it as Ctrl-C does, and give its exit code."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-c",
            "from mintcore.cli import main; main()",
            *shlex.split(line)[1:],
        ],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "BROWSER": "true"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(ready)
        process.send_signal(signal.SIGINT)
        return process.wait(30)
    finally:
        process.kill()
