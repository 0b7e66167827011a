"""Databases compared by leaving each source of externals out."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_digits

from mintcore.audit import audit_dataset
from mintcore.cohorts import build_cohort
from mintcore.comparison import CompareRequest, compare
from mintcore.cross_tests import CrossTest
from mintcore.datasets.reading import samples
from mintcore.datasets.registration import add_dataset
from mintcore.library import auditor_scores, external_datasets
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from store.artefacts import Card, Home, write_card

SILENT = SilentReporter()


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Card]:
    """Members and two sources of digits, a source of noise, and digits to audit; an untrained model."""
    folder = tmp_path_factory.mktemp("compared")
    home = Home(folder / "home")
    images = np.round(load_digits().images * (255 / 16)).astype(np.uint8)
    for at, name in enumerate(("in", "one", "two", "audited")):
        membership = "member" if name == "in" else "external"
        _add(home, folder, name, images[100 * at : 100 * at + 100], membership)
    noise = np.random.default_rng(0).integers(0, 256, (100, 8, 8), np.uint8)
    _add(home, folder, "noise", noise, "external")
    grey = Preprocessing(size=(8, 8), mean=(0.3,), std=(0.35,))
    add_model(home, "net", "mintcore:object-cnn-small", None, grey, num_classes=10)
    request = CompareRequest("net", "in", ("one", "two", "noise"), "block2", "linear", seeds=1)
    return home, compare(home, request, device="cpu", reporter=SILENT)


def test_compare__each_source_is_left_out_once(compared: tuple[Home, Card]) -> None:
    home, card = compared
    cells = {cell["test_external"]: cell for cell in card["leave_one_out"]}
    assert {name: cell["train_external"] for name, cell in cells.items()} == {
        "one": "two + noise",
        "two": "one + noise",
        "noise": "one + two",
    }
    for name, cell in cells.items():
        auditor = home.card("auditors", cell["auditor"])
        left = [each for each in ("one", "two", "noise") if each != name]
        assert external_datasets(auditor) == left
        seen = set(auditor_scores(home, auditor["id"]).column("sample_id").to_pylist())
        assert seen.isdisjoint(samples(home, name).column("sample_id").to_pylist())
        held_out = build_cohort(home, "in", name, 0).positions("test")
        assert cell["n_members"] + cell["n_externals"] == len(held_out)


def test_compare__an_auditor_of_several_sources_audits_like_any_other(
    compared: tuple[Home, Card],
) -> None:
    home, card = compared
    auditor = card["leave_one_out"][2]["auditor"]
    audit = audit_dataset(home, auditor, "audited", device="cpu", reporter=SILENT)
    assert audit["verdict"].startswith("no evidence")


def test_compare__what_looks_like_what_an_auditor_saw_is_not_tested_on(tmp_path: Path) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (300, 32, 32, 3), np.uint8)
    brighter = np.clip(photos[100:200] * 1.05, 0, 255).astype(np.uint8)
    home = Home(tmp_path / "home")
    for name, images in (("one", photos[100:200]), ("copies", brighter), ("other", photos[200:])):
        _add(home, tmp_path, name, images, "external")
    _add(home, tmp_path, "in", photos[:100], "member")
    auditor = _as_trained(home, "in", "one")
    test = CrossTest(home, "in", seed=0, allow_overlap=False, device="cpu")
    left = {
        name: test._unseen(auditor, build_cohort(home, "in", name, 0), name)
        for name in ("one", "copies", "other")
    }
    cohort = build_cohort(home, "in", "copies", 0)
    held_out = set(cohort.positions("test").tolist())
    originals = dict(zip(_ids(home, "copies"), _ids(home, "one"), strict=True))
    scores = auditor_scores(home, auditor["id"]).to_pylist()
    seen = {row["sample_id"] for row in scores if row["part"] != "test"}
    gone = held_out - set(left["copies"].tolist())
    assert {originals[cohort.sample_ids[place]] for place in gone} == {
        originals[cohort.sample_ids[place]]
        for place in held_out
        if originals.get(cohort.sample_ids[place]) in seen
    }
    assert len(gone) > 10
    for name in ("one", "other"):
        cohort = build_cohort(home, "in", name, 0)
        assert left[name].tolist() == cohort.positions("test").tolist()


def _ids(home: Home, name: str) -> list[str]:
    return list(samples(home, name).column("sample_id").to_pylist())


def _add(home: Home, folder: Path, name: str, images: np.ndarray, membership: str) -> None:
    np.savez(folder / f"{name}.npz", images=images)
    add_dataset(home, name, f"arrays:{folder / name}.npz", membership)


def _as_trained(home: Home, members: str, external: str) -> Card:
    """Publish what a cross test reads of an auditor: its split."""
    cohort = build_cohort(home, members, external, 0)
    table = {"sample_id": cohort.sample_ids, "part": [str(part) for part in cohort.part]}
    with home.publishing("auditors", "a") as folder:
        pq.write_table(pa.table(table), folder / "scores.parquet")
        write_card(folder, "auditors", "a", made_from=cohort.made_from)
    return home.card("auditors", "a")
