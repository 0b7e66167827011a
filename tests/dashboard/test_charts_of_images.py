from typing import Any

import numpy as np
import pytest

from dashboard.charts.maps import SOURCES, map_grid, map_rows
from dashboard.charts.votes import MUTED, OF_EXTERNALS, OF_MEMBERS, vote_rows, votes_by_layer
from mintcore.palette import BLIND, EXTERNAL, MEMBER

SILENT: dict[str, Any] = {
    "layer": "block1",
    "kind": "vanilla",
    "tier": "no evidence",
    "shown": False,
    "score": -0.2,
    "p_value": 0.4,
    "above_externals": 0.6,
    "above_externals_ci": (0.5, 0.7),
    "above_members": 0.55,
    "above_members_ci": (0.45, 0.65),
    "n_externals": 100,
    "n_members": 120,
}
TELLING = SILENT | {"layer": "dense", "kind": "cnn", "tier": "strong", "shown": True}
PANELS = {
    "mean of 8 channels": [np.full((2, 3), float(value)) for value in range(3)],
    "channel 5": [np.arange(6.0).reshape(2, 3)] * 3,
}


def test_vote_rows__a_layer_that_shows_nothing_has_one_muted_row() -> None:
    rows = vote_rows([SILENT, TELLING])
    assert rows[["auditor", "group", "share", "low", "high", "n"]].to_numpy().tolist() == [
        ["block1", MUTED, 0.6, 0.5, 0.7, 100],
        ["dense, cnn", OF_EXTERNALS, 0.6, 0.5, 0.7, 100],
        ["dense, cnn", OF_MEMBERS, 0.55, 0.45, 0.65, 120],
    ]


def test_votes_by_layer__in_the_order_given_with_one_meaning_a_colour() -> None:
    drawn = votes_by_layer([TELLING, SILENT]).to_dict()
    line, intervals, points = drawn["layer"]
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["rule", "rule", "point"]
    assert intervals["encoding"]["y"]["sort"] == ["dense, cnn", "block1"]
    assert intervals["encoding"]["x"]["scale"]["domain"] == [0, 1]
    assert points["encoding"]["color"]["scale"] == {
        "domain": [OF_EXTERNALS, OF_MEMBERS, MUTED],
        "range": [EXTERNAL, MEMBER, BLIND],
    }
    (at,) = drawn["datasets"][line["data"]["name"]]
    assert at == {"at": pytest.approx(0.95)}


def test_map_rows__one_a_cell() -> None:
    rows = map_rows(PANELS)
    assert len(rows) == 2 * len(SOURCES) * 6
    cell = rows[(rows.channel == "channel 5") & (rows.source == SOURCES[1]) & (rows.y == 1)]
    assert cell[["x", "value"]].to_numpy().tolist() == [[0, 3], [1, 4], [2, 5]]


def test_map_grid__a_column_a_channel_each_with_a_colour_scale_of_its_own() -> None:
    drawn = map_grid(PANELS).to_dict()
    assert [column["title"]["text"] for column in drawn["hconcat"]] == list(PANELS)
    assert drawn["resolve"]["scale"]["color"] == "independent"
    assert all(column["facet"]["row"]["sort"] == list(SOURCES) for column in drawn["hconcat"])
