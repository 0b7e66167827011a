"""What was found in the large home folder: auditors, audits, comparisons and other methods, by the engine."""

from collections.abc import Sequence

from benchmarks.large_home_extent import Extent
from benchmarks.large_home_images import EXTERNALS, MEMBERS, ImageSet
from benchmarks.large_home_store import map_layers, stored_key, stored_layer, stores_of
from benchmarks.large_home_training import MODEL
from mintcore.audit import audit_dataset
from mintcore.auditors.publication import specs_of
from mintcore.auditors.requests import SweepRequest
from mintcore.auditors.settings import FitSettings
from mintcore.comparison import CompareRequest, compare
from mintcore.datasets.reading import read_pixels, samples
from mintcore.image_audit import audit_images, load_image_auditor, publish_image_audit
from mintcore.methods.requests import MethodsRequest
from mintcore.methods.run import run_methods
from mintcore.progress import SilentReporter
from mintcore.sweep import sweep
from store.artefacts import Home

_ALL_LAYERS = ("vanilla", "joint", "fused")
_MAP_SIDE = 4
_BRIEFLY = FitSettings(epochs=12, patience=4)
"""Comparisons train as usual, so that theirs are auditors of their own."""
_SILENT = SilentReporter()


def add_auditors(home: Home, extent: Extent) -> None:
    """Train a Vanilla auditor for every layer, one of all layers of each kind, and CNN auditors for the last layers."""
    stores_of(home, extent.images)  # the store's layout hangs on how many images it is to hold
    _sweep(home, "all", _ALL_LAYERS, extent.seeds)
    left = extent.auditors - len(extent.compared) * len(EXTERNALS) - len(home.cards("auditors"))
    if left > 0:
        _sweep(home, ",".join(map_layers(home)[-left:]), ("cnn",), extent.seeds)


def add_comparisons(home: Home, extent: Extent) -> None:
    """Compare the datasets of externals at one layer, by two kinds of auditor."""
    layer = stored_layer(home)
    for kind in extent.compared:
        request = CompareRequest(
            MODEL, MEMBERS, EXTERNALS, layer, kind, map_side=_MAP_SIDE, seeds=extent.seeds
        )
        compare(home, request, device="cpu", reporter=_SILENT)


def add_methods(home: Home) -> None:
    """Run the methods of others against each dataset of externals."""
    for external in EXTERNALS:
        run_methods(home, MethodsRequest(MODEL, MEMBERS, external), device="cpu", reporter=_SILENT)


def add_audits(home: Home, sets: Sequence[ImageSet], extent: Extent) -> None:
    """Audit datasets by the auditors that read the layer stored of all images, each large dataset by two of them."""
    auditors = _readers(home)
    audited = [each for each in sets if each.is_audited]
    pairs = [(auditor, each) for each in audited[: extent.large_sets] for auditor in auditors[:2]]
    pairs += [(auditor, each) for each in audited[extent.large_sets :] for auditor in auditors]
    for auditor, each in pairs[: extent.dataset_audits]:
        audit_dataset(home, auditor, each.name, device="cpu", reporter=_SILENT)


def add_image_audits(home: Home, wanted: int) -> None:
    """Audit images of a large dataset."""
    loaded = load_image_auditor(home, _readers(home)[0], device="cpu")
    uris = samples(home, "archive-0", limit=wanted).column("uri").to_pylist()
    for number, uri in enumerate(uris):
        (finding,) = audit_images(loaded, [(f"upload-{number:02d}.png", read_pixels(uri))])
        publish_image_audit(home, loaded, finding)


def _sweep(home: Home, layers: str, kinds: tuple[str, ...], seeds: int) -> None:
    request = SweepRequest(
        MODEL,
        MEMBERS,
        EXTERNALS[0],
        layers,
        kinds,
        map_side=_MAP_SIDE,
        seeds=seeds,
        settings=_BRIEFLY,
    )
    sweep(home, request, device="cpu", reporter=_SILENT)


def _readers(home: Home) -> list[str]:
    """List the auditors that read nothing but what is stored of all images, by their ids."""
    only = [stored_key(home)]
    return [
        card["id"]
        for card in home.cards("auditors")
        if [spec.key for spec in specs_of(card)] == only
    ]
