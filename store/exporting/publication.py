"""Publishing a folder that the person names: whole, by one rename, or not there."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.durability import flush_file, flush_tree
from store.errors import StoreError


def require_new(target: Path, store_folder: Path) -> None:
    """Make sure that nothing is at a target, and that it is outside the store.

    Raises:
        StoreError: It exists, or it is in the store, whose writers delete what they do not know.
    """
    _require_absent(target)
    if target.resolve().is_relative_to(store_folder.resolve()):
        raise StoreError(f"{target} is in the store {store_folder}: export to another folder.")


@contextmanager
def publishing(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside the target that becomes the target when the block ends well.

    Nothing is left behind when the block fails or is interrupted.

    Raises:
        StoreError: The target has come to exist, or the disk cannot be written or is full.
    """
    staging = target.parent / f".{target.name}.unfinished-{secrets.token_hex(4)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()  # not mkdtemp: what is exported may be read by others, as the umask says
        yield staging
        flush_tree(staging)
        _require_absent(target)
        staging.rename(target)
        flush_file(target.parent)
    except (OSError, RuntimeError) as error:  # zarrs says RuntimeError for a full disk
        raise StoreError(
            f"The export to {target} could not be written ({error}): make room or repair the disk, "
            "or choose another folder, then export again."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _require_absent(target: Path) -> None:
    if os.path.lexists(target):
        raise StoreError(f"{target} exists: choose another name, or move it away first.")
