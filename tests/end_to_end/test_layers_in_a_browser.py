import re

import pytest
from browsing import OpenPage, expect_no_error, expect_no_sideways_scroll, settle
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

IMAGE_TOOLTIP = "#vg-tooltip-element img"
POINTS = "svg.marks path[aria-roledescription=point]"


LINEAR = ".concat_1_concat_0_group"
LINES = "svg.marks .mark-line path"


def _expect_clear(page: Page, count: int) -> None:
    """Expect so many ROC curves to stand out, and all others to be faint; the lines of chance have no opacity."""
    expect(page.locator(f"{LINES}[opacity='1']")).to_have_count(count)
    expect(page.locator(f"{LINES}[opacity='0.45']")).to_have_count(0)


def _drag(page: Page, place: str, start: float, stop: float) -> None:
    """Drag over a stretch of a chart's plot, given as shares of its width."""
    box = page.locator(f"svg.marks {place} > g > path.background").first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + stop * box["width"], y, steps=4)
    page.mouse.up()


def test_layers__every_tab_and_another_experiment(open_page: OpenPage, demo_address: str) -> None:
    page = open_page(f"{demo_address}/layers")
    expect(page.get_by_text("Layers with evidence")).to_be_visible()
    page.get_by_test_id("stMain").get_by_text("cnn of map4", exact=True).click()
    expect(page).to_have_url(re.compile(r"shown=cnn\+of\+map4"))
    for tab in ("ROC curves", "Activations", "All figures", "Scores by depth"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        expect_no_error(page)
        expect_no_sideways_scroll(page)
    page.get_by_role("combobox", name="Experiment").click()
    page.get_by_role("option", name=re.compile("digits-external")).click()
    settle(page)
    expect_no_error(page)
    expect(page.get_by_text("0 of 1")).to_be_visible()


def test_layers__a_shared_projection_shows_its_images(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/layers?tab=Projection&layer=dense&colour=label", "dark")
    expect(page.get_by_role("combobox", name="Layer, by advantage")).to_have_value("dense")
    expect(page.get_by_role("radio", name="label")).to_be_checked()
    page.locator(POINTS).first.scroll_into_view_if_needed()
    box = page.locator(POINTS).last.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(IMAGE_TOOLTIP)).to_have_attribute("src", re.compile("data:image/jpeg"))
    expect_no_error(page)


def test_layers__roc_curves_answer_to_layers_legend_and_rates(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/layers?tab=ROC+curves")
    expect(page.locator(LINES).first).to_be_visible()
    settle(page)
    page.locator("svg.marks").scroll_into_view_if_needed()
    expect(page.locator(f"{LINES}[opacity='1']")).to_have_count(8)  # four curves in two charts
    page.locator(".role-legend-label text").get_by_text("dense, vanilla").click()
    _expect_clear(page, 2)
    whole = page.locator("svg.marks").bounding_box()
    assert whole is not None
    page.mouse.click(whole["x"] + whole["width"] - 60, whole["y"] + 10)  # beside the charts
    expect(page.locator(f"{LINES}[opacity='1']")).to_have_count(8)
    _drag(page, ".concat_0_group", 0.02, 0.2)
    _expect_clear(page, 4)  # of block1, by two auditors
    labels = page.locator(f"svg.marks {LINEAR} .role-axis-label").first
    expect(labels).to_contain_text("1.0")
    _drag(page, ".concat_1_concat_1_group", 0.2, 0.5)
    expect(labels).not_to_contain_text("1.0")
    expect_no_error(page)
