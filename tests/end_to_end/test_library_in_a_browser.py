import re
from pathlib import Path

import pytest
from browsing import JOB_MS, OpenPage, expect_no_error, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ARCH = "mintcore:object-cnn-small"


def test_library__a_model_is_registered_renamed_and_deleted(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    weights = demo_home / "models" / "mnist-classifier" / "weights.safetensors"
    page = open_page(f"{demo_address}/library")
    page.get_by_text("Register a model").click()
    page.locator("input[type=file]").first.set_input_files(
        {
            "name": "Found net.safetensors",
            "mimeType": "application/octet-stream",
            "buffer": weights.read_bytes(),
        }
    )
    expect(page.get_by_role("textbox", name="Name of the model")).to_have_value("Found-net")
    architecture = page.get_by_role("combobox", name="Architecture")
    architecture.fill(ARCH)
    architecture.press("Enter")
    page.get_by_role("spinbutton", name="Height, px").fill("28")
    page.get_by_role("spinbutton", name="Width, px").fill("28")
    page.get_by_role("spinbutton", name="Width, px").press("Enter")
    page.get_by_role("combobox", name="Normalised as for").click()
    page.get_by_role("option", name="MNIST, grey").click()
    page.get_by_role("button", name="Register the model").click()
    expect(page).to_have_url(re.compile("model=Found-net"), timeout=JOB_MS)
    expect(page.get_by_role("heading", name="Found-net")).to_be_visible()
    expect_no_error(page)
    assert list((demo_home / "uploads").glob("*.safetensors")) == []

    settle(page)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Title").fill("A **found** net")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="A **found** net")).to_be_visible()
    expect(page.get_by_role("combobox", name="Look into")).to_have_value(
        "A **found** net (Found-net)"
    )

    settle(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("textbox", name="to delete it").fill("Found-net")
    page.get_by_role("textbox", name="to delete it").press("Enter")
    expect(page.get_by_role("heading", name="A **found** net")).to_have_count(0)
    settle(page)
    expect_no_error(page)
    assert not (demo_home / "models" / "Found-net").exists()
    assert (demo_home / "models" / "mnist-classifier" / "card.json").is_file()


def test_library__images_of_a_dataset_are_paged_and_the_view_can_be_shared(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/library?dataset=mnist-mixed&membership=member&label=7")
    settle(page)
    expect(page.locator("figure figcaption").first).to_contain_text("7, member")
    expect(page.get_by_text("Its card")).to_be_visible()
    settle(page)
    label = page.get_by_role("combobox", name="Label")
    label.evaluate("found => found.scrollIntoView({block: 'center'})")  # a list closes on scrolling
    settle(page)
    label.fill("all of 10")
    page.get_by_role("option", name="all of 10").click()
    settle(page)
    page.get_by_role("button", name="Page 2").click()
    expect(page).to_have_url(re.compile("page=2"))
    settle(page)
    images = page.locator("figure img")
    expect(images).to_have_count(24)
    shown = images.first.get_attribute("src") or ""
    shared = open_page(page.url)
    settle(shared)
    expect(shared.locator("figure img").first).to_have_attribute("src", shown)
    expect_no_error(page)
