"""What was found in the large home folder: auditors, audits, comparisons and other methods, by the engine."""

from collections.abc import Sequence

from benchmarks.large_home_extent import Extent
from benchmarks.large_home_images import EXTERNALS, LARGE_SETS, MEMBERS, ImageSet
from benchmarks.large_home_store import stored_key, stored_layer, stores_of
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
from store.artefacts import Card, Home

_ALL_LAYERS = ("vanilla", "joint", "fused")
_COMPARED = ("vanilla", "linear")
_MAP_SIDE = 4
_BRIEFLY = FitSettings(epochs=12, patience=4)
_SILENT = SilentReporter()


def add_auditors(home: Home, extent: Extent) -> None:
    """Train a Vanilla auditor for every layer, one of all layers of each kind, and CNN auditors for the last layers."""
    stores_of(home, extent.images)  # the store's layout hangs on how many images it is to hold
    _sweep(home, "all", _ALL_LAYERS)
    of_comparisons = len(_COMPARED) * len(EXTERNALS) - 1  # one of them is in the sweep
    left = extent.auditors - of_comparisons - len(home.cards("auditors"))
    maps = [layer["name"] for layer in home.card("models", MODEL)["layers"] if _is_block(layer)]
    if left > 0:
        _sweep(home, ",".join(maps[-left:]), ("cnn",))


def add_comparisons(home: Home) -> None:
    """Compare the datasets of externals at one layer, by two kinds of auditor."""
    for kind in _COMPARED:
        layer = stored_layer(home)
        request = CompareRequest(MODEL, MEMBERS, EXTERNALS, layer, kind, map_side=_MAP_SIDE)
        compare(home, request, device="cpu", reporter=_SILENT)


def add_methods(home: Home) -> None:
    """Run the methods of others against each dataset of externals."""
    for external in EXTERNALS:
        run_methods(home, MethodsRequest(MODEL, MEMBERS, external), device="cpu", reporter=_SILENT)


def add_audits(home: Home, sets: Sequence[ImageSet], wanted: int) -> None:
    """Audit datasets by the auditors that read the layer stored of all images, each large dataset by two of them."""
    auditors = _readers(home)
    audited = [each for each in sets if each.is_audited]
    pairs = [(auditor, each) for each in audited[:LARGE_SETS] for auditor in auditors[:2]]
    pairs += [(auditor, each) for each in audited[LARGE_SETS:] for auditor in auditors]
    for auditor, each in pairs[:wanted]:
        audit_dataset(home, auditor, each.name, device="cpu", reporter=_SILENT)


def add_image_audits(home: Home, wanted: int) -> None:
    """Audit images of a large dataset."""
    loaded = load_image_auditor(home, _readers(home)[0], device="cpu")
    uris = samples(home, "archive-0", limit=wanted).column("uri").to_pylist()
    for number, uri in enumerate(uris):
        (finding,) = audit_images(loaded, [(f"upload-{number:02d}.png", read_pixels(uri))])
        publish_image_audit(home, loaded, finding)


def _sweep(home: Home, layers: str, kinds: tuple[str, ...]) -> None:
    request = SweepRequest(
        MODEL, MEMBERS, EXTERNALS[0], layers, kinds, map_side=_MAP_SIDE, settings=_BRIEFLY
    )
    sweep(home, request, device="cpu", reporter=_SILENT)


def _is_block(layer: Card) -> bool:
    return bool(layer["kind"] == "map" and layer["name"].startswith("layer"))


def _readers(home: Home) -> list[str]:
    """List the auditors that read nothing but what is stored of all images, by their ids."""
    only = [stored_key(home)]
    return [
        card["id"]
        for card in home.cards("auditors")
        if [spec.key for spec in specs_of(card)] == only
    ]
