"""The dashboard behind a reverse proxy and below a path: people sign in, or nobody does."""

import hashlib
import http.client
import io
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsing import HEADINGS, expect_no_error, go, paste, settle
from identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from reverse_proxy import reverse_proxy

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PREFIX = "/mint"
ANOTHER_NAME = (
    "audit.localhost"  # a browser finds it here; for the dashboard it is another machine's
)
ROLES = {"MINT_OPERATORS": "Ada@example.org", "MINT_VIEWERS": "@example.org"}
STARTING = re.compile("Start|Register|Delete|Rename|default|Cancel|Retry|Try again|Find the|Ask")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab of a browser that is not signed in anywhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


@contextmanager
def _served(home: Path, port: int, *options: str) -> Iterator[str]:
    """Run ``mint dashboard`` below the prefix; gives what it says."""
    words = ["dashboard", "--home", str(home), "--no-browser", "--port", str(port)]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from mintcore.cli import main; main()",
            *words,
            "--base-url",
            PREFIX,
            *options,
        ],
        env=os.environ | ROLES | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stdout.readline() if process.stdout else ""
        assert "MINT workbench is at" in said
        yield said
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def with_login(demo_home: Path, tmp_path: Path) -> Iterator[str]:
    """Where people reach the demo home, after they signed in."""
    port = _free_port()
    with identity_provider() as metadata, reverse_proxy(PREFIX, port) as public:
        login, address = tmp_path / "login.toml", f"http://localhost:{public}{PREFIX}"
        login.write_text(
            f'[auth]\nredirect_uri = "{address}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_urlsafe(48)}"\nclient_id = "{CLIENT_ID}"\n'
            f'client_secret = "{CLIENT_SECRET}"\nserver_metadata_url = "{metadata}"\n'
        )
        login.chmod(0o600)
        with _served(demo_home, port, "--login", str(login)) as said:
            assert f" {address} " in said
            yield address


def _sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    settle(page)


def _sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_login__operator_viewer_and_strangers(with_login: str, tab: Page) -> None:
    tab.goto(f"{with_login}/train")
    expect(tab.locator("h1")).to_have_text("MINT workbench")
    expect(tab.get_by_test_id("stSidebar")).to_have_count(0)
    _sign_in(tab, "Ada")
    go(tab, "Train an auditor")
    expect(tab.get_by_role("button", name="Start the training")).to_be_visible()
    _has_an_image_judged(tab)
    _sign_out(tab)
    _sign_in(tab, "Vera")
    _looks_and_takes_away(tab, with_login)
    _sign_out(tab)
    _sign_in(tab, "Mallory")
    expect(tab.get_by_text("may not look at this dashboard")).to_be_visible()
    expect(tab.get_by_test_id("stSidebar")).to_have_count(0)
    _sign_out(tab)
    _sign_in(tab, "Pretender")
    expect(tab.get_by_text("does not say that this address is yours")).to_be_visible()
    expect(tab.get_by_test_id("stSidebar")).to_have_count(0)


def _has_an_image_judged(page: Page) -> None:
    """Paste an image, which goes to the server and comes back as a picture below the prefix."""
    go(page, "Audit an image")
    pixels = io.BytesIO()
    Image.new("L", (28, 28), 200).save(pixels, "png")
    paste(page, pixels.getvalue())
    expect(page.get_by_text("Calibrated probability")).to_be_visible()
    expect_no_error(page)


def _looks_and_takes_away(page: Page, address: str) -> None:
    """Look at an audit as a viewer: its chart, its report, and the same again by its address."""
    go(page, "Audit a dataset")
    expect(page.get_by_text("Only operators start audits.")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name=re.compile(r"HTML")).first.click()
    assert b"<html" in taken.value.path().read_bytes()
    assert page.url.startswith(f"{address}/audit-dataset?")
    before = page.url
    page.reload()
    expect(page.locator("h1")).to_have_text(HEADINGS["Audit a dataset"])
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    assert page.url == before
    expect_no_error(page)


@pytest.fixture(scope="module")
def without_login(demo_home: Path) -> Iterator[str]:
    """Where everybody reaches the demo home, under another name."""
    port = _free_port()
    options = ("--public-host", ANOTHER_NAME, "--i-understand-no-auth")
    with reverse_proxy(PREFIX, port) as public, _served(demo_home, port, *options):
        yield f"http://{ANOTHER_NAME}:{public}{PREFIX}"


def _state(home: Path) -> dict[str, str]:
    """Give all files of a home but what the server itself writes down, each with a digest."""
    own = re.compile(r"(jobs.*|.*\.log|\.jobs.*)$")
    files = [each for each in home.rglob("*") if each.is_file()]
    kept = [each for each in files if not own.match(str(each.relative_to(home)))]
    return {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in kept}


def test_open__viewer_sees_all_pages_and_changes_nothing(
    without_login: str, tab: Page, demo_home: Path
) -> None:
    assert without_login.startswith(f"http://{ANOTHER_NAME}:")
    before = _state(demo_home)
    tab.goto(f"{without_login}/")
    for name in HEADINGS:
        go(tab, name)
        expect_no_error(tab)
        expect(tab.get_by_test_id("stSidebar").get_by_text("viewer").first).to_be_visible()
        expect(tab.get_by_test_id("stMain").get_by_role("button", name=STARTING)).to_have_count(0)
    assert tab.url.startswith(without_login)
    assert _state(demo_home) == before


@pytest.mark.parametrize(("name", "status"), [(ANOTHER_NAME, 101), ("evil.example", 403)])
def test_open__page_of_another_name_is_refused(without_login: str, name: str, status: int) -> None:
    public = int(re.findall(r":(\d+)", without_login)[0])
    connection = http.client.HTTPConnection("127.0.0.1", public, timeout=10)
    headers = {
        "Origin": f"http://{name}:{public}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    connection.request("GET", f"{PREFIX}/_stcore/stream", headers=headers)
    assert connection.getresponse().status == status
    connection.close()
