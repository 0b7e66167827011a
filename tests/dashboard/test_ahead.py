"""What the server imports before the first visitor."""

import asyncio
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import cast

import pytest
import streamlit as st

import dashboard
from dashboard import ahead

_IMPORTED = """
import gc, sys
from dashboard.ahead import LATER, import_ahead
import_ahead()
print(*(name for name in sys.modules if name.startswith("dashboard.") or name in LATER))
print(*sorted({"torch", "torchvision", "sklearn", "duckdb"} & set(sys.modules)))
print(gc.get_freeze_count() > len(sys.modules))
"""


@pytest.fixture(scope="module")
def imported() -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORTED], check=True, capture_output=True, text=True
    )
    return ran.stdout.splitlines()


def test_import_ahead__every_part_and_chart_of_a_page(imported: list[str]) -> None:
    rooms = Path(dashboard.__file__).parent
    parts = {
        f"dashboard.{room}.{file.stem}"
        for room in ("parts", "charts")
        for file in (rooms / room).glob("*.py")
        if file.stem != "__init__"
    }
    assert len(parts) > 50
    assert parts | set(ahead.LATER) <= set(imported[0].split())


def test_import_ahead__pytorch_waits_for_an_image(imported: list[str]) -> None:
    assert "torch" not in imported[1]
    assert "sklearn" not in imported[1]


def test_import_ahead__garbage_is_not_looked_for_in_it(imported: list[str]) -> None:
    assert imported[2] == "True"


def test_imported_ahead__begins_when_the_server_runs_which_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, goes_on = Event(), Event()

    def importing() -> None:
        begun.set()
        assert goes_on.wait(10)

    monkeypatch.setattr(ahead, "import_ahead", importing)

    async def serve() -> None:
        async with ahead.imported_ahead(cast("st.App", None)):
            assert await asyncio.to_thread(begun.wait, 10)
            goes_on.set()

    asyncio.run(serve())
