import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.errors import MintError
from mintcore.titles import LONGEST, forget, read_titles, rename, titles_version
from store.artefacts import Home, write_card
from store.errors import StoreError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with the models net and other."""
    for name in ("net", "other"):
        with Home(tmp_path).publishing("models", name) as folder:
            write_card(folder, "models", name)
    return Home(tmp_path)


def test_rename__the_title_is_kept_and_the_card_is_not_touched(home: Home) -> None:
    card = (home.folder("models", "net") / "card.json").read_bytes()
    assert rename(home, "models", "net", "  The **public** <b>one</b> ") == (
        "The **public** <b>one</b>"
    )
    assert read_titles(home) == {"models": {"net": "The **public** <b>one</b>"}}
    assert (home.folder("models", "net") / "card.json").read_bytes() == card


def test_rename__nothing_takes_the_title_away(home: Home) -> None:
    rename(home, "models", "net", "Old")
    rename(home, "models", "net", " ")
    assert read_titles(home)["models"] == {}


@pytest.mark.parametrize("title", ["a\nb", "a\0b", "a\u202eb", "a\u200bb", "\x1b[31m"])
def test_rename__what_cannot_be_seen_is_refused(home: Home, title: str) -> None:
    with pytest.raises(MintError, match=r"without U\+"):
        rename(home, "models", "net", title)


def test_rename__too_long_is_refused(home: Home) -> None:
    rename(home, "models", "net", "x" * LONGEST)
    with pytest.raises(MintError, match="at most 80 characters, not 81"):
        rename(home, "models", "net", "x" * (LONGEST + 1))


def test_rename__what_another_is_called_is_refused(home: Home) -> None:
    rename(home, "models", "net", "Mine")
    for taken in ("Mine", "net"):
        with pytest.raises(MintError, match=r"called .* already"):
            rename(home, "models", "other", taken)
    assert rename(home, "models", "net", "Mine") == "Mine"


def test_rename__unknown_artefact_names_near_ones(home: Home) -> None:
    with pytest.raises(StoreError, match="Did you mean net"):
        rename(home, "models", "nett", "x")


def test_rename__several_at_once_lose_nothing(home: Home) -> None:
    names = [f"m{number}" for number in range(8)]
    for name in names:
        with home.publishing("models", name) as folder:
            write_card(folder, "models", name)
    threads = [
        threading.Thread(target=rename, args=(home, "models", name, f"Title of {name}"))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_titles(home)["models"] == {name: f"Title of {name}" for name in names}


def test_read_titles__damage_is_one_sentence(home: Home) -> None:
    for damage in ("{", "[]", '{"models": 1}', "[" * 100_000):
        (home.path / "titles.json").write_text(damage)
        with pytest.raises(MintError, match="cannot be read"):
            read_titles(home)


def test_titles_version__changes_with_the_titles(home: Home) -> None:
    assert titles_version(home) == 0
    rename(home, "models", "net", "A")
    assert titles_version(home) > 0


@given(st.text(max_size=100))
def test_rename__what_is_accepted_comes_back(
    tmp_path_factory: pytest.TempPathFactory, title: str
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    with home.publishing("datasets", "set") as folder:
        write_card(folder, "datasets", "set")
    try:
        kept = rename(home, "datasets", "set", title)
    except MintError:
        assert read_titles(home) == {}
    else:
        assert read_titles(home)["datasets"] == ({"set": kept} if kept else {})
        assert rename(home, "datasets", "set", kept) == kept


def test_forget__only_what_is_gone(home: Home) -> None:
    rename(home, "models", "net", "A")
    rename(home, "models", "other", "B")
    forget(home, {"models": {"net"}, "datasets": {"other"}})
    assert read_titles(home)["models"] == {"other": "B"}
