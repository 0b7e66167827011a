"""Pages that show auditors, of this version and of earlier ones."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from written_cards import publish

import dashboard
from dashboard.navigation import PAGES

APP = Path(dashboard.__file__).with_name("app.py")
LAYERS = [
    {"name": "input", "kind": "map", "shape": [3, 8, 8], "parameters": 0},
    {"name": "block1", "kind": "map", "shape": [4, 8, 8], "parameters": 10},
    {"name": "output", "kind": "vector", "shape": [10], "parameters": 20},
]
BLIND = {"name": "raw pixels", "auc": 0.5, "auc_ci": [0.4, 0.6], "roc": [[0.0, 0.0], [1.0, 1.0]]}
EARLIER: dict[str, Any] = {
    "model": "net",
    "made_from": {
        "members": {"dataset": "in", "fingerprint": "1"},
        "external": {"dataset": "out", "fingerprint": "2"},
    },
    "reference": None,
    "map_side": 8,
    "seed": 0,
    "layer": "block1",
    "auditor_kind": "vanilla",
    "view": "pooled",
    "shape": [4],
    "networks": {
        "auditor": {"store": "s", "key": "block1/pooled", "kind": "vanilla", "shape": [4]}
    },
    "versions": {"mint-workbench": "0.1.0"},
    "settings": {"epochs": 40},
    "validation_auc": 0.6,
    "threshold": 0.0,
    "auc": 0.6,
    "auc_ci": [0.55, 0.65],
    "roc": [[0.0, 0.0], [0.5, 0.6], [1.0, 1.0]],
    "accuracy": 0.55,
    "accuracy_ci": [0.5, 0.6],
    "blind": [BLIND],
    "best_blind": "raw pixels",
    "blind_auc": 0.5,
    "blind_auc_ci": [0.4, 0.6],
    "advantage": 0.1,
    "advantage_ci": [0.05, 0.15],
    "tier": "moderate",
    "meaning": "The auditor is clearly ahead.",
    "n_members": 100,
    "n_externals": 100,
}
"""A card as the first version wrote it: one seed, one source, no null."""
SOURCES = [{"arrays": [{"key": key}]} for key in ("block1/pooled", "output/pooled")]
FUSED = EARLIER | {
    "layer": "fused",
    "auditor_kind": "fused",
    "view": None,
    "networks": {"auditor": {"sources": SOURCES, "contributions": [0.3, 0.7]}},
    "seeds": [0, 1],
    "null_auc": 0.7,
    "null_auc_ci": [0.6, 0.8],
    "remarks": ["The null finds something: AUC 0.700."],
}


def _opened(
    home: Path, page: str, auditor: dict[str, Any], epochs: list[dict[str, Any]]
) -> AppTest:
    publish(home, "models", "net", arch="a", layers=LAYERS, fingerprint="f")
    publish(home, "datasets", "in", counts={"images": 9, "membership": {"member": 9}})
    publish(home, "datasets", "out", counts={"images": 9, "membership": {"external": 9}})
    folder = publish(home, "auditors", "net.a", **auditor)
    losses = {"train_loss": 0.7, "validation_loss": 0.7, "validation_auc": 0.5}
    pd.DataFrame([each | losses for each in epochs]).to_parquet(folder / "history.parquet")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    return app.switch_page(page).run()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("page", [page for page in PAGES if "train" in page or "layers" in page])
def test_page__auditor_of_an_earlier_version_is_shown(home: Path, page: str) -> None:
    app = _opened(home, page, EARLIER, [{"network": "auditor", "epoch": 1}])
    assert not app.exception
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("page", [page for page in PAGES if "train" in page or "layers" in page])
def test_page__fused_auditor_is_shown_with_what_it_leans_on(home: Path, page: str) -> None:
    network = "auditor: vanilla on block1/pooled"
    epochs = [{"network": network, "epoch": 1, "seed": seed} for seed in (0, 1)]
    app = _opened(home, page, FUSED, epochs)
    assert not app.exception
    assert not app.error
    assert "What does it lean on? (fused, et.a)" in [each.value for each in app.subheader]


@pytest.mark.parametrize("tab", ["ROC curves", "Activations", "Projection", "All figures"])
def test_layers_page__every_tab_of_an_auditor_without_its_files_is_a_sentence_or_more(
    home: Path, tab: str
) -> None:
    app = _opened(home, "screens/layers.py", EARLIER, [{"network": "auditor", "epoch": 1}])
    app.query_params["tab"] = tab
    app.run()
    assert not app.exception
    lost = {"Activations", "Projection"}
    assert ["has lost its scores" in each.value for each in app.error] == [True] * (tab in lost)


def test_train_page__remarks_of_a_card_are_warnings(home: Path) -> None:
    (page,) = (page for page in PAGES if "train" in page)
    app = _opened(
        home, page, FUSED, [{"network": "auditor: vanilla on a/b", "epoch": 1, "seed": 0}]
    )
    assert "The null finds something" in app.warning[0].value
