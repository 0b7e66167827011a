"""The large home folder, made small, and the benchmark of the dashboard on it."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from streamlit.testing.v1 import AppTest

import dashboard
from benchmarks.dashboard_crowd import Crowd, crowd
from benchmarks.dashboard_questions import memory, met_together
from benchmarks.dashboard_serving import CHROMIUM_ARGS, Served, served
from benchmarks.dashboard_visits import visitor
from benchmarks.dashboard_waits import FIRST, MEDIAN, REDRAW, SLOWEST, SWITCH, Wait, summary, table
from benchmarks.large_home import make
from benchmarks.large_home_extent import Extent
from benchmarks.large_home_images import sets_of
from dashboard.navigation import PAGES
from mintcore.jobs.queue import list_jobs
from mintcore.library import store_infos
from store.artefacts import Home

APP = Path(dashboard.__file__).with_name("app.py")
SMALL = Extent(
    images=2000,
    large_sets=1,
    small_sets=1,
    arch="mintcore:object-cnn-small",
    seeds=1,
    compared=(),
    auditors=8,
    dataset_audits=2,
    image_audits=1,
    jobs=3,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small one of the large home folders."""
    home = Home(tmp_path_factory.mktemp("large") / "home")
    make(home, SMALL)
    return home


@pytest.fixture(scope="module")
def chromium() -> str:
    """The system's Chromium; tests skip without one unless MINT_REQUIRE_BROWSER is 1."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        reason = "no chromium on this machine: apt-get install chromium"
        if os.environ.get("MINT_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_sets_of__a_million_images_in_datasets_of_all_sizes() -> None:
    sets = sets_of(Extent())
    assert sum(each.images for each in sets) == 1_000_000
    assert max(each.images for each in sets if each.is_audited) == 100_000
    assert {each.membership for each in sets} == {"member", "external", "unknown"}


def test_large_home__holds_what_was_asked_for(small: Home) -> None:
    stores = store_infos(small)
    assert max(store["images"] for store in stores) == SMALL.images
    assert all(store["sealed"] for store in stores if store["images"] == SMALL.images)
    assert len(small.cards("auditors")) == SMALL.auditors
    kinds = [card["audit_kind"] for card in small.cards("audits")]
    assert sorted(kinds) == ["dataset"] * SMALL.dataset_audits + ["image"] * SMALL.image_audits
    assert [job.state for job in list_jobs(small)] == ["done"] * SMALL.jobs


def test_large_home__made_again_is_the_same(small: Home) -> None:
    files = {file: file.stat().st_mtime_ns for file in small.path.rglob("card.json")}
    make(small, SMALL)
    assert {file: file.stat().st_mtime_ns for file in small.path.rglob("card.json")} == files


@pytest.mark.parametrize("page", list(PAGES))
def test_page__opens_on_the_large_home(
    small: Home, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("MINT_HOME", str(small.path))
    app = AppTest.from_file(str(APP), default_timeout=60).run().switch_page(page).run()
    assert not app.exception
    assert not app.error


def test_met_together__counts_errors_against_none() -> None:
    fine = list(met_together(Crowd([10.0, 20.0, 30.0], []), 2, 5))
    assert [(line.what, line.value, line.is_reached) for line in fine[:3]] == [
        ("2 people for 5 s: clicks", 3, None),
        ("2 people for 5 s: errors", 0, True),
        ("2 people for 5 s: wait, median", 20.0, None),
    ]
    assert list(met_together(Crowd([10.0], ["lost"]), 2, 5))[1].is_reached is False


def test_visitor__waits_until_pages_are_at_rest(small: Home, chromium: str) -> None:
    with served(small.path) as dashboard, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        _look_around(browser, dashboard)
        browser.close()


def _look_around(browser: Browser, dashboard: Served) -> None:
    person = visitor(browser)
    moments = person.open(dashboard.address)
    assert 0 < moments["paint"] <= moments["heading"] <= moments["rest"]
    assert person.go("Audit a dataset") > 0
    redrawn = dict(person.redraws(2))
    assert len(redrawn["Audit shown"]) == 2
    assert person.problems == []
    together = crowd(dashboard.address, 2, 1.0)
    assert len(together.waits_ms) >= 2
    assert together.problems == []
    assert 50 < (memory(dashboard, "now").value or 0) < 2000


WAITS = [
    Wait(SWITCH, "to Jobs", FIRST, 600.0, 500.0),
    Wait(SWITCH, "to Jobs", MEDIAN, 200.0, 500.0),
    Wait(SWITCH, "to Jobs", SLOWEST, 510.0, 500.0),
    Wait(REDRAW, "Layers: another choice", MEDIAN, 100.0, 300.0),
    Wait(REDRAW, "Methods: another choice", MEDIAN, 200.0, 300.0),
]


def test_waits__have_a_row_each_and_say_what_missed() -> None:
    assert table(WAITS).splitlines() == [
        "| what | first | again, median | again, slowest | at most | missed |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        "| to Jobs | 600 ms | 200 ms | 510 ms | 500 ms | first, again, slowest |",
        "| Layers: another choice |  | 100 ms |  | 300 ms |  |",
        "| Methods: another choice |  | 200 ms |  | 300 ms |  |",
    ]


def test_waits__the_slowest_of_each_kind_stands_for_it() -> None:
    found = [(row.what, row.value, row.note, row.is_reached) for row in summary(WAITS)]
    assert found == [
        ("switch of page, first: slowest of 1", 600.0, "to Jobs", False),
        ("switch of page, again, median: slowest of 1", 200.0, "to Jobs", True),
        ("switch of page, again, slowest: slowest of 1", 510.0, "to Jobs", False),
        ("redraw, again, median: slowest of 2", 200.0, "Methods: another choice", True),
    ]
