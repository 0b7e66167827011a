import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browsing import (
    HEADINGS,
    JOB_MS,
    OpenPage,
    expect_no_error,
    expect_no_sideways_scroll,
    go,
    settle,
)
from PIL import Image
from playwright.sync_api import expect

from mintcore.reports.verification import verify_report
from store.artefacts import Home

pytestmark = pytest.mark.browser

CHARTS = {
    "Audit a dataset": 2,
    "Compare layers": 2,
    "Compare datasets": 3,
    "Compare methods": 5,
    "Train an auditor": 3,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page__empty_home(open_page: OpenPage, empty_address: str, theme: str) -> None:
    page = open_page(empty_address, theme)
    for name in HEADINGS:
        go(page, name)
        expect_no_error(page)
        expect_no_sideways_scroll(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page__demo_home(open_page: OpenPage, demo_address: str, theme: str) -> None:
    page = open_page(demo_address, theme)
    for name in HEADINGS:
        go(page, name)
        expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(CHARTS.get(name, 0))
        expect_no_error(page)
        expect_no_sideways_scroll(page)


def test_chart__is_taken_away_as_png_svg_and_csv(open_page: OpenPage, demo_address: str) -> None:
    page = open_page(f"{demo_address}/audit-dataset")
    taken = {}
    for kind in ("PNG", "SVG", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind}: Score distributions").click()
        taken[download.value.suggested_filename.rpartition(".")[2]] = Path(download.value.path())
    assert Image.open(taken["png"]).size[0] > 600
    drawing = taken["svg"].read_text()
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "held-out externals" in drawing
    table = pd.read_csv(taken["csv"])
    assert set(table["group"]) == {"audited set", "held-out externals", "held-out members"}


def test_page__is_reached_and_used_by_keyboard(open_page: OpenPage, demo_address: str) -> None:
    page = open_page(f"{demo_address}/jobs")
    page.get_by_role("link", name="Overview", exact=True).focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(HEADINGS["Audit a dataset"])
    settle(page)
    page.get_by_role("button", name="Save as CSV: Score distributions").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")


def test_page__opened_by_its_own_address(open_page: OpenPage, demo_address: str) -> None:
    page = open_page(f"{demo_address}/layers")
    expect(page.locator("h1")).to_have_text(HEADINGS["Compare layers"])


def of_one_layer(home: Path) -> str:
    """An auditor that asks its model one question an image; the default one, of all layers, asks 47."""
    return next(folder.name for folder in (home / "auditors").glob("*.output.vanilla.*"))


def test_audit_dataset__job_ends_in_its_result(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    before = set((demo_home / "audits").iterdir())
    auditor = of_one_layer(demo_home)
    page = open_page(f"{demo_address}/audit-dataset?auditor={auditor}&dataset=mnist-reference")
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("combobox", name="Audit shown")).to_have_value(
        re.compile("mnist-reference:"), timeout=JOB_MS
    )
    (made,) = set((demo_home / "audits").iterdir()) - before
    expect(page).to_have_url(re.compile(f"audit={made.name}"))
    expect(page.get_by_role("button", name="Report (HTML)")).to_be_visible()


def test_jobs__finished_job_links_to_its_result(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    auditor = of_one_layer(demo_home)
    page = open_page(f"{demo_address}/audit-dataset?auditor={auditor}&dataset=digits-external")
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("combobox", name="Audit shown")).to_have_value(
        re.compile("digits-external:"), timeout=JOB_MS
    )
    go(page, "Jobs")
    page.get_by_role("link", name="See the audit").first.click()
    expect(page.locator("h1")).to_have_text(HEADINGS["Audit a dataset"])
    expect(page.get_by_role("combobox", name="Audit shown")).to_have_value(
        re.compile("digits-external:")
    )


def test_batch__goes_on_without_its_tab_and_can_be_cancelled_and_retried(
    open_page: OpenPage, demo_address: str, demo_home: Path, tmp_path: Path
) -> None:
    auditors = sorted(path.name for path in (demo_home / "auditors").iterdir())
    vanilla = [
        name for name in auditors if name.startswith("mnist-classifier.") and ".vanilla." in name
    ]
    chosen = f"auditor={','.join(vanilla[:4])}&dataset=mnist-mixed,mnist-reference"
    page = open_page(f"{demo_address}/audit-dataset?{chosen}")
    page.get_by_role("button", name="Start 8 audits").click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    page.close()

    page = open_page(f"{demo_address}/jobs?kind=audit&state=under%20way")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="ended otherwise").click()
    expect(page.locator(".stMarkdownBadge", has_text="cancelled")).to_be_visible(timeout=JOB_MS)
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="all jobs").click()
    link = page.get_by_role("link", name="See the 8 audits")
    link.click(timeout=JOB_MS)
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    for form in ("HTML", "PDF", "JSON"):
        with page.expect_download() as report:
            page.get_by_role("button", name=f"Report ({form})").click()
        file = tmp_path / report.value.suggested_filename
        report.value.save_as(file)
        assert verify_report(file, Home(demo_home)).can_be_relied_on


def test_batch__an_uploaded_zip_is_registered_and_audited(
    open_page: OpenPage, demo_address: str, demo_home: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(40):
            pixels = np.random.default_rng(number).integers(0, 256, (28, 28), np.uint8)
            encoded = io.BytesIO()
            Image.fromarray(pixels).save(encoded, "png")
            archive.writestr(f"found/../<b>{number}</b>.png", encoded.getvalue())
    page = open_page(f"{demo_address}/audit-dataset?dataset=mnist-mixed")
    page.get_by_text("Images that are not registered").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "found on the web.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    )
    expect(page.get_by_role("textbox", name="Name of the dataset")).to_have_value(
        "found-on-the-web"
    )
    page.get_by_role("button", name="Start 2 audits").click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert (demo_home / "datasets" / "found-on-the-web" / "card.json").is_file()
