"""Where the protocols of these tests work."""

from pathlib import Path

import pytest

from mintcore.progress import SilentReporter
from mintcore.protocols.bench import Bench
from mintcore.protocols.data import DataFolder
from store.artefacts import Home


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(Home(tmp_path / "home"), DataFolder(tmp_path / "data"), "cpu", SilentReporter())
