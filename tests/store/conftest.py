from pathlib import Path

import pytest

from store.artefacts import Home
from store.feature_store import FeatureStore, create_store


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def store(home: Home) -> FeatureStore:
    """An empty store with blocks of 1,024 rows."""
    return create_store(home, "resnet", expected_rows=0, model="resnet18")
