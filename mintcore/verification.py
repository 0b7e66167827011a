"""Verify feature stores, with progress: every byte is read."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from mintcore.progress import Reporter
from mintcore.stores import store_folders
from store.artefacts import Home
from store.verification import verify_folder


@dataclass(frozen=True)
class VerifyRequest:
    """Which stores to verify.

    Attributes:
        store: A store's name, its folder, or a home folder; None for all stores.
    """

    store: str | None = None


def verify_stores(
    home: Home, request: VerifyRequest, *, reporter: Reporter
) -> list[dict[str, Any]]:
    """Verify stores, even such as cannot be opened.

    Args:
        home: The home folder.
        request: Which.
        reporter: Told of each block.

    Returns:
        Of each store its ``id``, how many ``files``, ``rows`` and ``bytes`` were read, and its ``problems``, each with
        ``file``, ``kind`` and ``message``.

    Raises:
        StoreError: There is no such store.
    """
    found = []
    for folder in store_folders(home, request.store):
        track = partial(_tracked, f"Verify {folder.name}", reporter)
        verification = asdict(verify_folder(folder, track))
        fields = ("file", "kind", "message")
        problems = [{field: each[field] for field in fields} for each in verification["problems"]]
        found.append({"id": folder.name, **verification, "problems": problems})
    return found


def _tracked(name: str, reporter: Reporter, blocks: Sequence[int]) -> Iterator[int]:
    reporter.stage(name, len(blocks))
    for block in blocks:
        yield block
        reporter.advance()
