import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mintcore.cli.program import app
from mintcore.errors import MintError
from mintcore.titles import read_titles
from store.artefacts import Home, Kind, write_card
from store.feature_store import create_store

SIDES = {"members": {"dataset": "in"}, "external": {"dataset": "in"}}
AUDITOR = {"model": "net", "reference": None, "made_from": SIDES, "networks": {}}


@pytest.fixture
def small_home(tmp_path: Path) -> Home:
    """A model, a dataset, an auditor and its audit."""
    home = Home(tmp_path / "home")
    audit = {"audit_kind": "image", "auditor": "net.a", "model": "net"}
    cards: list[tuple[Kind, str, dict[str, Any]]] = [
        ("models", "net", {}),
        ("datasets", "in", {"source": "folder:/data"}),
        ("auditors", "net.a", AUDITOR),
        ("audits", "image-1", audit),
    ]
    for kind, name, fields in cards:
        with home.publishing(kind, name) as folder:
            write_card(folder, kind, name, **fields)
    return home


def run(home: Home, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--home", str(home.path)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.mark.parametrize(
    ("command", "name", "gone"),
    [
        ("model", "net", ["image-1", "net.a", "net"]),
        ("dataset", "in", ["image-1", "net.a", "in"]),
        ("auditor", "net.a", ["image-1", "net.a"]),
        ("audit", "image-1", ["image-1"]),
    ],
)
def test_delete__lists_first_and_deletes_with_yes(
    small_home: Home, command: str, name: str, gone: list[str]
) -> None:
    listed = json.loads(run(small_home, command, "delete", name, "--json"))
    assert [each["id"] for each in listed["going"]] == gone
    assert not listed["deleted"]
    said = run(small_home, command, "delete", name)
    assert f"{len(gone)} artefacts" in said
    assert "would be deleted: --yes does it" in said
    assert small_home.has("audits", "image-1")
    assert "were deleted" in run(small_home, command, "delete", name, "--yes")
    assert not small_home.has("audits", "image-1")
    assert small_home.has("models", "net") == (name != "net")


@pytest.mark.parametrize(
    ("command", "kind", "name"),
    [("model", "models", "net"), ("dataset", "datasets", "in"), ("auditor", "auditors", "net.a")],
)
def test_rename__gives_a_title_and_takes_it_away(
    small_home: Home, command: str, kind: str, name: str
) -> None:
    assert "is called 'A better name'" in run(small_home, command, "rename", name, "A better name")
    assert read_titles(small_home)[kind] == {name: "A better name"}
    assert "has no title" in run(small_home, command, "rename", name, "")
    assert read_titles(small_home)[kind] == {}


def test_rename__what_is_refused_is_one_sentence(small_home: Home) -> None:
    with pytest.raises(MintError, match="at most 80"):
        run(small_home, "model", "rename", "net", "x" * 81)


def test_store_gc__tidies_the_home_folder_too(small_home: Home) -> None:
    create_store(small_home, "s", expected_rows=10)
    leftover = small_home.path / ".staging" / "gone-models-old-1234"
    leftover.mkdir()
    (leftover / "weights").write_bytes(bytes(5000))
    run(small_home, "store", "gc", "s")
    assert leftover.exists()
    assert json.loads(run(small_home, "store", "gc", "s", "--yes", "--json"))["freed"] >= 5000
    assert not leftover.exists()
