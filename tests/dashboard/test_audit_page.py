"""The page of dataset audits, on a home folder with cards that are written out here."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from mintcore.jobs.folder import State, job_folder
from mintcore.jobs.queue import list_jobs, submit
from store.artefacts import Home, Kind, write_card

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
FIGURES = {
    "auc": 0.61,
    "auc_ci": [0.57, 0.65],
    "blind_auc": 0.52,
    "blind_auc_ci": [0.48, 0.56],
    "best_blind": "raw pixels",
    "advantage": 0.09,
    "advantage_ci": [0.03, 0.14],
    "tier": "moderate",
    "meaning": "The auditor is clearly ahead of every blind baseline.",
    "n_members": 400,
    "n_externals": 461,
}
AUDITOR = FIGURES | {
    "model": "net",
    "layer": "dense",
    "view": "pooled",
    "auditor_kind": "vanilla",
    "made_from": {"members": {"dataset": "in"}, "external": {"dataset": "out"}},
}
SHARE = {"value": 0.46, "interval": [0.31, 0.61]}
EARLIER = FIGURES | {
    "audit_kind": "dataset",
    "dataset": "bought",
    "auditor": "a1",
    "verdict": "moderate evidence that members are in this set",
    "p_value": 1e-8,
    "share": SHARE,
    "n_audited": 2,
    "n_excluded": 0,
    "n_failed": 0,
}
DISTANCES = {"from_training": 0.4, "expected": 0.1, "from_held_out": 0.3, "p_value": 0.001}
TODAY = EARLIER | {
    "cliffs_delta": 0.221,
    "cliffs_delta_ci": [0.144, 0.295],
    "shares": {"adjusted count": {"value": 0.55, "interval": [0.41, 0.69]}, "mixture": SHARE},
    "share_method": "mixture",
    "discoveries": 0,
    "discovery_rate": 0.1,
    "drift": [DISTANCES | {"network": "raw pixels", "blind": True}],
    "remarks": ["The audited set has drifted from the auditor's externals."],
    "n_training_externals": 500,
}
IMAGES = {"sample_id": ["1", "2"], "uri": ["/gone/1.png", "/gone/2.png"], "label": ["7", "7"]}
GROUPS = {"kind": ["label"], "group": ["7"], "n": [37], "n_externals": [53]} | {
    name: [0.5] for name in ("mean_score", "auc", "cliffs_delta", "blind_auc", "p_value", "q_value")
}


def publish(home: Home, kind: Kind, name: str, card: dict[str, Any], **tables: pa.Table) -> None:
    with home.publishing(kind, name) as folder:
        for table, rows in tables.items():
            pq.write_table(rows, folder / f"{table}.parquet")
        (folder / "report.html").write_text("the report")
        write_card(folder, kind, name, **card)


def audit_page(path: Path, audit: dict[str, Any], **tables: pa.Table) -> AppTest:
    """Open the page on a home folder with this audit in it."""
    home = Home(path)
    publish(home, "models", "net", {"layers": []})
    publish(home, "datasets", "bought", {"counts": {"total": 2}})
    publish(home, "auditors", "a1", AUDITOR)
    compared = pa.table({"is_member": [True, False], "score": [1.0, 0.0]})
    images = pa.table(IMAGES | {"score": [0.9, 0.1], "p_value": [0.01, 0.9]})
    publish(home, "audits", "dataset-1", audit, scores=images, compared=compared, **tables)
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    return app.switch_page("screens/audit_dataset.py").run()


@pytest.fixture(autouse=True)
def home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINT_HOME", str(tmp_path))
    return tmp_path


def test_audit_page__shows_effect_size_both_shares_drift_and_groups(home_folder: Path) -> None:
    app = audit_page(home_folder, TODAY, groups=pa.table(GROUPS))
    assert not app.exception
    assert not app.error
    metrics = {metric.label: (metric.value, metric.delta) for metric in app.metric}
    assert metrics["Effect size"] == ("+0.221", "+0.144 to +0.295")
    assert metrics["Share of members"] == ("46%", "31% to 61%")
    captions = " ".join(caption.value for caption in app.caption)
    assert "Share by adjusted count: 55% (41% to 69%)" in captions
    assert "No single image can be named" in captions
    assert "has drifted" in app.warning[0].value
    assert [frame.value.columns[0] for frame in app.dataframe] == ["kind", "name", "scored by"]


def test_audit_page__a_damaged_key_is_a_sentence_in_place_of_the_reports(home_folder: Path) -> None:
    (home_folder / "signing-key.pem").write_text("no key")
    app = audit_page(home_folder, TODAY)
    assert not app.exception
    (error,) = app.error
    assert "cannot be read as the key that signs reports" in error.value.replace("\\", "")
    assert app.metric  # the rest of the page is there


def test_audit_page__images_are_chosen_by_label(home_folder: Path) -> None:
    app = audit_page(home_folder, TODAY)
    app.selectbox(key="choice-label").select("7").run()
    assert not app.exception
    assert list(app.dataframe[0].value["name"]) == ["1.png", "2.png"]
    assert "2 images, 24 a page." in [caption.value for caption in app.caption]
    assert app.query_params["label"] == "7"


def test_audit_page__audit_of_an_earlier_version_is_shown_without_what_it_lacks(
    home_folder: Path,
) -> None:
    app = audit_page(home_folder, EARLIER)
    assert not app.exception
    assert not app.error
    assert "Share of members" in [metric.label for metric in app.metric]
    assert "Effect size" not in [metric.label for metric in app.metric]
    assert any("made by an earlier version" in caption.value for caption in app.caption)


def test_audit_page__what_cannot_be_measured_says_so(home_folder: Path) -> None:
    nothing = {"adjusted count": None, "mixture": None}
    app = audit_page(home_folder, TODAY | {"share": None, "shares": nothing, "discoveries": None})
    assert not app.exception
    metrics = {metric.label: metric.delta for metric in app.metric}
    assert metrics["Share of members"] == "not measurable"
    captions = " ".join(caption.value for caption in app.caption)
    assert "Share by adjusted count: not measurable" in captions
    assert "No single image is named" in captions


def test_audit_page__several_auditors_and_datasets_are_one_job(home_folder: Path) -> None:
    app = audit_page(home_folder, TODAY, groups=pa.table(GROUPS))
    publish(Home(home_folder), "auditors", "a2", AUDITOR)  # looks like a1
    app.switch_page("screens/audit_dataset.py").run()
    app.multiselect(key="choices-auditor").set_value(["a1", "a2"]).run()
    (start,) = [button for button in app.button if "2 audits" in button.label]
    start.click().run()
    assert not app.exception
    (job,) = list_jobs(Home(home_folder))
    assert (job.kind, job.params) == (
        "audit",
        {"auditors": ["a1", "a2"], "datasets": ["bought"], "new": []},
    )
    assert app.query_params["auditor"] == "a1,a2"


def test_audit_page__nothing_chosen_starts_nothing(home_folder: Path) -> None:
    app = audit_page(home_folder, TODAY, groups=pa.table(GROUPS))
    app.multiselect(key="choices-dataset").set_value([]).run()
    assert not app.exception
    (start,) = [button for button in app.button if "Start" in button.label]
    assert start.disabled


def test_audit_page__a_folder_below_an_allowed_root(
    home_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("root").resolve()
    (root / "scraped").mkdir()
    monkeypatch.setenv("MINT_DATA_ROOTS", str(root))
    app = audit_page(home_folder, TODAY, groups=pa.table(GROUPS))
    app.session_state["offer-way"] = "A folder of this machine"
    app.run()
    below = next(each for each in app.text_input if each.label == "Folder")
    below.set_value("../elsewhere").run()
    next(button for button in app.button if "2 audits" in button.label).click().run()
    assert "is no folder below" in app.error[0].value
    assert list_jobs(Home(home_folder)) == []
    next(each for each in app.text_input if each.label == "Folder").set_value("scraped").run()
    next(button for button in app.button if "2 audits" in button.label).click().run()
    (job,) = list_jobs(Home(home_folder))
    assert job.params["new"] == [{"name": "scraped", "source": f"folder:{root}/scraped"}]


def test_audit_page__no_folder_where_none_is_allowed(home_folder: Path) -> None:
    app = audit_page(home_folder, TODAY, groups=pa.table(GROUPS))
    app.session_state["offer-way"] = "A folder of this machine"
    app.run()
    assert any("MINT_DATA_ROOTS" in info.value for info in app.info)
    assert not [each for each in app.text_input if each.label == "Folder"]


def test_audit_page__audits_of_one_job_side_by_side_with_what_was_refused(
    home_folder: Path,
) -> None:
    app = audit_page(home_folder, TODAY, groups=pa.table(GROUPS))
    folder = job_folder(Home(home_folder), submit(Home(home_folder), "audit", {}))
    result = {"audits": ["dataset-1"], "refused": ["other by a1: Only 0 externals are left."]}
    folder.write_state(State("done", result=result))
    app.query_params["batch"] = folder.id
    app.run()
    assert not app.exception
    assert list(app.dataframe[0].value["dataset"]) == ["bought"]
    assert "Only 0 externals" in app.warning[0].value
