"""Queries and gradients in the store are what the model computes for the image as it is shown."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.extraction import computing
from mintcore.extraction.queries import QUERIES, show
from mintcore.extraction.requests import ExtractionRequest
from mintcore.extraction.run import extract_datasets
from mintcore.extraction.stresses import STRESSES, stress
from mintcore.models.registration import load_model
from mintcore.models.signals import SIGNALS
from mintcore.progress import SilentReporter
from store.artefacts import Home
from store.feature_store import open_store


def stored(home: Home, **settings: object) -> np.ndarray:
    """Extract one array of the dataset mixed, and read it."""
    request = ExtractionRequest("net", ("mixed",), dtype="float32", **settings)  # type: ignore[arg-type]
    summary = extract_datasets(home, request, device="cpu", reporter=SilentReporter())
    (key,) = summary.arrays
    store = open_store(home.folder("stores", summary.store))
    ids = samples(home, "mixed").column("sample_id").to_pylist()
    return store.read(key, store.locate(key, ids))


def pixels(home: Home) -> torch.Tensor:
    """The images of the dataset mixed: (200, 1, 28, 28) uint8."""
    uris = samples(home, "mixed").column("uri").to_pylist()
    return torch.from_numpy(np.stack([read_pixels(uri)[None, :, :, 0] for uri in uris]))


def test_queries__each_is_the_image_as_it_is_shown(digits_home: Home) -> None:
    found = stored(digits_home, layers="output", views=("pooled",), queries=4)

    model = load_model(digits_home, "net")
    with torch.inference_mode():
        wanted = [
            model.module(model.preprocessing.normalise(show(pixels(digits_home), query))).numpy()
            for query in QUERIES[:4]
        ]

    assert found.shape == (200, 4, 10)
    np.testing.assert_allclose(found, np.stack(wanted, axis=1), atol=1e-5)


def test_queries__stand_beside_the_single_view(digits_home: Home) -> None:
    single = stored(digits_home, layers="output", views=("pooled",))
    several = stored(digits_home, layers="output", views=("pooled",), queries=2)
    assert single.shape == (200, 10)
    np.testing.assert_array_equal(several[:, 0], single)


def loss_gradients(home: Home, classes: torch.Tensor) -> np.ndarray:
    """Gradients of each image's loss with respect to the last layer's bias: (200, 10).

    By hand: softmax minus one at the class.
    """
    model = load_model(home, "net")
    with torch.inference_mode():
        logits = model.module(model.preprocessing.normalise(pixels(home)))
    return (logits.softmax(1) - torch.nn.functional.one_hot(classes, 10)).numpy()


@pytest.mark.parametrize("target", ["label", "predicted"])
def test_gradient__large_where_the_loss_is_steep(digits_home: Home, target: str) -> None:
    settings = {"views": ("gradient",), "gradient_size": 4096, "target": target}
    found = stored(digits_home, layers="output", **settings)

    labels = samples(digits_home, "mixed").column("label").to_pylist()
    model = load_model(digits_home, "net")
    with torch.inference_mode():
        features = model.module.dense(
            model.module.block3(
                model.module.block2(
                    model.module.block1(model.preprocessing.normalise(pixels(digits_home)))
                )
            )
        )
        predicted = model.module.output(features).argmax(1)
    classes = torch.tensor([int(label) for label in labels]) if target == "label" else predicted
    # the gradient of the last layer is the outer product of the bias's gradient and (features, 1)
    bias = loss_gradients(digits_home, classes)
    norms = np.linalg.norm(bias, axis=1) * np.sqrt(1 + (features.numpy() ** 2).sum(1))
    # a count sketch keeps norms in expectation; 650 weights in 4,096 buckets hardly meet
    assert np.corrcoef(np.linalg.norm(found, axis=1), norms)[0, 1] > 0.98


@pytest.mark.parametrize("target", ["label", "predicted"])
def test_signals__are_of_the_logits_of_each_query(digits_home: Home, target: str) -> None:
    found = stored(digits_home, layers="output", views=("signals",), queries=3, target=target)

    model = load_model(digits_home, "net")
    labels = torch.tensor(
        [int(label) for label in samples(digits_home, "mixed").column("label").to_pylist()]
    )
    assert found.shape == (200, 3, len(SIGNALS))
    for number, query in enumerate(QUERIES[:3]):
        with torch.inference_mode():
            shown = model.preprocessing.normalise(show(pixels(digits_home), query))
            logits = model.module(shown).double()
        wanted = labels if target == "label" else logits.argmax(1)
        loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
        of_query = found[:, number]
        np.testing.assert_allclose(of_query[:, SIGNALS.index("loss")], loss, rtol=1e-4)
        right = (wanted == logits.argmax(1)).numpy()
        np.testing.assert_array_equal(of_query[:, SIGNALS.index("correct")], right)


@pytest.mark.parametrize("view", ["gradient", "signals"])
def test_target__of_the_label_needs_labels(digits_home: Home, tmp_path: Path, view: str) -> None:
    np.savez(
        tmp_path / "bare.npz",
        images=np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8),
    )
    add_dataset(digits_home, "bare", f"arrays:{tmp_path / 'bare.npz'}", "unknown")
    request = ExtractionRequest("net", ("bare",), layers="output", views=(view,), target="label")
    shutil.rmtree(digits_home.path / "stores")
    with pytest.raises(MintError, match="3 of 3 images have no label"):
        extract_datasets(digits_home, request, device="cpu", reporter=SilentReporter())
    assert not (digits_home.path / "stores").exists()


def test_compute__memory_that_runs_out_halves_the_batches(
    digits_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = computing._on_device

    def scarce(model: object, part: torch.Tensor, *rest: object) -> object:
        sizes.append(len(part))
        if len(part) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, part, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(computing, "_on_device", scarce)
    found = stored(digits_home, layers="output", views=("pooled",))

    assert sizes[:4] == [64, 32, 16, 16]
    assert max(sizes[2:]) == 16  # what was learnt holds for the batches after it
    assert np.isfinite(found).all()


def test_stressed_queries__each_is_the_image_as_it_is_shown(digits_home: Home) -> None:
    found = stored(digits_home, layers="output", views=("pooled",), queries=3, stressed=True)

    model = load_model(digits_home, "net")
    with torch.inference_mode():
        wanted = [
            model.module(model.preprocessing.normalise(stress(pixels(digits_home), how))).numpy()
            for how in STRESSES[:3]
        ]

    assert found.shape == (200, 3, 10)
    np.testing.assert_allclose(found, np.stack(wanted, axis=1), atol=1e-5)
