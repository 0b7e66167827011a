"""Extraction into a store on object storage, by the command, and another home folder that finds it there."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.object_server import Proxy
from mintcore.datasets.reading import samples
from mintcore.deletion import delete, plan_deletion
from mintcore.dependents import Artefact
from mintcore.extraction.planning import plan_extraction
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import extract_datasets
from mintcore.progress import SilentReporter
from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import open_store
from store.object_storage import Objects

REQUEST = ExtractionRequest("net", ("members",), layers="block2", views=("pooled",))


@pytest.fixture
def bare(
    digits_home: Home, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Home]]:
    """Make home folders of which none has a store yet."""
    monkeypatch.setenv("MINT_STORES", f"{place}/")

    def make(name: str) -> Home:
        folder = tmp_path / name
        shutil.copytree(
            digits_home.path, folder, ignore=shutil.ignore_patterns("stores", "auditors")
        )
        return Home(folder)

    return make


def extract(home: Home) -> tuple[int, int, str]:
    done = extract_datasets(home, REQUEST, device="cpu", reporter=SilentReporter())
    return done.computed, done.reused, done.store


def values(home: Home, store: str) -> np.ndarray:
    opened = open_store(home.folder("stores", store))
    ids = samples(home, "members").column("sample_id").to_pylist()
    return opened.read("block2/pooled", opened.locate("block2/pooled", ids))


def test_extract__by_one_home_is_reused_by_another(
    bare: Callable[[str], Home], digits_home: Home, place: str, proxy: Proxy
) -> None:
    first, second = bare("first"), bare("second")
    assert plan_extraction(first, REQUEST, device="cpu").compute == 500

    computed, reused, store = extract(first)

    assert (computed, reused) == (500, 0)
    assert plan_extraction(second, REQUEST, device="cpu").reuse == 500
    assert extract(second) == (0, 500, store)
    known = values(digits_home, store)  # of the store in the home folder that a sweep has filled
    np.testing.assert_array_equal(values(first, store), known)
    np.testing.assert_array_equal(values(second, store), known)
    assert any(
        name.startswith("index/dataset-members") for name in Objects(f"{place}/{store}").list()
    )
    proxy.behave()
    values(second, store)
    assert not [path for _, path in proxy.requests if "/c." in path]


def test_extract__that_the_storage_interrupts_goes_on_where_it_was(
    bare: Callable[[str], Home], proxy: Proxy
) -> None:
    home = bare("first")
    proxy.fail_at(12, "slow down", times=10_000)
    with pytest.raises(StoreError, match="what is committed is safe; run again"):
        extract(home)
    proxy.behave()

    computed, reused, store = extract(home)

    assert computed + reused == 500
    assert len(values(home, store)) == 500


def test_deletion__leaves_the_objects_and_says_where(
    bare: Callable[[str], Home], place: str
) -> None:
    home = bare("first")
    _, _, store = extract(home)
    artefact = Artefact("stores", store)

    (sentence,) = plan_deletion(home, artefact).staying
    assert sentence.startswith(
        f"The objects of this store stay at {place}/{store}, since other home folders"
    )
    delete(home, artefact)

    assert not home.has("stores", store)
    assert extract(home) == (0, 500, store)
    assert len(values(home, store)) == 500
