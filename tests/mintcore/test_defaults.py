import json
from pathlib import Path

import pytest

from mintcore.defaults import default_auditor, demote, promote
from mintcore.errors import MintError
from store.artefacts import Home, write_card
from store.errors import StoreError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    for name in ("net.output.vanilla.1", "net.output.vanilla.2"):
        with home.publishing("auditors", name) as folder:
            write_card(folder, "auditors", name)
    return home


def test_default__is_none_before_one_is_chosen(home: Home) -> None:
    assert default_auditor(home) is None


def test_default__is_the_one_that_was_promoted_last(home: Home) -> None:
    promote(home, "net.output.vanilla.1")
    promote(home, "net.output.vanilla.2")
    assert default_auditor(home) == "net.output.vanilla.2"


def test_default__one_that_was_deleted_is_none(home: Home) -> None:
    promote(home, "net.output.vanilla.1")
    (home.folder("auditors", "net.output.vanilla.1") / "card.json").unlink()
    assert default_auditor(home) is None


def test_default__can_be_taken_back_twice(home: Home) -> None:
    promote(home, "net.output.vanilla.1")
    demote(home)
    demote(home)
    assert default_auditor(home) is None


def test_promote__unknown_auditor_is_refused_and_nothing_changes(home: Home) -> None:
    promote(home, "net.output.vanilla.1")
    with pytest.raises(StoreError, match="Did you mean"):
        promote(home, "net.output.vanilla.3")
    assert default_auditor(home) == "net.output.vanilla.1"


@pytest.mark.parametrize("text", ["{", "[]", '{"auditor": 3}', '{"other": "a"}'])
def test_default__damaged_file_is_one_sentence(home: Home, text: str) -> None:
    (home.path / "default-auditor.json").write_text(text)
    with pytest.raises(MintError, match="delete it, and choose again"):
        default_auditor(home)


def test_promote__file_says_the_auditor_and_nothing_else(home: Home) -> None:
    promote(home, "net.output.vanilla.1")
    said = json.loads((home.path / "default-auditor.json").read_text())
    assert said == {"auditor": "net.output.vanilla.1"}
