from typing import Any

import pytest
import written_cards as cards

from dashboard.charts.cross_tests import cross_test_rows, cross_tests, left_out_name
from dashboard.charts.databases import TITLES, Figure, cell_rows, heat_map, heat_maps
from mintcore.databases import OTHER_SOURCE, SAME_SOURCE, by_source, left_out, told_apart
from mintcore.palette import AUDITOR, BLIND, PAPER

CELL = cards.CELL | {"train_external": "same", "test_external": "same"}
SHIFTED = CELL | {
    "test_external": "other",
    "blind_auc": 0.99,
    "blind_auc_ci": [0.98, 1.0],
    "advantage": -0.25,
    "advantage_ci": [-0.3, -0.2],
    "tier": "dataset shift: membership not shown",
}


def _fields(layer: dict[str, Any], channel: str) -> set[str]:
    return {item["field"] for item in layer["encoding"][channel]}


def test_heat_maps__each_figure_with_text_and_evidence() -> None:
    chart = heat_maps([CELL], ["same", "other"]).to_dict()
    assert [heat["title"]["text"] for heat in chart["concat"]] == list(TITLES.values())
    for heat in chart["concat"]:
        assert [layer["mark"]["type"] for layer in heat["layer"]] == [
            "rect",
            "rect",
            "text",
            "text",
        ]
        assert {"tier", "low", "high", "n_members", "n_externals"} <= _fields(
            heat["layer"][0], "tooltip"
        )


@pytest.mark.parametrize(("count", "marks"), [(3, 4), (9, 4), (10, 3)])
def test_heat_map__small_tiles_have_no_room_for_the_evidence(count: int, marks: int) -> None:
    chart = heat_map([CELL], [str(name) for name in range(count)], "auc").to_dict()
    assert len(chart["layer"]) == marks


@pytest.mark.parametrize(
    ("figure", "colours"),
    [
        ("auc", [PAPER, AUDITOR]),
        ("accuracy", [PAPER, AUDITOR]),
        ("blind_auc", [PAPER, BLIND]),
        ("advantage", [BLIND, PAPER, AUDITOR]),
    ],
)
def test_heat_map__pink_for_the_auditor_grey_for_the_baseline(
    figure: Figure, colours: list[str]
) -> None:
    tiles = heat_map([CELL], ["same"], figure).to_dict()["layer"][0]
    assert tiles["encoding"]["color"]["scale"]["range"] == colours


def test_cell_rows__interval_and_n_of_the_figure() -> None:
    row = cell_rows([CELL], "accuracy").iloc[0]
    assert (row["value"], row["low"], row["high"], row["text"]) == (0.68, 0.64, 0.72, "0.680")


def test_by_source__by_what_is_tested_on() -> None:
    trained_on_other = CELL | {"train_external": "other"}
    grouped = by_source([CELL, SHIFTED, trained_on_other], ["same"])
    assert grouped == {SAME_SOURCE: [CELL, trained_on_other], OTHER_SOURCE: [SHIFTED]}
    assert by_source([CELL], ["same"]) == {SAME_SOURCE: [CELL]}


def test_told_apart__where_a_blind_baseline_is_clearly_above_chance() -> None:
    assert told_apart([CELL, SHIFTED]) == [SHIFTED]


def test_left_out__card_of_an_earlier_version() -> None:
    two = {"external": ["same", "other"], "cells": [CELL, SHIFTED]}
    assert left_out(two) == [SHIFTED]
    assert left_out({"external": ["a", "b", "c"], "cells": [CELL]}) is None
    assert left_out(two | {"leave_one_out": [CELL]}) == [CELL]


def test_cross_tests__groups_below_each_other_on_the_same_axes() -> None:
    chart = cross_tests({"same": [CELL], "other": [SHIFTED]}, 0.55).to_dict()
    assert [group["title"]["text"] for group in chart["vconcat"]] == ["same", "other"]
    domains = {
        str([panel["layer"][1]["encoding"]["x"]["scale"]["domain"] for panel in group["hconcat"]])
        for group in chart["vconcat"]
    }
    assert len(domains) == 1
    colours = chart["vconcat"][0]["hconcat"][0]["layer"][1]["encoding"]["color"]["scale"]
    assert colours["range"] == [AUDITOR, BLIND]
    lines = [row["at"] for rows in chart["datasets"].values() for row in rows if "at" in row]
    assert sorted(set(lines)) == [0.0, 0.5, 0.55]


def test_cross_test_rows__three_figures_a_test_with_n_and_interval() -> None:
    rows = cross_test_rows({"same": [CELL]})
    assert rows["role"].tolist() == ["auditor", "best blind baseline", "advantage"]
    assert rows[["low", "high"]].to_numpy().tolist() == [[0.70, 0.78], [0.47, 0.55], [0.18, 0.28]]
    assert set(rows["n_externals"]) == {100}
    assert set(rows["test"]) == {"same → same"}
    assert set(cross_test_rows({"same": [CELL]}, left_out_name)["test"]) == {"same"}
