"""Making arrays ready for a writer, whatever a run that died has left."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from store.activations import Array, arrays_on_disk, create_array, open_array, remove_array
from store.errors import StoreError
from store.layout import ArraySpec
from store.shelf import Shelf


def require_once(specs: Sequence[ArraySpec]) -> None:
    """Refuse to write nothing, or one array twice."""
    if not specs or len({spec.key for spec in specs}) < len(specs):
        raise StoreError("A writer takes one or more arrays, each once: check the list of layers.")


def prepare_arrays(
    shelf: Shelf,
    specs: Sequence[ArraySpec],
    committed: Mapping[str, ArraySpec],
    in_use: Collection[str],
    expected_rows: int,
) -> dict[ArraySpec, Array]:
    """Open arrays for writing, and make those that are new; the caller holds the store's lock.

    Args:
        shelf: Where the store is.
        specs: The arrays.
        committed: The arrays that have rows.
        in_use: Keys of the arrays that other living runs write.
        expected_rows: How many images the store will hold, roughly.

    Raises:
        StoreError: An array exists with other rows, or cannot be made.
    """
    for spec in specs:
        existing = committed.get(spec.key, spec)
        if existing != spec:
            raise StoreError(
                f"{spec.key} was stored with rows of {existing.shape} {existing.dtype}, but "
                f"{spec.shape} {spec.dtype} is asked for: use the same settings, or another store."
            )
        if spec.key in in_use and spec.key not in committed:
            _require_like(shelf.folder, spec)
        elif spec.key not in committed:
            _make_again(shelf.folder, spec, expected_rows)
    shelf.share_arrays([spec for spec in specs if spec.key not in committed])
    return {spec: open_array(shelf.folder, spec) for spec in specs}


def _require_like(folder: Path, spec: ArraySpec) -> None:
    """Make sure that an array, which another run has made and not yet used, fits."""
    try:
        open_array(folder, spec)
    except StoreError as error:
        raise StoreError(
            f"Another run is writing {spec.key} to the store {folder}, but not with rows of "
            f"{spec.shape} {spec.dtype}: use its settings, or wait until it has ended."
        ) from error


def _make_again(folder: Path, spec: ArraySpec, expected_rows: int) -> None:
    try:
        if spec.key in arrays_on_disk(folder):
            remove_array(folder, spec.key)
        create_array(folder, spec, expected_rows)
    except OSError as error:
        raise StoreError(
            f"The array {spec.key} could not be made in the store {folder} ({error}): make room on "
            "the disk, then run again."
        ) from error
