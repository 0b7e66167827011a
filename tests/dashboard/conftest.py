"""Pages of the dashboard on an empty home folder."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard

APP = Path(dashboard.__file__).with_name("app.py")


@pytest.fixture
def empty_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The dashboard's first page, on a home folder that does not exist yet."""
    monkeypatch.setenv("MINT_HOME", str(tmp_path / "home"))
    return AppTest.from_file(str(APP), default_timeout=60).run()
