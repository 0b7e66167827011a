from pathlib import Path

import pytest

from dashboard.navigation import PAGES

DESCRIBED = Path(__file__).parents[2] / "docs" / "dashboard.md"


@pytest.mark.parametrize("title", [place.title for place in PAGES.values()])
def test_pages__each_is_described(title: str) -> None:
    assert f"| {title} |" in DESCRIBED.read_text(encoding="utf-8")


def test_pages__no_two_have_the_same_address() -> None:
    addresses = [place.url for place in PAGES.values()]
    assert len(set(addresses)) == len(addresses)
