"""Which version of its object each file of a mirrored index is, one small file each."""

from pathlib import Path

OWN = "own"
"""Of a file that is this mirror's, whatever others put under its name."""


class Tags:
    """The folder ``tags`` of a mirror.

    Args:
        folder: The mirror.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tags"

    def of(self, path: str) -> str | None:
        """Give the version that a file is, None where nobody knows."""
        try:
            return self._file(path).read_text()
        except OSError:
            return None

    def know(self, path: str, tag: str) -> None:
        """Remember a version; the caller holds the store's lock."""
        file = self._file(path)
        file.parent.mkdir(exist_ok=True)
        unfinished = file.with_name(f"{file.name}.unfinished")
        unfinished.write_text(tag)
        unfinished.rename(file)

    def forget(self, path: str) -> None:
        """Forget a version, so that the file is fetched again."""
        self._file(path).unlink(missing_ok=True)

    def _file(self, path: str) -> Path:
        return self._folder / Path(path).name
