import pytest
from browsing import OpenPage, expect_no_error, expect_no_sideways_scroll
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_about__each_tab_has_an_address_and_the_diagram_needs_no_network(
    open_page: OpenPage, demo_address: str
) -> None:
    page = open_page(f"{demo_address}/about", "dark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.get_by_text("blind baselines", exact=True).last).to_be_visible()
    expect(
        page.locator(
            "svg[id*=mermaid], .stMermaidChart svg, [data-testid=stMermaidChart] svg"
        ).first
    ).to_be_visible()
    assert [url for url in asked if not url.startswith((demo_address, "data:", "blob:"))] == []
    for tab, words in (
        ("This machine", "CPU cores"),
        ("Home folder and settings", "MINT_JOBS_AT_ONCE"),
        ("Licences", "packages, as their own metadata says"),
    ):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text(words).first).to_be_visible()
        expect_no_sideways_scroll(page)
    assert "about=Licences" in page.url
    expect_no_error(page)
