import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.extraction import computing, filling
from mintcore.extraction.planning import plan_extraction
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import ExtractionSummary, extract_datasets
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model, load_model
from mintcore.progress import SilentReporter
from store.artefacts import Home
from store.errors import StoreError
from store.feature_store import open_store
from store.query import Query

GREY = Preprocessing(size=(28, 28), mean=(0.3,), std=(0.35,))


@pytest.fixture
def digits_home(digits_home: Home) -> Home:
    """The home folder before anything was extracted."""
    for kind in ("stores", "auditors"):
        shutil.rmtree(digits_home.path / kind)
    return digits_home


def run(home: Home, *datasets: str, **settings: object) -> ExtractionSummary:
    request = ExtractionRequest("net", datasets, **settings)  # type: ignore[arg-type]
    return extract_datasets(home, request, device="cpu", reporter=SilentReporter())


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


def test_extract__stores_what_the_model_computes(digits_home: Home) -> None:
    summary = run(digits_home, "members", layers="block2,output")
    store = open_store(digits_home.folder("stores", summary.store))
    table = samples(digits_home, "members", limit=100)
    ids, uris = table.column("sample_id").to_pylist(), table.column("uri").to_pylist()
    model = load_model(digits_home, "net")
    pixels = np.stack([read_pixels(uri)[:, :, 0] for uri in uris])[:, None]
    batch = (torch.from_numpy(pixels).float() / 255 - 0.3) / 0.35
    with torch.inference_mode():
        maps = model.module.block2(model.module.block1(batch))
        logits = model.module(batch)
    pooled = store.read("block2/pooled", store.locate("block2/pooled", ids))
    np.testing.assert_allclose(pooled, maps.mean((2, 3)).numpy(), rtol=2e-3, atol=1e-3)
    whole = store.read("block2/map8", store.locate("block2/map8", ids))
    np.testing.assert_allclose(whole, maps.numpy(), rtol=2e-3, atol=1e-3)  # 7 x 7 is kept whole
    output = store.read("output/pooled", store.locate("output/pooled", ids))
    np.testing.assert_allclose(output, logits.numpy(), rtol=2e-3, atol=1e-3)


def test_extract__signals_are_kept_beside_other_views_whatever_their_type(
    digits_home: Home,
) -> None:
    views = ("pooled", "signals")
    summary = run(digits_home, "members", layers="block1,output", views=views, dtype="bfloat16")
    assert summary.arrays == (
        "block1/pooled-bfloat16",
        "output/pooled-bfloat16",
        "output/signals-predicted",
    )


def test_extract__a_rerun_computes_nothing(digits_home: Home, forwards: list[int]) -> None:
    first = run(digits_home, "members")
    assert (first.computed, first.reused, sum(forwards)) == (500, 0, 500)
    second = run(digits_home, "members")
    assert (second.computed, second.reused, sum(forwards)) == (0, 500, 500)


def test_extract__images_shared_by_datasets_are_computed_once(
    digits_home: Home, forwards: list[int]
) -> None:
    run(digits_home, "members", layers="output")
    summary = run(digits_home, "members", "mixed", layers="output")
    assert (summary.images, summary.computed, summary.reused) == (600, 100, 500)
    assert sum(forwards) == 600


def test_extract__one_more_layer_computes_that_layer_only(digits_home: Home) -> None:
    run(digits_home, "members", layers="block1", views=("pooled",))
    summary = run(digits_home, "members", layers="block1,dense", views=("pooled",))
    store = open_store(digits_home.folder("stores", summary.store))
    assert {layer["layer"]: layer["rows"] for layer in store.info()["layers"]} == {
        "block1": 500,
        "dense": 500,
    }


def test_extract__commits_hold_a_bounded_number_of_rows(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "COMMIT_BYTES", 64 * 1024)
    summary = run(digits_home, "members", layers="block1", views=("map",))
    info = open_store(digits_home.folder("stores", summary.store)).info()
    assert info["segments"] == 8  # 500 images, one batch of 64 a commit
    assert info["rows"] == 500


