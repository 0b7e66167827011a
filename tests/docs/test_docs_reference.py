"""The pages that repeat what the program says of itself are as ``python docs/reference.py`` writes them today."""

import runpy
from dataclasses import replace

import pytest
from markdown_pages import ROOT

import mintcore.settings

REFERENCE = str(ROOT / "docs" / "reference.py")
WRITTEN = runpy.run_path(REFERENCE)["PAGES"]


@pytest.mark.parametrize("name", WRITTEN)
def test_page__is_as_it_is_written_today(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == WRITTEN[name]()


def test_settings_page__another_default_is_another_page(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = mintcore.settings.SETTINGS
    monkeypatch.setattr(mintcore.settings, "SETTINGS", (replace(first, default="x"), *others))
    before, after = WRITTEN["settings.md"](), runpy.run_path(REFERENCE)["PAGES"]["settings.md"]()
    assert before != after
