"""The pages that compare datasets and methods, on small homes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from written_cards import CELL, publish

import dashboard
from dashboard.navigation import DATABASES, METHODS

APP = Path(dashboard.__file__).with_name("app.py")
LAYERS = [
    {"name": "input", "kind": "map", "shape": [3, 8, 8], "parameters": 0},
    {"name": "output", "kind": "vector", "shape": [10], "parameters": 20},
]
SHIFTED = CELL | {
    "blind_auc": 0.99,
    "blind_auc_ci": [0.98, 1.0],
    "tier": "dataset shift: membership not shown",
}
COMPARISON = {"model": "net", "members": "in", "layer": "output", "auditor_kind": "vanilla"}
OVERLAP: dict[str, Any] = {
    "a": "in",
    "b": "out",
    "distance": 8,
    "similarity": 0.99,
    "images": [9, 9],
    "unknown": [1, 0],
    "exact": 1,
    "near": 0,
    "near_images": [0, 0],
}
SPLIT = {
    "model": "net",
    "model_fingerprint": "f",
    "made_from": {
        "members": {"dataset": "in", "fingerprint": "1"},
        "external": {"dataset": "out", "fingerprint": "2"},
    },
    "overlap": {"exact": 0},
}
FIGURES = {
    "auc": 0.6,
    "auc_ci": [0.55, 0.65],
    "low_fpr": [None, None],
    "n_members": 100,
    "n_externals": 100,
}
METHOD = FIGURES | {"source": "a paper", "needs": "none", "forward_passes": 1, "models_trained": 0}
RUN = SPLIT | {
    "rows": [METHOD | {"method": name} for name in ("loss threshold", "entropy")],
    "references": {},
    "request": {"members": "in", "external": "out", "queries": 1, "seed": 0},
    "remarks": ["The online variants are left out."],
}
AUDITOR = (
    SPLIT
    | FIGURES
    | {
        "seed": 0,
        "layer": "output",
        "auditor_kind": "vanilla",
        "view": "pooled",
        "map_side": 8,
        "reference": None,
        "validation_auc": 0.62,
        "advantage": 0.1,
        "advantage_ci": [0.05, 0.15],
        "blind_auc": 0.5,
        "blind_auc_ci": [0.45, 0.55],
        "best_blind": "raw pixels",
        "tier": "moderate",
        "networks": {"auditor": {"store": "s", "key": "output/pooled"}},
    }
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model and two datasets."""
    home = tmp_path / "home"
    monkeypatch.setenv("MINT_HOME", str(home))
    publish(home, "models", "net", arch="a", layers=LAYERS, fingerprint="f")
    for name, membership in (("in", "member"), ("out", "external")):
        counts = {"total": 9, "membership": {membership: 9}}
        publish(home, "datasets", name, counts=counts)
    return home


