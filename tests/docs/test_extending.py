"""What ``docs/extending.md`` shows works as it is written there: it is added to a copy of the program, and used."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_pages import ROOT, page_of
from sklearn.datasets import load_digits

BLOCKS = [block.text for block in page_of(ROOT / "docs" / "extending.md").blocks]
LONGEST_LINES = 12
"""Of code in one example, docstrings and imports aside."""

USED = """
import json, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
import dashboard
from mintcore.cli.program import app
from store.artefacts import Home

folder = Path.cwd()
def mint(line):
    app([*line.split(), "--home", "home"], standalone_mode=False)

mint("model add lenet --arch mintcore:lenet --num-classes 10 --size 28 --mean .3 --std .35")
mint("dataset add members --from arrays:members.npz --membership member")
mint("dataset add external --from arrays:external.npz --membership external")
mint("train lenet --members members --external external --layer 7 --kind shallow --seeds 1")
page = AppTest.from_file(str(Path(dashboard.__file__).with_name("app.py")), default_timeout=60).run()
page.switch_page("screens/stores.py").run()
home = Home(folder / "home")
(model,), (auditor,) = home.cards("models"), home.cards("auditors")
print(json.dumps({
    "program": dashboard.__file__,
    "layers": [layer["name"] for layer in model["layers"]],
    "auditor": [auditor["auditor_kind"], auditor["view"], [each["name"] for each in auditor["blind"]]],
    "page": [title.value for title in page.title],
    "table": page.dataframe[0].value.to_dict("records"),
    "complaints": [*map(str, page.exception), *map(str, page.error)],
}))
"""


def add(program: Path, block: str) -> Path:
    """Do with a block what its first line says, and give the file that it went to."""
    head, _, text = block.partition("\n")
    told = re.fullmatch(r"# (\S+?)(?:, (?:among the (imports)|in (\w+)))?", head)
    assert told is not None, head
    name, imports, table = told.groups()
    file = program / name
    if not imports and not table:
        assert not file.exists()
        file.write_text(text, encoding="utf-8")
        return file
    before = file.read_text(encoding="utf-8")
    place = r"^(?=from mintcore)" if imports else rf"^{table}\b.* = \{{\n"
    after, places = re.subn(place, lambda found: found.group() + text, before, count=1, flags=re.M)
    assert places == 1, head
    file.write_text(after, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with what the page adds."""
    copy = tmp_path_factory.mktemp("program")
    for room in ("dashboard", "mintcore", "store"):
        shutil.copytree(ROOT / room, copy / room)
    files = [add(copy, block) for block in BLOCKS]
    for check in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *check, "--config", ROOT / "pyproject.toml"]
        new = [file for file in files if file.read_text(encoding="utf-8") in "".join(BLOCKS)]
        ran = subprocess.run([*ruff, *new], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return copy


@pytest.fixture(scope="module")
def used(program: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of using the program so extended."""
    folder = tmp_path_factory.mktemp("used")
    digits = np.kron(load_digits().images[:240], np.ones((4, 4)))[:, 2:30, 2:30] * 15
    for name, cut in {"members": slice(0, 120), "external": slice(120, 240)}.items():
        np.savez(folder / f"{name}.npz", images=digits[cut].astype(np.uint8))
    environment = os.environ | {"PYTHONPATH": str(program), "MINT_HOME": str(folder / "home")}
    ran = subprocess.run(
        [sys.executable, "-c", USED],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert found["program"].startswith(str(program))
    return found


def test_architecture__is_registered_and_its_layers_found(used: dict[str, Any]) -> None:
    assert used["layers"] == ["input", *map(str, range(11)), "output"]


def test_kind_of_auditor__is_trained_beside_its_blind_baselines(used: dict[str, Any]) -> None:
    kind, view, blind = used["auditor"]
    assert (kind, view) == ("shallow", "pooled")
    assert blind == ["fresh weights", "raw pixels"]


def test_page__opens_and_shows_the_store(used: dict[str, Any]) -> None:
    assert used["complaints"] == []
    assert used["page"] == ["What is kept, and what does it take?"]
    assert [row["images"] for row in used["table"]] == [
        240,
        240,
    ]  # of the model and its untrained twin


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_example__is_about_ten_lines(block: str) -> None:
    not_code = re.compile(r'from |import |#|\s*"""|$')
    assert sum(not not_code.match(line) for line in block.splitlines()) <= LONGEST_LINES


def test_add__refuses_what_has_no_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("TABLE = {\n}\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="in OTHER"):
        add(tmp_path, "# a.py, in OTHER\n1: 2,\n")
