"""How tests move about in the dashboard."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

OpenPage = Callable[..., Page]

HEADINGS = {
    "Overview": "What is in this home folder?",
    "Audit an image": "Was this image used to train the model?",
    "Audit a dataset": "Was this dataset used to train the model?",
    "Compare layers": "Which layers remember?",
    "Compare datasets": "Memory, or another kind of image?",
    "Compare methods": "How do other methods compare?",
    "Train an auditor": "Does this layer remember?",
    "Library": "What is registered here?",
    "Jobs": "What is running, and what became of it?",
    "Settings and about": "What runs here, and how far can it be trusted?",
}
_PASTE = """
    (bytes) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true }));
    }
"""
JOB_MS = 180_000
FIRST_IMAGE_MS = 60_000  # it imports PyTorch

expect.set_options(timeout=FIRST_IMAGE_MS)


def go(page: Page, name: str) -> None:
    """Go to a page by the navigation, and wait until all of it is there."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.locator("h1")).to_have_text(HEADINGS[name])
    settle(page)


def settle(page: Page) -> None:
    """Wait until the page is at rest."""
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_function("[...document.images].every(image => image.complete)")


def open_list(page: Page, box: Locator) -> None:
    """Open the list of a box. It is scrolled to first: a scroll that arrives after the click would close it."""
    box.scroll_into_view_if_needed()
    settle(page)
    box.click()


def expect_no_error(page: Page) -> None:
    """Expect neither a traceback nor a red box."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator("[data-testid=stAlertContentError]")).to_have_count(0)


def expect_no_sideways_scroll(page: Page) -> None:
    """Expect that everything fits the width of the window."""
    wider = "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    assert page.evaluate(wider) <= 0


def upload(page: Page, name: str, content: bytes, mime: str = "image/png") -> None:
    """Put a file into the page's first place for files."""
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": mime, "buffer": content}
    )


def paste(page: Page, png: bytes) -> None:
    """Paste an image from the clipboard."""
    expect(page.get_by_role("button", name="Paste from the clipboard")).to_be_visible()
    page.evaluate(_PASTE, list(png))
