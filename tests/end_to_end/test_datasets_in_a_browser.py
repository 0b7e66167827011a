import re
from pathlib import Path

import pytest
from browsing import JOB_MS, OpenPage, expect_no_error, expect_no_sideways_scroll, open_list, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_datasets__what_two_sources_show_can_be_regrouped_and_shared(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/datasets")
    settle(page)
    expect(page.get_by_text("Same source: membership is shown in")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    expect_no_sideways_scroll(page)
    sources = page.get_by_role("combobox", name="Externals from the same source")
    open_list(page, sources)
    page.get_by_role("option", name="digits-external").click()
    expect(page.get_by_text("said to be of the members' source, but")).to_be_visible()
    expect(page).to_have_url(re.compile("same=mnist-external%2Cdigits-external"))
    page.reload()
    expect(page.get_by_text("said to be of the members' source, but")).to_be_visible()
    expect(page.get_by_text("Other source: membership is shown in")).to_have_count(0)
    expect_no_error(page)


def test_datasets__overlap_is_found_by_a_job_and_shown_side_by_side(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    page = open_page(f"{demo_address}/datasets?overlap-a=mnist-members&overlap-b=mnist-external")
    page.get_by_role("button", name="Find the overlap").click()
    expect(page.get_by_role("combobox", name="Overlap shown")).to_have_value(
        re.compile("mnist-members and mnist-external"), timeout=JOB_MS
    )
    (made,) = (demo_home / "overlaps").iterdir()
    expect(page).to_have_url(re.compile(f"overlap={made.name}"))
    expect(page.get_by_text("Near-duplicates, the most similar first")).to_be_visible()
    settle(page)
    assert page.get_by_test_id("stImage").count() >= 2
    expect(page.get_by_text("member of mnist-members").first).to_be_visible()
    expect_no_error(page)
