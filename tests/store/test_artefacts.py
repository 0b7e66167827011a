import errno
import json
import multiprocessing
import time
from pathlib import Path

import pytest

from store.artefacts import Home, read_card, write_card
from store.errors import StoreError


def publish(home: Home, name: str, content: str) -> None:
    with home.publishing("models", name) as staging:
        write_card(staging, "models", name, classes=10)
        (staging / "weights").mkdir()
        (staging / "weights" / "a.bin").write_text(content)


def fail_halfway(staging: Path) -> None:
    write_card(staging, "models", "resnet")
    staging.write_text("a folder is no file")


def test_publishing__folder_and_card_appear(home: Home) -> None:
    publish(home, "resnet", "abc")

    card = home.card("models", "resnet")
    assert (card["id"], card["kind"], card["classes"]) == ("resnet", "models", 10)
    assert (home.folder("models", "resnet") / "weights" / "a.bin").read_text() == "abc"


def test_publishing__nothing_is_visible_before_the_end(home: Home) -> None:
    with home.publishing("models", "resnet") as staging:
        write_card(staging, "models", "resnet")
        assert not home.has("models", "resnet")
        assert home.cards("models") == []
    assert home.has("models", "resnet")


def test_publishing__failure_leaves_nothing(home: Home) -> None:
    with pytest.raises(IsADirectoryError), home.publishing("models", "resnet") as staging:
        fail_halfway(staging)

    assert not home.has("models", "resnet")
    assert list((home.path / ".staging").iterdir()) == []


def test_publishing__first_one_stays(home: Home) -> None:
    publish(home, "resnet", "first")
    publish(home, "resnet", "second")

    assert (home.folder("models", "resnet") / "weights" / "a.bin").read_text() == "first"
    assert list((home.path / ".staging").iterdir()) == []


def test_publishing__full_disk_is_one_sentence(home: Home) -> None:
    with (
        pytest.raises(StoreError, match=r"disk of .* is full: free some space"),
        home.publishing("models", "resnet"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_publishing__home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")

    with (
        pytest.raises(StoreError, match=r"cannot be written .*choose another with --home"),
        Home(tmp_path / "home").publishing("models", "resnet"),
    ):
        pass


def publish_slowly(home: Home) -> None:
    with home.publishing("models", "resnet") as staging:
        write_card(staging, "models", "resnet")
        (staging / "ready").touch()
        time.sleep(60)


def test_publishing__killed_process_publishes_nothing(home: Home) -> None:
    child = multiprocessing.get_context("forkserver").Process(target=publish_slowly, args=(home,))
    child.start()
    while not list(home.path.glob(".staging/*/ready")):
        assert child.is_alive()
        time.sleep(0.005)
    child.kill()
    child.join()

    assert not home.has("models", "resnet")
    publish(home, "resnet", "after")
    assert (home.folder("models", "resnet") / "weights" / "a.bin").read_text() == "after"


def test_card__near_names_are_suggested(home: Home) -> None:
    publish(home, "resnet18", "")
    publish(home, "mobilenet", "")

    with pytest.raises(StoreError, match=r"No model is called 'resnet81'.*mean resnet18\?"):
        home.card("models", "resnet81")


def test_card__names_are_listed_where_none_is_near(home: Home) -> None:
    publish(home, "resnet18", "")

    with pytest.raises(StoreError, match="There are: resnet18"):
        home.card("models", "xyz")


def test_card__none_yet(home: Home) -> None:
    with pytest.raises(StoreError, match="There are none yet"):
        home.card("auditors", "xyz")


STRANGE = ["a\0b", "\0", "a\u202eb", "a\u200bb", "аb", "ﬁ", "a\n", "a\nb", "\ud800", "a" * 100_000]
ELSEWHERE = [".", "..", "../models", "a/b", "/etc/passwd", "~", "a\\b", ".staging", "C:x"]
CODE = ["-a", "%s", "{0}", "$HOME", "'; DROP TABLE models; --", "=1+1", "<b>", "a b", "é", "*", ""]


@pytest.mark.parametrize("name", [*STRANGE, *ELSEWHERE, *CODE, "a" * 97])
def test_folder__bad_names_are_refused(home: Home, name: str) -> None:
    for asked in (home.folder, home.has, home.card):
        with pytest.raises(StoreError, match="is not a usable name") as raised:
            asked("models", name)
        assert len(str(raised.value)) < 1000
        str(raised.value).encode()


def test_cards__oldest_first(home: Home) -> None:
    for name in ("c", "a", "b"):
        publish(home, name, "")
        time.sleep(0.002)

    assert [card["id"] for card in home.cards("models")] == ["c", "a", "b"]


def test_read_card__newer_format(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps({"id": "a", "format": 2}))

    with pytest.raises(StoreError, match="has format 2, but this version reads up to 1: update"):
        read_card(tmp_path)


def test_read_card__changed_by_hand(home: Home) -> None:
    publish(home, "resnet", "abc")
    file = home.folder("models", "resnet") / "card.json"
    file.write_text(file.read_text().replace('"classes": 10', '"classes": 11'))

    with pytest.raises(StoreError, match=r"card\.json was changed since it was written"):
        home.card("models", "resnet")


def test_read_card__lines_and_their_order_do_not_matter(home: Home) -> None:
    publish(home, "resnet", "abc")
    card = home.card("models", "resnet")
    file = home.folder("models", "resnet") / "card.json"
    file.write_text(json.dumps(dict(reversed(card.items()))))

    assert home.card("models", "resnet") == card


def test_read_card__of_an_earlier_version_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps({"id": "a", "format": 1}))

    assert read_card(tmp_path) == {"id": "a", "format": 1}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "new"}', "\ud800"])
def test_read_card__damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.json").write_bytes(text.encode("utf-16", "surrogatepass"))
    with pytest.raises(StoreError, match=r"card\.json is not a readable card"):
        read_card(tmp_path)

    (tmp_path / "card.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(StoreError, match=r"card\.json is not a readable card"):
        read_card(tmp_path)
