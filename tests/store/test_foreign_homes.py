"""Home folders that belong to another user, or cannot be written: one sentence, and nothing half done."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.artefacts import Home, write_card
from store.errors import StoreError

_NOBODY = 65_534


@contextmanager
def as_another_user() -> Iterator[None]:
    """Be a user whom permissions bind: root is not kept out by any."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def owned() -> Iterator[Home]:
    """A home folder with a model, outside the folders of pytest, which no other user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Home(Path(folder) / "home")
        with home.publishing("models", "net") as staging:
            write_card(staging, "models", "net")
        yield home
        for path in (home.path, *home.path.rglob("*")):
            path.chmod(0o755)


def read_only(home: Home) -> None:
    for path in (*home.path.rglob("*"), home.path):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_home__of_another_user_that_may_be_read(owned: Home) -> None:
    read_only(owned)
    with as_another_user():
        assert [card["id"] for card in owned.cards("models")] == ["net"]
        with (
            pytest.raises(StoreError, match=r"cannot be written \(Permission denied\): choose ano"),
            owned.publishing("models", "other"),
        ):
            pass
    assert list(owned.staging.iterdir()) == []


def test_home__of_which_only_one_folder_cannot_be_written(owned: Home) -> None:
    (owned.path / "models").chmod(0o555)
    owned.staging.chmod(0o777)
    with (
        as_another_user(),
        pytest.raises(StoreError, match=r"cannot be written \(Permission denied\): choose ano"),
        owned.publishing("models", "other") as staging,
    ):
        write_card(staging, "models", "other")
    assert list(owned.staging.iterdir()) == []
    assert not owned.has("models", "other")


@pytest.mark.parametrize("shut", [".", "models", "models/net"])
def test_home__that_may_not_be_read_is_not_taken_for_an_empty_one(owned: Home, shut: str) -> None:
    (owned.path / shut).chmod(0o000)
    with as_another_user():
        with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\): let its own"):
            owned.cards("models")
        with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\): let its own"):
            owned.card("models", "net")


def test_home__artefacts_are_the_owners_alone(owned: Home) -> None:
    assert (owned.path / "models" / "net").stat().st_mode & 0o077 == 0


def test_home__card_that_may_not_be_read(owned: Home) -> None:
    (owned.path / "models" / "net").chmod(0o755)
    (owned.path / "models" / "net" / "card.json").chmod(0o000)
    with as_another_user(), pytest.raises(StoreError, match="Permission denied"):
        owned.cards("models")


def test_home__that_is_a_file_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    assert Home(tmp_path / "home").cards("models") == []
    assert not Home(tmp_path / "home").has("models", "net")
