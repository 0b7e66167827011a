from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintcore.errors import MintError
from mintcore.methods.agreement import find_at
from mintcore.methods.beside import (
    auditor_line,
    auditors_of_split,
    best_of_each_kind,
    split_scores,
)
from mintcore.methods.finds_table import find_lines
from store.artefacts import Home, Kind, write_card

IDS = [f"image {number}" for number in range(6)]
PARTS = ["train", "test", "test", "test", "validation", "test"]
IS_MEMBER = [True, True, False, True, False, False]
SPLIT: dict[str, Any] = {
    "model_fingerprint": "f",
    "made_from": {"members": {"dataset": "in"}, "external": {"dataset": "out"}},
    "overlap": {"exact": 0, "allowed": False},
}
AUDITOR = SPLIT | {
    "id": "a",
    "seed": 0,
    "auditor_kind": "joint",
    "validation_auc": 0.6,
    "auc": 0.61,
    "auc_ci": [0.5, 0.7],
    "low_fpr": [None, None],
    "n_members": 2,
    "n_externals": 2,
    "networks": {"auditor": {"sources": [{"arrays": [{"key": "output/signals-label-q16"}]}]}},
}
METHODS = SPLIT | {"request": {"seed": 0}}


def _publish(home: Home, kind: Kind, name: str, order: list[int], **scores: list[float]) -> None:
    with home.publishing(kind, name) as folder:
        table = {"sample_id": IDS, "is_member": IS_MEMBER, "part": PARTS, **scores}
        pq.write_table(pa.table(table).take(order), folder / "scores.parquet")
        write_card(folder, kind, name)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    loss = [0.0, 1.0, 2.0, 3.0, 4.0, float("nan")]
    _publish(home, "methods", "m", list(range(6)), loss=loss, entropy=[0.5] * 6)
    _publish(home, "auditors", "a", [5, 4, 3, 2, 1, 0], auditor=[0.0, 10.0, 20.0, 30.0, 40.0, 50.0])
    return home


def test_auditors_of_split__same_model_images_seed_and_overlap_best_on_validation_first() -> None:
    better = AUDITOR | {"id": "better", "validation_auc": 0.7, "auc": 0.5}
    others = [
        AUDITOR | {"seed": 1},
        AUDITOR | {"model_fingerprint": "g"},
        AUDITOR | {"made_from": {"members": {"dataset": "in"}, "external": {"dataset": "o"}}},
        AUDITOR | {"overlap": {"exact": 0, "allowed": True}},
    ]
    assert auditors_of_split(METHODS, [AUDITOR, *others, better]) == [better, AUDITOR]


def test_best_of_each_kind__the_first_of_each() -> None:
    vanilla = AUDITOR | {"id": "v", "auditor_kind": "vanilla"}
    cards = [AUDITOR, vanilla, AUDITOR | {"id": "second"}]
    assert [card["id"] for card in best_of_each_kind(cards)] == ["a", "v"]


@pytest.mark.parametrize(
    ("sources", "passes"),
    [
        ([{"arrays": [{"key": "dense/pooled"}]}], 1),
        ([{"arrays": [{"key": "a/pooled"}, {"key": "b/map8"}]}], 1),
        ([{"arrays": [{"key": "a/pooled"}, {"key": "output/signals-label-q16"}]}], 17),
        ([{"key": "a/pooled-q4"}, {"arrays": [{"key": "output/signals-label-s5"}]}], 9),
    ],
)
def test_auditor_line__each_set_of_queries_is_asked_once(sources: Any, passes: int) -> None:
    card = AUDITOR | {"networks": {"auditor": {"sources": sources}}}
    line = auditor_line(card, "MINT")
    assert (line["method"], line["forward_passes"], line["models_trained"]) == ("MINT", passes, 0)


def test_auditor_line__auditor_of_an_earlier_version_reads_one_array() -> None:
    card = AUDITOR | {"networks": {"auditor": {"store": "s", "key": "block1/pooled"}}}
    assert auditor_line(card, "MINT")["forward_passes"] == 1


def test_split_scores__held_out_images_that_all_scored_in_one_order(home: Home) -> None:
    read = split_scores(home, "m", ["loss", "entropy"], {"MINT": "a"})
    assert read.sample_ids.to_pylist() == ["image 1", "image 2", "image 3"]
    assert read.is_member.tolist() == [True, False, True]
    assert {name: values.tolist() for name, values in read.scores.items()} == {
        "loss": [1.0, 2.0, 3.0],
        "entropy": [0.5, 0.5, 0.5],
        "MINT": [10.0, 20.0, 30.0],
    }
    assert read.left_out == 1


def test_split_scores__auditor_of_another_split_is_refused(home: Home) -> None:
    _publish(home, "auditors", "other", [0, 1, 2, 3, 4], auditor=[0.0] * 6)
    with pytest.raises(MintError, match="'other' was tested on other images"):
        split_scores(home, "m", ["loss"], {"MINT": "other"})


def test_find_lines__counts_and_shares_of_both_sides() -> None:
    is_member = np.arange(40) < 20
    scores = {"a": np.arange(40.0)[::-1], "b": np.zeros(40)}
    scores["b"][[0, 25]] = 1.0
    finds = find_at(scores, is_member, 0.1)
    assert finds is not None
    a, b = find_lines(finds, scores, is_member)
    assert (a["share_members_count"], a["share_externals_count"]) == (20, 2)
    assert (b["share_members_count"], b["share_externals_count"]) == (1, 1)
    assert (a["alone_members_count"], b["alone_members_count"]) == (19, 0)
    assert (b["alone_externals_count"], b["alone_externals"]) == (1, 0.05)
    for line in (a, b):
        for figure in ("share_members", "alone_members", "alone_externals"):
            low, high = line[f"{figure}_ci"]
            assert low <= line[figure] <= high
