import re
from pathlib import Path

import pytest
from browsing import JOB_MS, OpenPage, expect_no_error, expect_no_sideways_scroll, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_methods__job_ends_beside_the_auditors_of_the_same_split(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    before = set((demo_home / "methods").glob("*"))
    page = open_page(f"{demo_address}/methods?queries=2")
    page.get_by_text("Run the methods").click()
    page.get_by_role("button", name="Start the methods").click()
    expect(page.get_by_role("combobox", name="Run shown")).to_have_value(
        re.compile("mnist-members against mnist-external, no reference models, 2 queries"),
        timeout=JOB_MS,
    )
    (made,) = set((demo_home / "methods").glob("*")) - before
    expect(page).to_have_url(re.compile(f"methods={re.escape(made.name)}"))
    # figures, two curves, agreement, finds
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(5)
    expect(page.get_by_text(re.compile("against .* of .*, a difference between"))).to_be_visible()
    expect_no_sideways_scroll(page)
    page.get_by_test_id("stButtonGroup").get_by_text("5%", exact=True).click()
    page.get_by_test_id("stButtonGroup").get_by_text("Cohen's kappa").click()
    expect(page.get_by_text("agreement beyond chance")).to_be_visible()
    expect(page).to_have_url(re.compile("fpr=5%25.*measure=Cohen"))
    page.reload()
    expect(page.get_by_text("agreement beyond chance")).to_be_visible()
    settle(page)
    expect(page.get_by_text("Members that only this one finds")).to_be_visible()
    expect_no_error(page)
