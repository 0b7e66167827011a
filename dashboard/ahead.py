"""What pages need is imported when the server starts, before the first visitor has to wait for it."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import iter_modules
from threading import Thread

import streamlit as st

import dashboard.charts
import dashboard.parts

LATER = (
    "mintcore.evaluation.advantage",
    "mintcore.methods.finds_table",
    "mintcore.reports.signing",
)
"""What parts of pages import when they are drawn; without PyTorch, which comes with the first image."""


@asynccontextmanager
async def imported_ahead(_: st.App) -> AsyncIterator[None]:
    """Begin to import once the server runs; who comes meanwhile waits for no more than without."""
    Thread(target=import_ahead, name="import-ahead", daemon=True).start()
    yield


def import_ahead() -> None:
    """Import all parts and charts of pages, and what these import later.

    All of it stays as long as the server, so the collector of garbage is told not to look at it again: that made
    everybody wait for a tenth of a second whenever it did.
    """
    for package in (dashboard.parts, dashboard.charts):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in LATER:
        import_module(name)
    gc.collect()
    gc.freeze()
