from typing import Any

from dashboard.charts.labels import label_bars, label_rows
from dashboard.registered import dataset_facts, kind_row, layer_rows, model_facts

MODEL: dict[str, Any] = {
    "id": "net",
    "created": "2026-01-02T03:04:05+00:00",
    "arch": "mintcore:object-cnn",
    "head": "classifier",
    "num_classes": 10,
    "preprocessing": {"size": [32, 32], "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
    "parameters": 551466,
    "fingerprint": "f00d",
    "made_from": {"weights": "net.pt"},
    "layers": [
        {"name": "input", "kind": "map", "shape": [3, 32, 32], "parameters": 0, "role": "input"},
        {"name": "block1", "kind": "map", "shape": [32, 16, 16], "parameters": 10272},
        {"name": "output", "kind": "vector", "shape": [10], "parameters": 551466},
    ],
}
COUNTS = [
    {"label": "cat", "member": 2, "external": 0, "unknown": 1, "images": 3},
    {"label": None, "member": 0, "external": 1, "unknown": 0, "images": 1},
]


def test_kind_row__begins_with_title_id_time_and_size() -> None:
    row = kind_row("models", MODEL, "The public one", 2_000_000)
    assert list(row)[:4] == ["title", "id", "made (UTC)", "on disk"]
    assert (row["title"], row["layers"], row["on disk"]) == ("The public one", 2, "2.0 MB")
    assert row["made (UTC)"] == "02 Jan 2026, 03:04"


def test_model_facts__what_identifies_it() -> None:
    facts = model_facts(MODEL)
    assert facts["input"] == "32 x 32 pixels, RGB"
    assert facts["normalised by"] == "mean 0.5, 0.5, 0.5; standard deviation 0.25, 0.25, 0.25"
    assert facts["made from"] == "net.pt"
    assert "precision" not in facts


def test_dataset_facts__what_is_not_said_is_left_out() -> None:
    counts = {"status": {"ok": 5, "unreadable": 2}, "labels": 3, "identities": 0, "duplicates": 1}
    facts = dataset_facts({"source": "zip:x.zip", "limit": 1000, "counts": counts})
    assert facts == {
        "images from": "zip:x.zip",
        "only the first": "1,000",
        "unreadable": "2",
        "labels": "3",
        "repeat an earlier image": "1",
    }


def test_layer_rows__views_that_are_stored_of_suggested_layers_and_of_others() -> None:
    arrays = [
        {"layer": "block1", "view": "map8", "rows": 1000},
        {"layer": "block1", "view": "pooled", "rows": 12000},
        {"layer": "block1.conv", "view": "pooled", "rows": 5},
    ]
    rows = layer_rows(MODEL, [{"layers": arrays}])
    assert [row["layer"] for row in rows] == ["input", "block1", "output", "block1.conv"]
    assert [row["stored views: images"] for row in rows] == [
        "",
        "map8: 1,000, pooled: 12,000",
        "",
        "pooled: 5",
    ]


def test_label_rows__one_row_a_label_and_membership_that_there_is() -> None:
    assert label_rows(COUNTS).values.tolist() == [
        ["cat", "member", 2],
        ["cat", "unknown", 1],
        ["(no label)", "external", 1],
    ]


def test_label_bars__keeps_the_order_and_the_colours_of_memberships() -> None:
    spec = label_bars(COUNTS).to_dict()
    assert spec["encoding"]["y"]["sort"] == ["cat", "(no label)"]
    assert spec["encoding"]["color"]["scale"] == {
        "domain": ["member", "external", "unknown"],
        "range": ["#D55E00", "#0072B2", "#009E73"],
    }
