import io
import re

import numpy as np
import pytest
from browsing import OpenPage, expect_no_error, paste, settle, upload
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

VERDICT = re.compile("No sign of membership|Looks like a member|Cannot tell")


def _png(column: int = 13) -> bytes:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:22, column : column + 3] = 255
    encoded = io.BytesIO()
    Image.fromarray(pixels).save(encoded, "png")
    return encoded.getvalue()


def _open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    settle(page)
    expect_no_error(page)


def test_upload__gives_a_verdict(open_page: OpenPage, demo_address: str) -> None:
    page = open_page(f"{demo_address}/audit-image")
    upload(page, "one **bold** stroke.png", _png())
    expect(page.get_by_text("Calibrated probability")).to_be_visible()
    expect(page.locator("h3").first).to_have_text(VERDICT)
    expect(page.get_by_test_id("stMarkdown").get_by_text("one **bold** stroke.png")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    with page.expect_download() as report:
        page.get_by_role("button", name="Report (HTML)").click()
    assert "one **bold** stroke.png" in report.value.path().read_text()


def test_upload__bad_file_is_one_sentence_beside_the_verdicts(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/audit-image")
    page.locator("input[type=file]").first.set_input_files(
        [
            {"name": f"{name}.png", "mimeType": "image/png", "buffer": content}
            for name, content in (
                ("broken", b"\x89PNG\r\n\x1a\nnot an image at all"),
                ("left", _png(8)),
                ("right", _png(18)),
            )
        ]
    )
    expect(page.get_by_test_id("stAlert").first).to_contain_text("broken.png")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator("h3")).to_have_text([VERDICT, VERDICT])
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_role("combobox", name="Look closer at")).to_have_value("1: left.png")


def test_paste__an_image_from_the_clipboard_is_judged(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/audit-image")
    paste(page, _png())
    expect(page.locator("h3").first).to_have_text(VERDICT)
    expect(
        page.get_by_test_id("stMarkdown").get_by_text(re.compile("pasted .*png"))
    ).to_be_visible()
    expect_no_error(page)


def test_camera__where_there_is_none_it_is_said(open_page: OpenPage, demo_address: str) -> None:
    page = open_page(f"{demo_address}/audit-image?from=camera")
    expect(page.get_by_test_id("stAlert")).to_contain_text("This browser offers no camera")


def test_example__all_that_is_found_of_it_has_an_address(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/audit-image?dataset=mnist-members&image=3", "dark")
    expect(page.get_by_test_id("stAlert")).to_contain_text(
        "This very image is registered as a member in mnist-members."
    )
    _open_tab(page, "Layers")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    _open_tab(page, "Activation maps")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    _open_tab(page, "Copies")
    expect(page.get_by_role("button", name="Copies (CSV)")).to_be_visible()
    _open_tab(page, "Nearest images")
    page.reload()
    expect(page.get_by_text(re.compile("^this very image"))).to_be_visible()
    expect(
        page.locator(".stMarkdownBadge", has_text=re.compile("^(member|external)$"))
    ).to_have_count(8)
    expect(page).to_have_url(re.compile("dataset=mnist-members&.*image=3"))
