"""The pages that prepare and sum up, on small home folders: training, the overview, settings and about."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from test_pages_of_auditors import EARLIER, LAYERS
from written_cards import publish

import dashboard
from dashboard.navigation import ABOUT, OVERVIEW, TRAIN
from dashboard.parts.method import sections
from dashboard.wording import plain
from mintcore.defaults import default_auditor
from mintcore.doctor import examination
from mintcore.doctor.examination import Check
from mintcore.doctor.finding import failed, ok
from mintcore.settings import SETTINGS
from mintcore.verdicts import MEANING
from store.artefacts import Home

APP = Path(dashboard.__file__).with_name("app.py")
LOSSES = {"train_loss": 0.7, "validation_loss": 0.7, "validation_auc": 0.5}
COUNTED = [layer | {"flops": 1000} for layer in LAYERS]
MODEL = {"arch": "a", "layers": COUNTED, "fingerprint": "f" * 32, "parameters": 20}

Open = Callable[..., AppTest]


def _add_dataset(home: Path, name: str, membership: str) -> None:
    counts = {
        "total": 1000,
        "labels": 10,
        "duplicates": 0,
        "status": {"ok": 1000},
        "membership": {membership: 1000},
    }
    publish(home, "datasets", name, counts=counts, fingerprint=name, source="folder:x")


def _add_auditor(home: Path, name: str, **changed: Any) -> None:
    folder = publish(home, "auditors", name, **EARLIER | changed)
    rows = [{"network": "auditor: vanilla on a/b", "seed": 0, "epoch": n} | LOSSES for n in (1, 2)]
    pd.DataFrame(rows).to_parquet(folder / "history.parquet")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a model, members and externals."""
    path = tmp_path / "home"
    monkeypatch.setenv("MINT_HOME", str(path))
    publish(path, "models", "net", **MODEL)
    _add_dataset(path, "in", "member")
    _add_dataset(path, "out", "external")
    return path


@pytest.fixture
def opened(home: Path) -> Open:
    """Open a page with query parameters."""

    def open_page(page: str, **params: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        if page != OVERVIEW:
            app.switch_page(page)
            for name, value in params.items():
                app.query_params[name] = value
            app.run()
        assert not app.exception
        return app

    return open_page


def _figures(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def test_train__says_what_it_takes_before_it_begins(opened: Open) -> None:
    figures = _figures(opened(TRAIN))
    assert figures["Auditors to train"] == ("1", "10 networks")  # 2 models x 3 seeds, null, pixels
    assert figures["Images to compute"] == ("4,000", "0 are cached")
    assert figures["Expected time"][1] == "an estimate"


def test_train__layers_kinds_and_seeds_come_from_the_address(opened: Open) -> None:
    app = opened(TRAIN, layers="all", kinds="vanilla,linear", seeds="1")
    assert _figures(app)["Auditors to train"] == ("4", "13 networks")
    assert app.query_params["layers"] == "all"


def test_train__without_a_kind_nothing_can_be_started(opened: Open) -> None:
    app = opened(TRAIN)
    app.multiselect(key="choices-kinds").set_value([]).run()
    assert app.button[0].disabled
    assert not app.metric


def test_train__an_auditor_is_promoted_and_taken_back(opened: Open, home: Path) -> None:
    _add_auditor(home, "net.a")
    app = opened(TRAIN)
    next(each for each in app.button if each.label == "Make it the default").click().run()
    assert default_auditor(Home(home)) == "net.a"
    next(each for each in app.button if each.label == "No longer the default").click().run()
    assert default_auditor(Home(home)) is None


def test_train__runs_stand_beside_each_other_with_what_differs(opened: Open, home: Path) -> None:
    _add_auditor(home, "net.a")
    _add_auditor(home, "net.b", layer="output", settings={"epochs": 10})
    app = opened(TRAIN, results="Compare runs")
    tables = [frame.value for frame in app.dataframe]
    (differing,) = (table for table in tables if "setting" in table)
    assert differing["setting"].tolist() == ["layer", "epochs at most"]
    assert not app.warning


def test_train__runs_of_other_splits_come_with_a_warning(opened: Open, home: Path) -> None:
    _add_auditor(home, "net.a")
    _add_auditor(home, "net.b", seed=1)
    app = opened(TRAIN, results="Compare runs", compare="net.a,net.b")
    assert "cannot be compared directly" in app.warning[0].value


def test_overview__says_what_is_there_and_what_is_next(opened: Open) -> None:
    app = opened(OVERVIEW)
    figures = _figures(app)
    assert figures["Datasets"] == ("2", "2,000 images")
    assert figures["Cached"] == ("–", "of the images")
    steps = [each.value for each in app.markdown if "Train an auditor" in each.value]
    assert ":blue[" in steps[0]
    assert any(":green[" in each.value for each in app.markdown)


def test_overview__one_side_alone_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_HOME", str(tmp_path))
    publish(tmp_path, "models", "net", **MODEL)
    _add_dataset(tmp_path, "in", "member")
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert any("Externals are missing" in each.value for each in app.markdown)


def test_overview__ranking_marks_the_default_and_puts_it_first(opened: Open, home: Path) -> None:
    _add_auditor(home, "net.a")
    _add_auditor(home, "net.b", layer="output", advantage=0.01)
    (home / "default-auditor.json").write_text('{"auditor": "net.b"}')
    app = opened(OVERVIEW)
    assert app.dataframe[0].value["auditor"].tolist() == ["★ output, vanilla", "block1, vanilla"]


def test_overview__empty_home_starts_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "home"))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.button[0].click().run()
    assert not app.exception
    (request,) = (tmp_path / "home" / "jobs").glob("demo-*/request.json")
    assert json.loads(request.read_text())["params"] == {}
    assert not any("Two ways to begin" in each.value for each in app.info)


def test_about__the_method_says_every_tier_in_the_words_of_the_verdicts(opened: Open) -> None:
    app = opened(ABOUT)
    assert app.table[0].value["meaning"].tolist() == list(MEANING.values())
    assert {each.value for each in app.subheader} >= set(sections())


def test_about__lists_every_setting_with_what_holds_now(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_JOBS_QUEUED", "7")
    table = opened(ABOUT, about="Home folder and settings").table[0].value
    assert list(table.index) == [setting.name for setting in SETTINGS]
    assert table.loc["MINT_JOBS_QUEUED", ["now", "usually"]].tolist() == ["7", "200"]


def test_about__the_doctor_says_what_does_not_work_and_how_to_mend_it(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checks(home: Path) -> dict[str, Check]:
        return {"disk": lambda: failed("no room", "Make some."), "port": lambda: ok("8501 is free")}

    monkeypatch.setattr(examination, "checks", checks)
    app = opened(ABOUT, about="This machine")
    (button,) = [each for each in app.button if each.label == "Examine"]
    app = button.click().run()
    assert not app.exception
    assert app.error[0].value == plain("disk: no room. Make some.")
    assert app.dataframe[0].value["found"].tolist() == ["no room", "8501 is free"]


def test_about__machine_and_licences_are_told(opened: Open) -> None:
    app = opened(ABOUT, about="This machine")
    assert "CPU cores" in _figures(app)
    assert "mint-workbench" in app.dataframe[0].value["package"].tolist()
    app = opened(ABOUT, about="Licences")
    assert {"package", "licence"} <= set(app.dataframe[0].value)
