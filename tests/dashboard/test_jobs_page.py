"""The page of jobs, on a home folder where no worker takes them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mintcore.jobs.queue import list_jobs, submit
from store.artefacts import Home

APP = Path(__file__).parents[2] / "dashboard" / "app.py"


@pytest.fixture
def page_of_25(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("MINT_HOME", str(tmp_path))
    for number in range(25):
        submit(Home(tmp_path), "verify", {"store": f"store-{number}"})
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    return app.switch_page("screens/jobs.py").run()


def cancel_buttons(app: AppTest) -> list[str]:
    return [button.key for button in app.button if button.label == "Cancel"]


def test_jobs_page__shows_twenty_and_counts_all(page_of_25: AppTest) -> None:
    assert not page_of_25.exception
    assert len(cancel_buttons(page_of_25)) == 20
    assert "25 of 25 jobs" in [caption.value for caption in page_of_25.caption]


def test_jobs_page__newest_come_first(page_of_25: AppTest, tmp_path: Path) -> None:
    newest = [f"cancel-{job.id}" for job in list_jobs(Home(tmp_path))[:20]]
    assert cancel_buttons(page_of_25) == newest


def test_jobs_page__a_log_is_read_when_it_is_opened_only(page_of_25: AppTest) -> None:
    assert not page_of_25.code
