"""Objects below a prefix of an S3-compatible object storage; what it refuses becomes one sentence.

Everything that knows obstore is here. Where the storage is and who may use it comes from the environment variables
that obstore reads; they are no part of a store, and no message says them.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from store.errors import StoreError
from store.object_errors import AbsentError, explained
from store.origin import bucket_and_prefix

PART_BYTES = 8 * 2**20
"""Larger files are uploaded in parts of so many bytes."""
PARTS_AT_ONCE = 4

RETRIES = 10
FIRST_WAIT_S, WAIT_GROWTH, LONGEST_WAIT_S = 0.1, 3, 10.0
"""Between two attempts, drawn at random; all of them together take 5 to 30 s."""
TIMEOUT_S = 120.0
"""For one request, which moves ``PART_BYTES`` at most."""

GAP_BYTES = 256 * 2**10
"""Ranges that are nearer than this are read in one request: a request costs more than these bytes."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_ENDPOINT = re.compile(
    r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?"
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


@dataclass(frozen=True)
class Found:
    """What a listing says of an object.

    Attributes:
        bytes: Its size.
        tag: Changes with its content.
        modified: When it was put there.
    """

    bytes: int
    tag: str
    modified: datetime


@dataclass(frozen=True)
class Content:
    """An object, or a part of one.

    Attributes:
        content: Its bytes.
        tag: As in ``Found``.
        bytes: The size of the whole object.
    """

    content: bytes
    tag: str
    bytes: int


class Objects:
    """The objects below one prefix. Nothing is asked of the storage before the first call.

    Args:
        url: ``s3://bucket/prefix``.

    Raises:
        StoreError: The address is not of that form.
    """

    def __init__(self, url: str) -> None:
        self._bucket, self._prefix = bucket_and_prefix(url)
        self.url = "/".join(filter(None, [f"s3://{self._bucket}", self._prefix]))

    def get(self, name: str) -> Content:
        """Read an object.

        Raises:
            AbsentError: There is none.
            UnreachableError: The storage does not answer, or refuses.
        """
        return self._get(name, None)

    def tail(self, name: str, count: int) -> Content:
        """Read the last bytes of an object; raises what ``get`` raises."""
        return self._get(name, {"range": {"suffix": count}})

    def parts(self, name: str, spans: Sequence[tuple[int, int]]) -> list[memoryview]:
        """Read (offset, length) spans of an object, near ones in one request, and several at a time.

        Raises:
            AbsentError: There is no such object.
            UnreachableError: The storage does not answer, or refuses.
        """
        starts, lengths = [offset for offset, _ in spans], [length for _, length in spans]
        with explained(self.url):
            found = obstore.get_ranges(
                self._store, name, starts=starts, lengths=lengths, coalesce=GAP_BYTES
            )
        return [memoryview(part) for part in found]

    def create(self, name: str, content: bytes) -> str | None:
        """Put an object where there is none.

        An answer can get lost after the object was put, and the next attempt then finds it: what is there with the
        same content counts as put.

        Returns:
            Its tag; None where there is another object of that name.

        Raises:
            UnreachableError: The storage does not answer, or refuses.
        """
        try:
            return self._put(name, content, mode="create")
        except AlreadyExistsError:
            there = self.get(name)
            return there.tag if there.content == content else None

    def replace(self, name: str, content: bytes) -> str:
        """Put an object, whatever is there; gives its tag."""
        return self._put(name, content)

    def upload(self, name: str, file: Path) -> None:
        """Put a file, in parts where it is large.

        Raises:
            UnreachableError: The storage does not answer, or refuses.
        """
        try:
            self._put(name, file)
        except AbsentError:
            # the answer to its last request was lost, and asking again found no upload any more
            self._put(name, file)

    def size(self, name: str) -> int:
        """Give the size of an object, 0 where there is none.

        Raises:
            UnreachableError: The storage does not answer, or refuses.
        """
        try:
            with explained(self.url):
                return int(obstore.head(self._store, name)["size"])
        except AbsentError:
            return 0

    def list(self, folder: str = "") -> dict[str, Found]:
        """List the objects below a folder: their names, relative to the prefix, in order.

        What has a name that no file of a store has (such as one that leads out of its folder) is left out.

        Raises:
            UnreachableError: The storage does not answer, or refuses.
        """
        with explained(self.url):
            found = obstore.list(self._store, folder or None).collect()
        return {
            each["path"]: Found(each["size"], _tag(each), each["last_modified"])
            for each in sorted(found, key=lambda each: each["path"])
            if _NAME.fullmatch(each["path"])
        }

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""
        with explained(self.url):
            obstore.delete(self._store, list(names))

    def _get(self, name: str, options: Any) -> Content:
        with explained(self.url):
            found = obstore.get(self._store, name, options=options)
            return Content(found.bytes().to_bytes(), _tag(found.meta), found.meta["size"])

    def _put(self, name: str, content: bytes | Path, mode: Any = None) -> str:
        with explained(self.url):
            return _tag(
                obstore.put(
                    self._store,
                    name,
                    content,
                    mode=mode,
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_AT_ONCE,
                )
            )

    @cached_property
    def _store(self) -> Any:
        settings = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return _opened(self._bucket, self._prefix, tuple(sorted(settings.items())))


@lru_cache(maxsize=64)
def _opened(bucket: str, prefix: str, settings: tuple[tuple[str, str], ...]) -> Any:
    """Open a prefix once a process, since connections are kept open; again where the settings have changed."""
    given = dict(settings)
    name = next((name for name in _ENDPOINTS if given.get(name)), "")
    endpoint = given.get(name, "")
    if name and not _ENDPOINT.fullmatch(endpoint):  # obstore would panic
        raise StoreError(
            f"{name} is no web address: give https://HOST, or http://HOST:PORT, without a name and password in it."
        )
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options={
            "timeout": timedelta(seconds=TIMEOUT_S),
            "allow_http": endpoint.startswith("http://"),  # whoever writes http means it
        },
        retry_config={
            "max_retries": RETRIES,
            "backoff": {
                "init_backoff": timedelta(seconds=FIRST_WAIT_S),
                "max_backoff": timedelta(seconds=LONGEST_WAIT_S),
                "base": WAIT_GROWTH,
            },
        },
    )


def _tag(found: Any) -> str:
    return str(found.get("e_tag") or "").strip('"')
