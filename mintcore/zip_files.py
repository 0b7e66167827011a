"""Zips of others: their list of entries is read only as far as it may go."""

import zipfile
from pathlib import Path

MOST_PARTS = 100_000
"""Entries of what tensors and arrays are kept in; the largest models have some thousands."""


USUAL_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""4 kB of bzip2 can hold gigabytes, which Python's zipfile unpacks at once."""


class BoundedZip(zipfile.ZipFile):
    """A zip that is not read on where it lists too many entries: 500 MB can list 11 million, 8 GB of memory."""

    def __init__(self, file: Path, most_entries: int = MOST_PARTS) -> None:
        """Open a zip for reading.

        Args:
            file: The zip.
            most_entries: How many it may list.

        Raises:
            zipfile.BadZipFile: It is none, or lists more.
        """
        self._most_entries = most_entries
        super().__init__(file)

    @property
    def filelist(self) -> list[zipfile.ZipInfo]:
        """The entries, where ``zipfile`` keeps them while it reads them."""
        return self._entries

    @filelist.setter
    def filelist(self, entries: list[zipfile.ZipInfo]) -> None:
        self._entries = _Bounded(self._most_entries, entries)


class _Bounded(list[zipfile.ZipInfo]):
    def __init__(self, most: int, entries: list[zipfile.ZipInfo]) -> None:
        super().__init__(entries)
        self._most = most

    def append(self, entry: zipfile.ZipInfo) -> None:
        if len(self) >= self._most:
            raise zipfile.BadZipFile(f"it has more than {self._most:,} entries")
        super().append(entry)
