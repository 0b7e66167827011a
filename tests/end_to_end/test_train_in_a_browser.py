import re
from pathlib import Path

import pytest
from browsing import JOB_MS, OpenPage, expect_no_error, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_train__says_what_it_takes_draws_its_curves_and_ends_in_a_comparison(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    before = set((demo_home / "auditors").iterdir())
    page = open_page(f"{demo_address}/train?layers=block2,block3&kinds=cnn&seed=7&seeds=1")
    figure = page.get_by_test_id("stMetric")
    expect(figure.filter(has_text="Auditors to train")).to_contain_text("2")
    expect(figure.filter(has_text="Images to compute")).to_contain_text("9,000 are cached")
    expect(page.get_by_text("An estimate: waiting for other jobs")).to_be_visible()
    page.get_by_role("button", name="Start the training").click()
    # the curves of the running job stand above what is shown of trained auditors
    expect(page.get_by_text("Thick: the mean of a network's seeds").nth(1)).to_be_visible(
        timeout=JOB_MS
    )
    expect(
        page.get_by_test_id("stAlert").filter(has_text="All 2 auditors are trained")
    ).to_be_visible(timeout=JOB_MS)
    made = {folder.name for folder in set((demo_home / "auditors").iterdir()) - before}
    assert len(made) == 2
    expect(page).to_have_url(re.compile("results=Compare"))
    expect(page.get_by_text("All were tested on the same")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(4)
    assert {name for name in made if name in page.url} == made
    expect_no_error(page)


def test_train__an_auditor_is_made_the_default_and_offered_first(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    chosen = next(
        folder.name
        for folder in sorted((demo_home / "auditors").iterdir())
        if ".block1.vanilla." in folder.name
    )
    page = open_page(f"{demo_address}/train?auditor={chosen}")
    page.get_by_role("button", name="Make it the default").click()
    expect(page.locator(".stMarkdownBadge", has_text="default auditor")).to_be_visible()
    other = open_page(f"{demo_address}/audit-image")
    expect(other.get_by_role("combobox", name="Auditor", exact=True)).to_have_value(
        re.compile("^Default: mnist-classifier, block1, vanilla")
    )
    page.get_by_role("button", name="No longer the default").click()
    expect(page.get_by_role("button", name="Make it the default")).to_be_visible()
    settle(page)
    assert not (demo_home / "default-auditor.json").exists()


def test_train__runs_of_other_splits_are_not_compared_without_a_warning(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    runs = [
        folder.name
        for folder in sorted((demo_home / "auditors").iterdir())
        if ".dense." in folder.name
    ]
    page = open_page(f"{demo_address}/train?results=Compare+runs&compare={','.join(runs)}", "dark")
    expect(page.get_by_text("tested on different held-out images")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(4)
    expect_no_error(page)
