import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from learnt_digits import ARCH, GREY

from mintcore.cohorts import build_cohort
from mintcore.datasets.registration import add_dataset
from mintcore.errors import CancelledError, MintError
from mintcore.extraction import computing
from mintcore.methods import answers
from mintcore.methods.requests import MethodsRequest
from mintcore.methods.run import run_methods
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from store.artefacts import Card, Home
from store.feature_store import FeatureStore

ALONE = MethodsRequest("net", "members", "external")
WITH_BOTH = replace(ALONE, references=("both-1", "both-2"))
OF_THE_MODEL = ["loss threshold", "confidence", "entropy", "modified entropy", "Attack-P"]
OFFLINE = ["Attack-R", "LiRA offline", "RMIA offline"]
ONLINE = ["LiRA online", "RMIA online"]


def card_of(home: Home, request: MethodsRequest) -> Card:
    return run_methods(home, request, device="cpu", reporter=SilentReporter())


def rows(card: Card) -> dict[str, dict[str, Any]]:
    return {row["method"]: row for row in card["rows"]}


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of images of every forward pass."""
    counted: list[int] = []
    real = computing.reduce_taps

    def counting(model: object, batch: torch.Tensor, *rest: object) -> object:
        counted.append(len(batch))
        return real(model, batch, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(computing, "reduce_taps", counting)
    return counted


def test_run_methods__without_references(home: Home) -> None:
    found = rows(card_of(home, ALONE))
    assert list(found) == OF_THE_MODEL
    assert found["loss threshold"]["auc"] > 0.6  # it was learnt by heart
    assert found["Attack-P"]["auc"] == pytest.approx(found["loss threshold"]["auc"])
    for row in found.values():
        assert (row["needs"], row["forward_passes"], row["models_trained"]) == ("none", 1, 0)
        assert row["auc_ci"][0] < row["auc"] < row["auc_ci"][1]


def test_run_methods__are_measured_on_the_test_part_of_our_auditors_split(home: Home) -> None:
    card = card_of(home, ALONE)
    cohort = build_cohort(home, "members", "external", 0)
    table = pq.read_table(home.folder("methods", card["id"]) / "scores.parquet")
    assert table.column("sample_id").to_pylist() == cohort.sample_ids
    assert table.column("part").to_pylist() == [str(part) for part in cohort.part]
    tested = cohort.positions("test")
    scores = table.column("loss threshold").to_numpy()[tested]
    members, externals = scores[cohort.is_member[tested]], scores[~cohort.is_member[tested]]
    above = (members[:, None] > externals[None]).mean() + (members[:, None] == externals).mean() / 2
    row = rows(card)["loss threshold"]
    assert row["auc"] == pytest.approx(above)
    assert (row["n_members"], row["n_externals"]) == (len(members), len(externals))
    unused = ~cohort.is_member & (cohort.part != "test")
    assert card["population"] == unused.sum()


def test_run_methods__references_on_both_sides_give_online_variants(home: Home) -> None:
    card = card_of(home, WITH_BOTH)
    found = rows(card)
    assert list(found) == OF_THE_MODEL + OFFLINE + ONLINE
    assert card["remarks"] == []
    for name in OFFLINE + ONLINE:
        row = found[name]
        assert (row["needs"], row["forward_passes"], row["models_trained"]) == ("references", 3, 2)
    assert found["Attack-R"]["auc"] > 0.55  # the model learnt its images by heart
    assert found["RMIA online"]["auc"] > 0.55


def test_run_methods__references_that_saw_no_member_give_offline_variants(home: Home) -> None:
    card = card_of(home, replace(ALONE, references=("far-1", "far-2")))
    assert list(rows(card)) == OF_THE_MODEL + OFFLINE
    assert "trained on by no reference model" in card["remarks"][0]


def test_run_methods__one_reference_that_saw_some_images_is_told(home: Home) -> None:
    card = card_of(home, replace(ALONE, references=("both-1",)))
    assert list(rows(card)) == OF_THE_MODEL
    assert "trained on by every reference model" in card["remarks"][0]


def test_run_methods__queries_cost_forward_passes(home: Home) -> None:
    found = rows(card_of(home, replace(WITH_BOTH, queries=3)))
    passes = {name: row["forward_passes"] for name, row in found.items()}
    assert passes["loss threshold"] == 1
    assert passes["global threshold"] == 3
    assert passes["Attack-R"] == 3
    assert passes["LiRA online"] == passes["RMIA offline"] == 9


def test_run_methods__a_rerun_does_nothing(home: Home, forwards: list[int]) -> None:
    first = card_of(home, ALONE)
    assert sum(forwards) == 600
    assert card_of(home, ALONE) == first
    assert sum(forwards) == 600


def test_run_methods__computes_only_what_is_missing(home: Home, forwards: list[int]) -> None:
    alone = card_of(home, ALONE)
    more = card_of(home, WITH_BOTH)
    assert sum(forwards) == 3 * 600
    assert more["id"] != alone["id"]


def test_run_methods__a_run_that_was_stopped_is_resumed(
    home: Home, forwards: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopping(SilentReporter):
        def stage(self, name: str, total: int) -> None:
            if "both-2" in name:
                raise CancelledError

    with pytest.raises(CancelledError):
        run_methods(home, WITH_BOTH, device="cpu", reporter=Stopping())
    assert not home.cards("methods")
    resumed = card_of(home, WITH_BOTH)
    assert sum(forwards) == 3 * 600
    shutil.rmtree(home.path / "stores")
    shutil.rmtree(home.path / "methods")
    assert card_of(home, WITH_BOTH)["rows"] == resumed["rows"]


def test_run_methods__another_seed_is_another_split(home: Home) -> None:
    assert card_of(home, ALONE)["id"] != card_of(home, replace(ALONE, seed=1))["id"]


def lose(monkeypatch: pytest.MonkeyPatch, lost: Sequence[str]) -> None:
    """Let stores know nothing of some images."""

    class Lossy:
        def __init__(self, store: FeatureStore) -> None:
            self.store = store

        def locate(self, key: str, ids: list[str]) -> np.ndarray:
            return np.where(np.isin(ids, lost), -1, self.store.locate(key, ids))

        def read(self, key: str, places: np.ndarray) -> np.ndarray:
            return self.store.read(key, places)

    real = answers.store_of
    monkeypatch.setattr(answers, "store_of", lambda *given: Lossy(real(*given)))


def test_run_methods__images_that_cannot_be_read_any_more_are_left_out(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(monkeypatch, build_cohort(home, "members", "external", 0).sample_ids[5:8])
    card = card_of(home, ALONE)
    table = pq.read_table(home.folder("methods", card["id"]) / "scores.parquet")
    assert card["left_out"] == 3
    assert np.isnan(table.column("entropy").to_numpy()).sum() == 3


def test_run_methods__too_few_images_are_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = build_cohort(home, "members", "external", 0)
    population = np.flatnonzero(~cohort.is_member & (cohort.part != "test"))
    lose(monkeypatch, [cohort.sample_ids[place] for place in population[4:]])
    with pytest.raises(MintError, match="and 4 images of the population only"):
        card_of(home, ALONE)


def test_run_methods__of_the_predicted_class_need_no_labels(home: Home, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)
    for name, some in (("member", noise[:100]), ("external", noise[100:])):
        np.savez(tmp_path / f"{name}.npz", images=some)
        add_dataset(home, f"bare-{name}", f"arrays:{tmp_path / name}.npz", name)
    bare = MethodsRequest("net", "bare-member", "bare-external")
    with pytest.raises(MintError, match="images have no label"):
        card_of(home, bare)
    found = card_of(home, replace(bare, target="predicted"))
    assert list(rows(found)) == ["confidence", "entropy"]


def test_run_methods__a_reference_without_ledger_is_refused(home: Home) -> None:
    names = home.card("models", "net")["classes"]
    add_model(home, "public", ARCH, None, GREY, num_classes=len(names), classes=names)
    with pytest.raises(MintError, match="not known what 'public' was trained on"):
        card_of(home, replace(ALONE, references=("public",)))


def test_run_methods__a_reference_with_other_classes_is_refused(home: Home) -> None:
    add_model(home, "five", ARCH, None, GREY, num_classes=5)
    with pytest.raises(MintError, match="'five' tells 5 classes apart, but 'net' 10, 5 of them"):
        card_of(home, replace(ALONE, references=("five",)))


def test_run_methods__the_audited_model_is_no_reference(home: Home) -> None:
    with pytest.raises(MintError, match="is the audited model itself"):
        card_of(home, replace(ALONE, references=("net",)))


def test_run_methods__a_face_model_has_no_logits(home: Home) -> None:
    add_model(home, "face", "mintcore:mobilefacenet", None, GREY)
    with pytest.raises(MintError, match="face gives no logits of classes"):
        card_of(home, replace(ALONE, model="face"))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"references": ("a", "a")}, "named twice"),
        ({"references": ("a",), "target": "predicted"}, "give --target label"),
        ({"target": "truth"}, "cannot be 'truth'"),
        ({"queries": 65}, "65 queries an image: give 1 to 64"),
    ],
)
def test_methods_request__what_cannot_be_is_one_sentence(
    settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MintError, match=sentence):
        replace(ALONE, **settings)
