"""Cards that are damaged, hostile, of another artefact or of a newer version."""

import json
import os
from pathlib import Path

import pytest

from store.artefacts import Home, read_card, write_card
from store.cards import MOST_CARD_BYTES
from store.errors import StoreError


def put(folder: Path, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.json").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"format":' * 100_000,
        b'{"format": 1, "a": ' + b"9" * 5000 + b"}",
        b'{"format": 1, "a": "\\ud800"}',
        b'{"format": 1, "a": "\xe9"}',
        b'\xef\xbb\xbf{"format": 1}',
        b'[["format", 1]]',
        b'"format"',
        b"null",
    ],
)
def test_read_card__what_no_json_object_is(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(StoreError, match=r"card\.json is not a readable card"):
        read_card(put(tmp_path, content))


@pytest.mark.parametrize(
    "version", ["true", '"1"', "1.0", "1.9", "NaN", "1e999", "null", "[1]", "0", "-1"]
)
def test_read_card__format_that_is_no_number_of_a_version(tmp_path: Path, version: str) -> None:
    with pytest.raises(StoreError, match="it has no format"):
        read_card(put(tmp_path, f'{{"format": {version}}}'.encode()))


def test_read_card__of_a_repeated_key_the_last_counts_for_the_digest_too(tmp_path: Path) -> None:
    card = write_card(tmp_path, "models", "net", classes=10)
    text = (tmp_path / "card.json").read_text(encoding="utf-8")
    put(tmp_path, text.replace("{", '{"classes": 11,', 1).encode())
    assert read_card(tmp_path) == card
    put(tmp_path, (text.rstrip().removesuffix("}") + ', "classes": 11}').encode())
    with pytest.raises(StoreError, match="was changed since it was written"):
        read_card(tmp_path)


def test_read_card__fields_that_this_version_does_not_know_are_kept(tmp_path: Path) -> None:
    card = write_card(tmp_path, "models", "net", of_a_newer_version={"a": [1]})
    assert read_card(tmp_path) == card


def test_read_card__a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "card.json")
    with pytest.raises(StoreError, match="it is no file"):
        read_card(tmp_path)


@pytest.mark.parametrize("target", ["/dev/zero", ".", "card.json"])
def test_read_card__links_to_what_is_no_file(tmp_path: Path, target: str) -> None:
    (tmp_path / "card.json").symlink_to(target)
    with pytest.raises(StoreError, match="is not a readable card"):
        read_card(tmp_path)


def test_read_card__giant_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "card.json").open("wb") as handle:
        handle.truncate(MOST_CARD_BYTES + 1)  # a file with a hole, which takes no space
    with pytest.raises(StoreError, match="it has more than 67,108,864 bytes"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"id": "other", "kind": "models", "created": "2026"}, "is the card of another artefact"),
        ({"id": "../../x", "kind": "models", "created": "2026"}, "is the card of another"),
        ({"id": "net", "kind": "audits", "created": "2026"}, "is the card of another artefact"),
        ({"id": "net", "kind": "models"}, "does not say when it was made"),
        ({"id": "net", "kind": "models", "created": 5}, "does not say when it was made"),
    ],
)
def test_card__of_another_artefact(home: Home, said: dict[str, object], reason: str) -> None:
    put(home.path / "models" / "net", json.dumps({"format": 1, **said}).encode())
    with pytest.raises(StoreError, match=reason):
        home.card("models", "net")
    with pytest.raises(StoreError, match=reason):
        home.cards("models")


def test_cards__kinds_that_this_version_does_not_know_are_left_alone(home: Home) -> None:
    put(home.path / "futures" / "net", b'{"format": 9, "id": "net", "kind": "futures"}')
    assert home.cards("models") == []
