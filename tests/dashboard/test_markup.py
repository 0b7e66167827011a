"""What comes from outside never becomes markup of a page."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "\u202ealert(1)\u2066",
]


def _page(folder: str, names: list[str]) -> None:
    from dashboard.parts.errors import errors_as_sentences  # noqa: PLC0415 - AppTest runs this alone
    from dashboard.parts.facts import facts  # noqa: PLC0415
    from dashboard.parts.thumbnails import Thumbnail, picture, thumbnails  # noqa: PLC0415
    from mintcore.errors import MintError  # noqa: PLC0415

    facts({name: name for name in names})
    thumbnails([Thumbnail(f"{folder}/0.png", names)])
    for name in names:
        thumbnails([Thumbnail(f"{folder}/{name}", ["gone"])])
        picture(f"{folder}/{name}")
        with errors_as_sentences():
            raise MintError(name)


@pytest.fixture
def shown(tmp_path: Path) -> AppTest:
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(tmp_path / "0.png")
    page = AppTest.from_function(_page, args=(str(tmp_path), HOSTILE), default_timeout=30)
    page.run()
    assert not page.exception
    return page


def test_pages__names_and_errors_become_no_markup(shown: AppTest) -> None:
    bodies = [each.proto.body for each in shown.get("html")]
    assert len(bodies) == 2 + len(HOSTILE)
    assert sum("alert(1)" in body for body in bodies) == len(bodies)
    assert [
        body for body in bodies if "\u202e" in body
    ] == []  # it would turn the text beside it around
    markup = re.compile("<(script|svg|img src=x)")
    assert [body for body in bodies if markup.search(body)] == []


def test_pages__sentences_of_errors_become_no_markdown(shown: AppTest) -> None:
    said = [each.value for each in (*shown.error, *shown.caption)]
    assert len(said) == 2 * len(HOSTILE)
    assert [text for text in said if "<" in text.replace("\\<", "")] == []
