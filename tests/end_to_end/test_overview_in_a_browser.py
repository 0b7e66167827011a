import re
from pathlib import Path

import pytest
from browsing import HEADINGS, OpenPage, expect_no_error, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_first_run__the_demo_is_started_followed_and_stopped(
    open_page: OpenPage, empty_address: str
) -> None:
    page = open_page(empty_address)
    expect(page.get_by_role("heading", name="My own model")).to_be_visible()
    page.get_by_role("button", name="Start the demo").click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_text("This home folder is empty")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".stMarkdownBadge", has_text="cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect_no_error(page)


def test_overview__a_row_of_the_ranking_opens_its_auditor(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    page = open_page(demo_address)
    ranking = page.get_by_test_id("stDataFrame").first
    expect(ranking).to_be_visible()
    settle(page)
    ranking.click(position={"x": 17, "y": 52})  # the box of the first row
    expect(page.locator("h1")).to_have_text(HEADINGS["Train an auditor"])
    shown = page.get_by_role("combobox", name="Auditor shown")
    expect(shown).to_have_value(re.compile("strong"))
    auditors = {folder.name for folder in (demo_home / "auditors").iterdir()}
    assert any(f"auditor={name}" in page.url for name in auditors)
