"""Which shelf a store is on: its folder says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import StoreError
from store.origin import REMOTE
from store.shelf import Shelf


def shelf_of(folder: Path) -> Shelf:
    """Give the shelf of a store.

    Raises:
        StoreError: It is on object storage, and that cannot be used here.
    """
    if not (folder / REMOTE).exists():
        return Shelf(folder)
    with _optional():
        from store.mirror import Mirror  # noqa: PLC0415 - needs an optional package
    return Mirror(folder)


def settle(folder: Path, url: str) -> None:
    """Make an empty store the mirror of one on object storage, which is made or is there already.

    Args:
        folder: The (staging) folder of the store; its card becomes that of the store that is there.
        url: The place, ``s3://bucket/prefix/id``.

    Raises:
        StoreError: Another store is there, or object storage cannot be used.
    """
    with _optional():
        from store import settling  # noqa: PLC0415 - as above
    settling.settle(folder, url)


def is_settled(url: str) -> bool:
    """Tell whether a store is there on object storage.

    Raises:
        StoreError: Object storage cannot be used.
    """
    with _optional():
        from store import settling  # noqa: PLC0415 - as above
    return settling.is_settled(url)


@contextmanager
def _optional() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise StoreError(
            "A store on object storage needs obstore: install it with pip install 'mint-workbench[s3]'."
        ) from error