def test_extract__a_changed_and_a_lost_file_are_named_and_do_not_stop_the_run(
    digits_home: Home, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(folder / f"{number}.png")
    add_dataset(digits_home, "photos", f"folder:{folder}", "unknown")
    Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(folder / "1.png")
    (folder / "3.png").unlink()
    summary = run(digits_home, "photos", layers="output")
    assert (summary.computed, summary.failed) == (5, 2)
    store = open_store(digits_home.folder("stores", summary.store))
    ids = samples(digits_home, "photos").column("sample_id").to_pylist()
    failures = store.failures(ids)
    assert [failure["status"] for failure in failures] == ["changed", "unreadable"]
    assert (store.locate("output/pooled", ids) >= 0).tolist() == [True, False, True, False, True]


def test_extract__a_view_that_is_named_twice_is_kept_once(digits_home: Home) -> None:
    summary = run(digits_home, "members", layers="output", views=("pooled", "pooled"))
    assert summary.arrays == ("output/pooled",)


@pytest.mark.parametrize("target", ["label", "predicted"])
@pytest.mark.parametrize("view", ["gradient", "signals"])
def test_extract__an_embedding_has_no_target(digits_home: Home, view: str, target: str) -> None:
    colour = Preprocessing((32, 32), (0.5,) * 3, (0.5,) * 3)
    add_model(digits_home, "face", "mintcore:mobilefacenet", None, colour)
    request = ExtractionRequest("face", ("members",), views=(view,), target=target)
    with pytest.raises(MintError, match="face gives no logits of classes"):
        extract_datasets(digits_home, request, device="cpu", reporter=SilentReporter())
    assert not (digits_home.path / "stores").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"layers": "blok1"}, "has no layer 'blok1': did you mean block1"),
        ({"views": ("pooled", "mapp")}, "no view 'mapp'"),
        ({"map_side": 0}, "size 0 keeps nothing"),
        ({"dtype": "float64"}, "float16, float32, bfloat16, not 'float64'"),
        ({"layers": "output", "views": ("map",)}, "None of the chosen layers has a map view"),
        ({"layers": "block1", "views": ("signals",)}, "None of the chosen layers has a signals"),
        ({"views": ("signals",), "target": "lable"}, "cannot be 'lable'"),
    ],
)
def test_extract__bad_settings_are_one_sentence(
    digits_home: Home, settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(MintError, match=sentence):
        run(digits_home, "members", **settings)
    assert not (digits_home.path / "stores").exists()


def test_plan_extraction__says_what_is_there_and_computes_nothing(
    digits_home: Home, forwards: list[int]
) -> None:
    request = ExtractionRequest("net", ("members",), layers="output")
    before = plan_extraction(digits_home, request, device="cpu")
    assert not (digits_home.path / "stores").exists()
    run(digits_home, "members", layers="output")
    both = ExtractionRequest("net", ("members", "mixed"), layers="output")
    after = plan_extraction(digits_home, both, device="cpu")

    assert (before.images, before.compute, before.reuse) == (500, 500, 0)
    assert (after.images, after.compute, after.reuse) == (600, 100, 500)
    assert before.bytes == 5 * after.bytes > 500 * 10 * 2
    assert before.free_bytes > 0
    assert sum(forwards) == 500


def test_extract__not_enough_space_is_told_with_both_numbers_before_the_first_byte(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch, forwards: list[int]
) -> None:
    monkeypatch.setattr("store.disk.free_bytes", lambda _: 5000)

    with pytest.raises(StoreError, match=r"has 4\.9 KiB free, but 41\.0 KiB are needed"):
        run(digits_home, "members", layers="output")
    assert forwards == []
    assert list(digits_home.path.glob("stores/*/activations.zarr/*/*/c.*")) == []


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("bfloat16", 0.01)])
def test_extract__another_dtype_is_an_array_of_its_own(
    digits_home: Home, forwards: list[int], dtype: str, tolerance: float
) -> None:
    run(digits_home, "members", layers="block2")
    summary = run(digits_home, "members", layers="block2", dtype=dtype)
    store = open_store(digits_home.folder("stores", summary.store))
    ids = samples(digits_home, "members").column("sample_id").to_pylist()
    half, other = (
        store.read(key, store.locate(key, ids)) for key in ("block2/map8", f"block2/map8-{dtype}")
    )

    assert store.specs()[f"block2/map8-{dtype}"].dtype == dtype
    assert sum(forwards) == 1000
    assert other.dtype == np.float32
    np.testing.assert_allclose(half, other, rtol=max(tolerance, 1e-3), atol=1e-3)
    assert run(digits_home, "members", layers="block2", dtype=dtype).computed == 0


def test_extract__the_store_knows_the_datasets(digits_home: Home) -> None:
    summary = run(digits_home, "members", "mixed", layers="output")
    store = open_store(digits_home.folder("stores", summary.store))

    assert store.count(["dataset", "membership", "status"]) == [
        {"dataset": "members", "membership": "member", "status": "ok", "images": 500},
        {"dataset": "mixed", "membership": "unknown", "status": "ok", "images": 200},
    ]
    wanted = samples(digits_home, "members").column("sample_id").to_pylist()
    found = store.select(Query(dataset="members", array="output/pooled"))
    assert found.column("sample_id").to_pylist() == wanted


def test_extract__leaves_a_sealed_index(digits_home: Home) -> None:
    summary = run(digits_home, "members", layers="output")
    store = open_store(digits_home.folder("stores", summary.store))

    assert store.info()["sealed"] == "index-1.duckdb"
    assert store.info()["unsealed_segments"] == 0
    run(digits_home, "members", layers="output")
    assert store.info()["sealed"] == "index-1.duckdb"


def test_extract__what_another_run_has_stored_meanwhile_is_not_computed_again(
    digits_home: Home, forwards: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = filling.Filling._left

    def late(*arguments: object) -> list[str]:
        monkeypatch.setattr(filling.Filling, "_left", real)
        run(digits_home, "members", layers="output")  # comes first, between plan and start
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(filling.Filling, "_left", late)
    summary = run(digits_home, "members", layers="output")

    assert (summary.computed, summary.reused) == (0, 500)
    assert sum(forwards) == 500
