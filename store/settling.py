"""Where stores on object storage begin, and how another home finds one that is there."""

import uuid
from pathlib import Path

from store.cards import Card, read_card
from store.digests import DIGEST
from store.errors import StoreError
from store.object_storage import Objects
from store.origin import Origin, write_origin

_OF_LAYOUT = {"created", DIGEST, "expected_rows", "block_rows", "store_format"}
"""Fields of a card that another home may have written otherwise; those that are there count for all."""


def settle(folder: Path, url: str) -> None:
    """Make an empty store the mirror of one on object storage, which is made or is there already.

    Args:
        folder: The (staging) folder of the store; its card becomes that of the store that is there.
        url: The place, ``s3://bucket/prefix/id``.

    Raises:
        StoreError: Another store is there, or the storage cannot be used.
    """
    objects = Objects(url)
    if not is_settled(url):
        _require_conditional_puts(objects)
    own, card = read_card(folder), folder / "card.json"
    if objects.create(card.name, card.read_bytes()) is None:
        card.write_bytes(objects.get(card.name).content)
        _require_alike(objects, own, read_card(folder))
    root = "activations.zarr/zarr.json"
    objects.create(root, (folder / root).read_bytes())
    write_origin(folder, Origin(objects.url))


def is_settled(url: str) -> bool:
    """Tell whether there is a store.

    Raises:
        StoreError: The storage cannot be used.
    """
    return Objects(url).size("card.json") > 0


def _require_conditional_puts(objects: Objects) -> None:
    """Refuse a storage that puts an object in the place of another though it must not: commits would be lost there."""
    name = f"claims/probe-{uuid.uuid4().hex}"
    objects.create(name, b"first")
    refused = objects.create(name, b"second") is None
    objects.delete([name])
    if not refused:
        raise StoreError(
            f"The object storage of {objects.url} ignores conditions (If-None-Match) of what is put there, so that "
            "two runs could overwrite each other: use one that honours them, or a local folder."
        )


def _require_alike(objects: Objects, own: Card, there: Card) -> None:
    for field in sorted((own.keys() | there.keys()) - _OF_LAYOUT):
        if own.get(field) != there.get(field):
            raise StoreError(
                f"{objects.url} is another store: its card says {field} {str(there.get(field))[:80]!r}, not "
                f"{str(own.get(field))[:80]!r}. Choose another place with MINT_STORES."
            )
