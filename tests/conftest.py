"""Tests do not hinder each other, and none fails for a busy machine."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("unhurried", settings.default, deadline=None)  # 200 ms a case otherwise
settings.load_profile("unhurried")
# or every process that a test starts compiles all of PyTorch's modules again, three seconds each
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Give the main module back that a tested page took: a process that a later test starts would run that page."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
