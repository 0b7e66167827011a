"""Making arrays ready for a writer, whatever a run that died has left."""

from collections.abc import Collection, Mapping
from pathlib import Path

from store.activations import Array, arrays_on_disk, create_array, open_array, remove_array
from store.errors import StoreError
from store.layout import ArraySpec


def prepare_array(
    folder: Path,
    spec: ArraySpec,
    committed: Mapping[str, ArraySpec],
    in_use: Collection[str],
    expected_rows: int,
) -> Array:
    """Open an array for writing, or make it; the caller holds the store's lock.

    Args:
        folder: The store.
        spec: The array.
        committed: The arrays that have rows.
        in_use: Keys of the arrays that other living runs write.
        expected_rows: How many images the store will hold, roughly.

    Raises:
        StoreError: The array exists with other rows.
    """
    existing = committed.get(spec.key, spec)
    if existing != spec:
        raise StoreError(
            f"{spec.key} was stored with rows of {existing.shape} {existing.dtype}, but "
            f"{spec.shape} {spec.dtype} is asked for: use the same settings, or another store."
        )
    if spec.key in committed:
        return open_array(folder, spec)
    if spec.key in in_use:
        return _shared_array(folder, spec)
    if spec.key in arrays_on_disk(folder):
        remove_array(folder, spec.key)
    create_array(folder, spec, expected_rows)
    return open_array(folder, spec)


def _shared_array(folder: Path, spec: ArraySpec) -> Array:
    try:
        return open_array(folder, spec)
    except StoreError as error:
        raise StoreError(
            f"Another run is writing {spec.key} to the store {folder}, but not with rows of "
            f"{spec.shape} {spec.dtype}: use its settings, or wait until it has ended."
        ) from error
