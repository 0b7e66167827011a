"""Images of a dataset audit, chosen."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintcore.audited_images import Wanted, chosen_images, name_of, names_in, with_names
from store.artefacts import Home, write_card

IMAGES = {
    "sample_id": ["1", "2", "3"],
    "uri": ["/data/1.png", "/data/2.png", "/data/3.png"],
    "label": ["cat", None, "dog"],
    "score": [3.0, 2.0, 1.0],
    "q_value": [0.01, 0.1, 0.9],
}


def audited(path: Path, images: dict[str, list[object]]) -> Home:
    home = Home(path)
    with home.publishing("audits", "one") as folder:
        pq.write_table(pa.table(images), folder / "scores.parquet")
        write_card(folder, "audits", "one")
    return home


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(), ["1", "2", "3"]),
        (Wanted(order="lowest"), ["3", "2", "1"]),
        (Wanted(label="dog"), ["3"]),
        (Wanted(named_at=0.1), ["1", "2"]),
        (Wanted(named_at=0.1, label="dog"), []),
        (Wanted(identity="anybody"), []),
    ],
)
def test_chosen_images__are_those_wanted(tmp_path: Path, wanted: Wanted, ids: list[str]) -> None:
    found = chosen_images(audited(tmp_path, IMAGES), "one", wanted)
    assert found.column("sample_id").to_pylist() == ids


def test_chosen_images__an_earlier_version_named_none(tmp_path: Path) -> None:
    home = audited(tmp_path, {key: IMAGES[key] for key in ("sample_id", "score")})
    assert len(chosen_images(home, "one", Wanted(named_at=0.5))) == 0


def test_names_in__gives_each_once_and_no_missing_one(tmp_path: Path) -> None:
    home = audited(tmp_path, IMAGES)
    assert names_in(home, "one", "label") == ["cat", "dog"]
    assert names_in(home, "one", "identity") == []


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/data/photos/a b.png", "a b.png"),
        ("/data/found.zip#3/folder/a.png", "a.png"),
        ("/data/found.zip#3", "/data/found.zip#3"),
        ("/data/digits.npz#12", "digits.npz#12"),
        (None, ""),
    ],
)
def test_name_of__is_what_a_person_knows(uri: str | None, name: str) -> None:
    assert name_of(uri) == name


def test_with_names__keeps_the_columns(tmp_path: Path) -> None:
    rows = with_names(chosen_images(audited(tmp_path, IMAGES), "one", Wanted(label="cat")))
    assert [(row["name"], row["score"]) for row in rows] == [("1.png", 3.0)]
