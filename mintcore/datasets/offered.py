"""Register what a browser offered: the engine asks again whether it may be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.datasets.folders import FolderSource
from mintcore.datasets.ledger import OF_MODEL
from mintcore.datasets.manifests import ManifestSource, open_manifest
from mintcore.datasets.membership import LEDGER
from mintcore.datasets.offers import (
    allowed_roots,
    require_image_below,
    require_offered,
)
from mintcore.datasets.registration import add_dataset
from mintcore.datasets.sample import Source
from mintcore.errors import MintError
from mintcore.progress import Reporter
from mintcore.uploads import is_upload, spending
from store.artefacts import Card, Home

KINDS = ("zip", "folder", "manifest")
_RESOLVED = ".resolved.parquet"
_ROWS = 4096


@dataclass(frozen=True)
class DatasetRequest:
    """Which dataset to register.

    Attributes:
        name: Its name.
        source: ``zip:FILE``, ``folder:DIR`` or ``manifest:FILE``: an upload, or below an allowed root.
        membership: member, external, unknown, ``column:NAME``, or ``ledger:model:NAME``.
        root: The allowed root from which the paths in an uploaded manifest start.
        uploaded_as: What an uploaded file was called.
    """

    name: str
    source: str
    membership: str
    root: str | None = None
    uploaded_as: str | None = None


def add_offered_dataset(home: Home, request: DatasetRequest, *, reporter: Reporter) -> Card:
    """Register a dataset that a browser offered.

    Returns:
        The card; the existing one where the same dataset was registered under this name before.

    Raises:
        MintError: It may not be read from a browser, or cannot be registered.
    """
    kind, _, location = request.source.partition(":")
    if kind not in KINDS:
        raise MintError(
            f"{request.source!r} cannot be registered from the browser: give {', '.join(KINDS)}."
        )
    _refuse_file_of_members(request.membership)
    file = require_offered(home, Path(location))
    if kind == "manifest":
        return _add_manifest(home, request, file, reporter)
    source = f"{kind}:{file}"
    if kind == "folder":
        _check(FolderSource(file), reporter)  # a link in it may lead anywhere
    return add_dataset(home, request.name, source, request.membership, reporter=reporter)


def _refuse_file_of_members(membership: str) -> None:
    if membership.startswith(LEDGER) and not membership.startswith(LEDGER + OF_MODEL):
        raise MintError(
            f"{membership!r} reads a file that the browser cannot choose: register with `mint dataset add`."
        )


def _add_manifest(home: Home, request: DatasetRequest, file: Path, reporter: Reporter) -> Card:
    """Register a manifest; one that was uploaded is written again, with the whole path of each image."""
    if not is_upload(home, file):
        _check(open_manifest(file), reporter)
        source = f"manifest:{file}"
        return add_dataset(home, request.name, source, request.membership, reporter=reporter)
    resolved = file.with_name(file.stem + _RESOLVED)
    with spending(home, file, request.uploaded_as or file.name, resolved):
        _resolve(open_manifest(file), _root(request), resolved, reporter)
        source = f"manifest:{resolved}"
        return add_dataset(home, request.name, source, request.membership, reporter=reporter)


def _root(request: DatasetRequest) -> Path:
    root = Path(request.root or "")
    if root not in allowed_roots():
        raise MintError(
            f"{str(root)!r} is no folder that the browser may read below: choose one that is."
        )
    return root


def _check(source: Source, reporter: Reporter) -> None:
    reporter.stage("Checking where the images lie", 0)
    roots = tuple(allowed_roots())
    for sample in source.samples():
        require_image_below(sample.uri, roots)


def _resolve(manifest: ManifestSource, root: Path, to: Path, reporter: Reporter) -> None:
    reporter.stage("Checking where the images lie", 0)
    schema = pa.schema([(name, pa.string()) for name in _columns(manifest)])
    new = to.with_suffix(".part")
    try:
        with pq.ParquetWriter(new, schema, compression="zstd") as writer:
            rows = _whole_rows(manifest, root)
            while some := list(islice(rows, _ROWS)):
                writer.write_table(pa.Table.from_pylist(some, schema))
        new.replace(to)
    except OSError as error:
        raise MintError(f"{to} cannot be written ({error.strerror}): make room.") from error
    finally:
        new.unlink(missing_ok=True)


def _columns(manifest: ManifestSource) -> list[str]:
    return ["uri", *(name for name in manifest.columns if name not in ("uri", "path"))]


def _whole_rows(manifest: ManifestSource, root: Path) -> Iterator[dict[str, str | None]]:
    roots = tuple(allowed_roots())
    for sample in manifest.samples(root):
        require_image_below(sample.uri, roots)
        yield {**sample.columns, "uri": sample.uri}
