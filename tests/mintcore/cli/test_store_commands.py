import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from mintcore.datasets.reading import samples
from store.artefacts import Home
from store.feature_store import FeatureStore, open_store

KEY = "block2/pooled"


Command = Callable[..., tuple[int, str, str]]


def as_json(mint: Command, *words: str) -> tuple[int, dict[str, Any]]:
    code, printed, _ = mint("store", *words, "--json")
    return code, json.loads(printed)


@pytest.fixture
def store(digits_home: Home) -> FeatureStore:
    """The store of the audited model."""
    (card,) = [card for card in digits_home.cards("stores") if card["model"] == "net"]
    return open_store(digits_home.folder("stores", card["id"]))


def members(home: Home) -> list[str]:
    ids: list[str] = samples(home, "members").column("sample_id").to_pylist()
    return ids


def values(store: FeatureStore, sample_ids: list[str]) -> np.ndarray:
    return store.read(KEY, store.locate(KEY, sample_ids))


def flip(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 4
    file.write_bytes(content)


def damage(store: FeatureStore, what: str) -> Path:
    """Damage one file of a kind, and name it."""
    folder = store.folder
    file = {
        "shard": next((folder / "activations.zarr" / KEY).glob("c.*")),
        "lost shard": next((folder / "activations.zarr" / KEY).glob("c.*")),
        "segment": next((folder / "index").glob("part-*.parquet")),
        "listing": folder / "index" / "dataset-members.parquet",
        "metadata": folder / "activations.zarr" / KEY / "zarr.json",
        "group": folder / "activations.zarr" / "block2" / "zarr.json",
        "sealed": next(folder.glob("index-*.duckdb")),
        "pointer": folder / "index.current",
    }[what]
    if what == "lost shard":
        file.unlink()
    else:
        flip(file, file.stat().st_size // 2)
    return file


def test_verify__whole_stores(mint: Command) -> None:
    code, found = as_json(mint, "verify")

    assert (code, found["problems"]) == (0, 0)
    assert len(found["stores"]) == 2
    assert sum(store["rows"] for store in found["stores"]) == 2000


def test_verify__takes_a_store_a_folder_or_a_home(
    mint: Command, digits_home: Home, store: FeatureStore
) -> None:
    by_name = as_json(mint, "verify", store.folder.name)
    by_folder = as_json(mint, "verify", str(store.folder))
    of_home = as_json(mint, "verify", str(digits_home.path))

    assert by_name == by_folder
    assert [found["id"] for found in by_name[1]["stores"]] == [store.folder.name]
    assert len(of_home[1]["stores"]) == 2


@pytest.mark.parametrize(
    "what",
    ["shard", "lost shard", "segment", "listing", "metadata", "group", "sealed", "pointer"],
)
def test_verify_and_repair__then_extraction_brings_everything_back(
    mint: Command, digits_home: Home, store: FeatureStore, what: str
) -> None:
    ids = members(digits_home)
    before = values(store, ids)
    file = damage(store, what)

    code, found = as_json(mint, "verify", store.folder.name)
    assert code == 1
    named = [problem["file"] for problem in found["stores"][0]["problems"]]
    assert str(file.relative_to(store.folder)) in named

    assert as_json(mint, "repair", store.folder.name)[0] == 0
    assert as_json(mint, "verify", store.folder.name)[1]["problems"] == 0
    assert mint("extract", "net", "members", "external", "--layers", "block2,output")[0] == 0
    assert as_json(mint, "verify", store.folder.name)[1]["problems"] == 0
    np.testing.assert_array_equal(values(open_store(store.folder), ids), before)


@pytest.mark.parametrize("damage", ["changed", "lost"])
def test_verify__card(mint: Command, store: FeatureStore, damage: str) -> None:
    card = store.folder / "card.json"
    card.unlink() if damage == "lost" else flip(card, 100)

    for words in ([], [store.folder.name], [str(store.folder)]):
        code, found = as_json(mint, "verify", *words)
        problems = [problem for one in found["stores"] for problem in one["problems"]]
        assert code == found["problems"] == 1
        assert [problem["file"] for problem in problems] == ["card.json"]


def test_repair__a_damaged_card_is_one_sentence(mint: Command, store: FeatureStore) -> None:
    card = store.folder / "card.json"
    card.write_text(card.read_text().replace('"net"', '"nett"'))

    code, _, complaint = mint("store", "repair", str(store.folder))
    assert code == 2
    assert "Traceback" not in complaint
    assert complaint.count("\n") == 1


def test_seal__says_which_file_it_is(mint: Command, store: FeatureStore) -> None:
    code, found = as_json(mint, "seal", store.folder.name)

    assert code == 0
    assert found["sealed"] == {store.folder.name: store.info()["sealed"]}


def test_gc__says_first_and_deletes_with_yes(mint: Command, store: FeatureStore) -> None:
    orphan = store.folder / "activations.zarr" / KEY / "c.900.0"
    orphan.write_bytes(b"x" * 1000)

    _, said = as_json(mint, "gc", store.folder.name)
    assert (said["bytes"], said["freed"]) == (1000, 0)
    assert orphan.exists()
    _, done = as_json(mint, "gc", store.folder.name, "--yes")
    assert done["freed"] == 1000
    assert not orphan.exists()
    assert as_json(mint, "verify", store.folder.name)[0] == 0


def test_gc__drops_arrays_by_glob_and_the_next_extraction_computes_them(
    mint: Command, digits_home: Home, store: FeatureStore
) -> None:
    ids = members(digits_home)
    before = values(store, ids)

    assert mint("store", "gc", store.folder.name, "--drop", "block2/*", "--yes")[0] == 0
    assert not any(key.startswith("block2/") for key in open_store(store.folder).specs())
    assert mint("extract", "net", "members", "--layers", "block2")[0] == 0
    np.testing.assert_array_equal(values(open_store(store.folder), ids), before)


def test_gc__unused_keeps_what_an_auditor_reads(mint: Command, store: FeatureStore) -> None:
    used = set(store.specs())
    assert mint("extract", "net", "members", "--layers", "block1")[0] == 0
    assert set(open_store(store.folder).specs()) > used

    assert mint("store", "gc", store.folder.name, "--unused", "--yes")[0] == 0
    assert set(open_store(store.folder).specs()) == used


def test_export__npy_and_parquet(
    mint: Command, digits_home: Home, store: FeatureStore, tmp_path: Path
) -> None:
    ids = members(digits_home)
    words = ("--arrays", KEY, "--dataset", "members")

    code, done = as_json(mint, "export", store.folder.name, str(tmp_path / "plain"), *words)
    assert (code, done["images"], done["left_out"]) == (0, 500, 0)
    exported = np.load(tmp_path / "plain" / "block2.pooled.npy")
    np.testing.assert_array_equal(exported, values(store, ids))

    parquet = (*words, "--format", "parquet", "--limit", "10")
    assert mint("store", "export", store.folder.name, str(tmp_path / "p"), *parquet)[0] == 0
    table = pq.read_table(tmp_path / "p" / "activations.parquet")
    assert table.column("sample_id").to_pylist() == ids[:10]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("export {} out --arrays nothing/*", "has no array 'nothing/*'"),
        ("export {} out --dataset nobody", "it knows the datasets external, members"),
        ("export {} out --format hdf5", "hdf5"),
        ("gc {} --drop nothing", "has no array 'nothing'"),
        ("verify nothing", "No store is called 'nothing'"),
        ("repair {home}", "name one of them"),
    ],
)
def test_bad_words__are_one_sentence(
    mint: Command, store: FeatureStore, digits_home: Home, words: str, sentence: str
) -> None:
    target = digits_home.path / "out"
    said = words.format(store.folder.name, home=digits_home.path).replace(" out", f" {target}")

    code, _, complaint = mint("store", *said.split())
    assert code == 2
    assert sentence in complaint
    assert "Traceback" not in complaint
    assert not target.exists()
