"""The reads of ``mintcore.library`` that pages need."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from mintcore.library import (
    artefact_version,
    artefact_versions,
    auditors_of,
    contributions,
    datasets_with,
    experiment_key,
    experiment_of,
    experiments,
    further_auditors_of,
    has_map,
    has_signals,
    layer_names,
    store_info,
    store_versions,
)
from store.artefacts import Home
from store.feature_store import create_store
from store.layout import ArraySpec

MODEL = {
    "layers": [
        {"name": "input", "kind": "map", "shape": [3, 8, 8], "parameters": 0},
        {"name": "block1", "kind": "map", "shape": [4, 8, 8], "parameters": 10},
        {"name": "output", "kind": "vector", "shape": [10], "parameters": 20},
    ]
}


def _auditor(layer: str, created: str = "2026-01-01", **changed: Any) -> dict[str, Any]:
    return {
        "id": f"{layer}-{created}",
        "created": created,
        "layer": layer,
        "auditor_kind": "vanilla",
        "view": "pooled",
        "networks": {"auditor": {"key": f"{layer}/pooled"}},
        "model": "net",
        "made_from": {"members": {"dataset": "in"}, "external": {"dataset": "out"}},
        "reference": None,
        "map_side": 8,
        "seed": 0,
    } | changed


def _publish(home: Home, name: str, created: str) -> Path:
    folder = home.path / "comparisons" / name
    folder.mkdir(parents=True)
    card = {"id": name, "format": 1, "created": created}
    (folder / "card.json").write_text(json.dumps(card))
    return folder / "card.json"


def test_artefact_versions__changes_when_another_is_published_under_the_name(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    card = _publish(home, "one", "2026-01-01")
    before = artefact_versions(home, "comparisons")
    os.utime(card, ns=(1, 1))
    assert list(before) == ["one"]
    assert artefact_versions(home, "comparisons") == {"one": 1} != before


def test_artefact_versions__are_those_of_what_is_published(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert artefact_versions(home, "comparisons") == {}
    for name in ("b", "a"):
        _publish(home, name, "2026-01-01")
    (home.path / "comparisons" / "begun").mkdir()
    versions = artefact_versions(home, "comparisons")
    assert list(versions) == ["a", "b"]
    assert versions["a"] == artefact_version(home, "comparisons", "a") > 0
    assert artefact_version(home, "comparisons", "begun") == 0


def test_store_versions__change_with_every_commit_and_seal_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    home, spec = Home(tmp_path), ArraySpec("layer", "pooled", (4,))
    store = create_store(home, "one", expected_rows=10)
    seen = [store_versions(home)]
    with store.writer([spec], rows=2) as writer:
        writer.commit(["0" * 32], {spec.key: np.zeros((1, 4), np.float16)})
        seen.append(store_versions(home))
        writer.commit(["1" * 32], {spec.key: np.zeros((1, 4), np.float16)})
        seen.append(store_versions(home))
    store.seal()
    seen.append(store_versions(home))
    assert len({versions["one"] for versions in seen}) == len(seen)
    store_info(home, "one")
    assert store_versions(home) == seen[-1]


def test_layer_names__without_the_input() -> None:
    assert layer_names(MODEL) == ["block1", "output"]


def test_has_map__only_layers_with_space() -> None:
    assert [has_map(MODEL, name) for name in ("block1", "output", "none")] == [True, False, False]


def test_experiments__those_with_the_most_auditors_first() -> None:
    cards = [_auditor("block1", seed=1), _auditor("block1"), _auditor("output")]
    assert [found["seed"] for found in experiments(cards).values()] == [0, 1]
    assert list(experiments(cards)) == [experiment_key(cards[1]), experiment_key(cards[0])]


def test_auditors_of__in_layer_order_and_the_newer_of_two() -> None:
    cards = [_auditor("output"), _auditor("block1", "2026-01-02"), _auditor("block1")]
    found = auditors_of(cards, experiment_of(cards[0]), ["block1", "output"])
    assert [card["id"] for card in found] == ["block1-2026-01-02", "output-2026-01-01"]


def test_auditors_of__other_experiments_are_left_out() -> None:
    cards = [_auditor("output"), _auditor("output", reference="other")]
    assert auditors_of(cards, experiment_of(cards[0]), ["output"]) == [cards[0]]


def test_further_auditors_of__other_views_several_sources_and_tuned_newest_first() -> None:
    cards = [
        _auditor("output", view="pooled-q10"),
        _auditor("output"),
        _auditor("output", "2026-01-03", search={"trials": []}),
        _auditor("fused", "2026-01-02", auditor_kind="fused", view=None),
    ]
    found = further_auditors_of(cards, experiment_of(cards[0]))
    assert [card["id"] for card in found] == [
        "output-2026-01-03",
        "fused-2026-01-02",
        "output-2026-01-01",
    ]


def test_contributions__the_most_first_and_none_of_one_source() -> None:
    sources = [{"arrays": [{"key": key}]} for key in ("block1/pooled", "output/pooled")]
    fused = {"sources": sources, "contributions": [0.2, 0.8], "importance": {}}
    assert contributions({"networks": {"auditor": fused}}) == [
        ("output/pooled", 0.8),
        ("block1/pooled", 0.2),
    ]
    joint = {"sources": sources[:1], "contributions": [1.0], "importance": {"a": 0.0, "b": 0.1}}
    assert contributions({"networks": {"auditor": joint}}) == [("b", 0.1), ("a", 0.0)]
    assert contributions(_auditor("output")) == []  # as an earlier version wrote it


def test_has_signals__the_output_of_a_classifier() -> None:
    assert has_signals(MODEL, "output")
    assert not has_signals(MODEL, "block1")
    assert not has_signals(MODEL | {"head": "embedding"}, "output")


def test_datasets_with__most_first_and_none_without() -> None:
    datasets = [
        {"id": "few", "counts": {"membership": {"member": 1}}},
        {"id": "many", "counts": {"membership": {"member": 9, "external": 1}}},
        {"id": "none", "counts": {"membership": {"external": 5}}},
    ]
    assert datasets_with(datasets, "member") == ["many", "few"]
