import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.navigation import OVERVIEW, PAGES

ALL_PAGES = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({app!r}, default_timeout=60).run()
for page in {pages!r}:
    app.switch_page(page).run()
    assert not app.exception, page
loaded = sorted({{"torch", "torchvision", "sklearn", "scipy"}} & set(sys.modules))
print("loaded:", *loaded)
"""


@pytest.mark.parametrize("page", list(PAGES))
def test_page__empty_home_has_a_heading_and_no_exception(empty_app: AppTest, page: str) -> None:
    empty_app.switch_page(page).run()
    assert not empty_app.exception
    assert not empty_app.error
    assert len(empty_app.title) == 1


def test_overview__empty_home_shows_both_ways_to_begin(empty_app: AppTest) -> None:
    commands = "\n".join(code.value for code in empty_app.code)
    assert "mint demo" in commands
    assert "mint model add" in commands


@pytest.mark.parametrize("page", [page for page in PAGES if "audit" in page])
def test_audit_page__empty_home_says_what_to_do_first(empty_app: AppTest, page: str) -> None:
    empty_app.switch_page(page).run()
    assert "First things first" in empty_app.markdown[0].value
    assert not empty_app.button


def test_pages__damaged_card_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "broken").mkdir(parents=True)
    (tmp_path / "models" / "broken" / "card.json").write_text("{")
    monkeypatch.setenv("MINT_HOME", str(tmp_path))
    app = AppTest.from_file(
        str(Path(__file__).parents[2] / "dashboard" / "app.py"), default_timeout=60
    ).run()
    assert not app.exception
    assert "not a readable card" in app.error[0].value


def test_pages__no_torch_at_page_load(tmp_path: Path) -> None:
    app = Path(__file__).parents[2] / "dashboard" / "app.py"
    pages = [page for page in PAGES if page != OVERVIEW]
    done = subprocess.run(
        [sys.executable, "-c", ALL_PAGES.format(app=str(app), pages=pages)],
        env=os.environ | {"MINT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == "loaded:"