def _opened(page: str, **params: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in params.items():
        app.query_params[name] = value
    app.run().switch_page(page).run()
    assert not app.exception
    assert not app.error
    return app


def _compared(home: Path, *sources: str, **more: Any) -> None:
    cells = [
        (CELL if test == "out" else SHIFTED) | {"train_external": train, "test_external": test}
        for train in sources
        for test in sources
    ]
    publish(home, "comparisons", "c", **COMPARISON, external=list(sources), cells=cells, **more)


def _texts(app: AppTest) -> str:
    """Give what the page says, as a person reads it."""
    said = (*app.markdown, *app.caption, *app.info, *app.warning)
    return "\n".join(each.value for each in said).replace("\\", "")


def test_databases__first_externals_are_taken_for_the_members_source(home: Path) -> None:
    _compared(home, "out", "faces")
    text = _texts(_opened(DATABASES))
    assert "**Same source: membership is shown in 2 of 2 tests.**" in text
    assert "**Other source: membership is shown in 0 of 2 tests.**" in text
    assert "Taken to be of the members' source: `out`" in text
    assert "Of two sources, leaving one out leaves the other" in text


def test_databases__source_that_a_blind_baseline_tells_apart_is_warned_of(home: Path) -> None:
    _compared(home, "out", "faces")
    app = _opened(DATABASES)
    app.multiselect(key="choices-same").set_value(["faces"]).run()
    assert "`faces`: said to be of the members' source" in app.warning[0].value


def test_databases__three_sources_have_a_figure_to_choose(home: Path) -> None:
    left_out = [CELL | {"train_external": "out + faces", "test_external": "signs"}]
    _compared(home, "out", "faces", "signs", leave_one_out=left_out)
    app = _opened(DATABASES)
    assert app.segmented_control(key="choice-figure").value == "advantage"
    assert "earlier version" not in _texts(app)


def test_databases__comparison_of_an_earlier_version_left_none_out(home: Path) -> None:
    _compared(home, "out", "faces", "signs")
    assert "This comparison was made by an earlier version" in _texts(_opened(DATABASES))


def test_databases__overlap_shows_counts_and_examples(home: Path) -> None:
    file = home.parent / "one.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file)
    uris = {
        f"{key}_{side}": value
        for side, membership in (("a", "member"), ("b", "external"))
        for key, value in (("uri", str(file)), ("membership", membership))
    }
    example = uris | {"kind": "exact", "distance": 0, "similarity": 1.0, "mirrored": False}
    publish(home, "overlaps", "overlap-1", **OVERLAP, examples=[example])
    app = _opened(DATABASES)
    assert [each.value for each in app.metric] == ["1", "0"]
    text = _texts(app)
    assert "**The same image** (1 of 1)" in text
    assert "member of `in`" in text
    assert "external of `out`" in text
    assert "Not compared for near-duplicates: 1 of `in`" in text


def test_databases__sets_that_share_nothing(home: Path) -> None:
    publish(home, "overlaps", "overlap-1", **OVERLAP | {"exact": 0}, examples=[])
    assert _opened(DATABASES).success[0].value.startswith("They share nothing")


def _scored(folder: Path, **scores: np.ndarray) -> None:
    table = {
        "sample_id": [f"image {number}" for number in range(200)],
        "is_member": np.arange(200) < 100,
        "part": ["test"] * 200,
    }
    pd.DataFrame(table | scores).to_parquet(folder / "scores.parquet")


@pytest.fixture
def run(home: Path) -> Path:
    """Methods that were run; an auditor of their split and one of another seed."""
    rng = np.random.default_rng(0)
    folder = publish(home, "methods", "m", **RUN)
    _scored(folder, **{"loss threshold": rng.normal(size=200), "entropy": rng.normal(size=200)})
    for name, seed in (("net.a", 0), ("net.b", 1)):
        folder = publish(home, "auditors", name, **AUDITOR | {"seed": seed})
        _scored(folder, auditor=rng.normal(size=200) + (np.arange(200) < 100))
    return home


def test_methods__auditors_of_the_split_stand_beside_them(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintcore.datasets.reading.samples", _no_samples)
    app = _opened(METHODS)
    assert app.multiselect(key="choices-beside").value == ["net.a"]
    text = _texts(app)
    assert "MINT output, vanilla is ahead of every method of others" in text
    assert "The online variants are left out" in text
    assert "100 held-out members" in text
    assert len(app.dataframe[0].value) == 3


def test_methods__without_enough_externals_a_rate_cannot_be_measured(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintcore.datasets.reading.samples", _no_samples)
    card = json.loads((run / "methods" / "m" / "card.json").read_text())
    for folder in (run / "methods" / "m", run / "auditors" / "net.a"):
        table = pd.read_parquet(folder / "scores.parquet")
        table.head(150).to_parquet(folder / "scores.parquet")
    assert card["rows"][0]["low_fpr"] == [None, None]
    app = _opened(METHODS)
    app.segmented_control(key="choice-fpr").set_value("1%").run()
    assert not app.exception
    assert "At 1% nothing can be measured" in app.info[-1].value


def test_methods__no_auditor_of_the_split_says_which_one_is_needed(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintcore.datasets.reading.samples", _no_samples)
    card = run / "methods" / "m" / "card.json"
    card.write_text(card.read_text().replace('"seed": 0', '"seed": 7'))
    text = _texts(_opened(METHODS))
    assert "No MINT auditor of this split is trained yet" in text
    assert "seed 7" in text


def test_methods__none_was_run_yet(home: Path) -> None:
    app = _opened(METHODS)
    assert app.info[-1].value.startswith("No methods were run yet")
    assert [each.label for each in app.button if "Start" in each.label] == ["Start the methods"]


def _no_samples(*_: Any, **__: Any) -> Any:
    """The datasets of this home have cards alone."""
    return pa.table({"sample_id": []})
