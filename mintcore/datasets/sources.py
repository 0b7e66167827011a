"""Where the images of a dataset come from, by the words of ``--from``."""

import os
from collections.abc import Callable
from pathlib import Path

from mintcore.datasets.arrays import ArraysSource
from mintcore.datasets.folders import FolderSource
from mintcore.datasets.manifests import open_manifest
from mintcore.datasets.parquet import open_parquet
from mintcore.datasets.recordsets import open_records
from mintcore.datasets.sample import Sample, Source
from mintcore.datasets.torchvision_sets import open_torchvision
from mintcore.datasets.webdataset import open_webdataset
from mintcore.datasets.zip import ZipSource
from mintcore.errors import MintError

__all__ = ["Sample", "Source", "parse_source"]

SPELLINGS = (
    "folder:DIR, manifest:FILE.csv, manifest:FILE.parquet, arrays:FILE.npz, "
    "parquet:FILE or DIR, webdataset:FILE.tar, DIR or 'a-{000..099}.tar', recordio:FILE.rec, zip:FILE.zip or "
    "torchvision:NAME:SPLIT:DIR"
)
_SHOWN = 200  # characters of what cannot be opened


def parse_source(spec: str) -> Source:
    """Understand where images come from.

    Args:
        spec: One of SPELLINGS.

    Raises:
        MintError: The text is none of these, or the folder or file cannot be opened.
    """
    kind, _, location = spec.partition(":")
    if kind not in SOURCES or not location:
        raise MintError(f"{spec[:_SHOWN]!r} is not a source of images: give {SPELLINGS}.")
    try:
        return SOURCES[kind](location)
    except OSError as error:  # a name that is too long, or a folder that may not be entered
        raise MintError(
            f"{location[:_SHOWN]!r} cannot be opened ({error.strerror}): give a place that can be read."
        ) from error


def _absolute(location: str) -> Path:
    try:
        return Path(os.path.abspath(Path(location).expanduser()))
    except RuntimeError as error:
        raise MintError(
            f"{location[:_SHOWN]!r} begins with a user that is not known: give the whole path."
        ) from error


def _folder(location: str) -> Source:
    path = _absolute(location)
    if not path.is_dir():
        raise MintError(f"{path} is not a folder: give folder:DIR with a folder of images.")
    return FolderSource(path)


def _file(location: str, kind: str, suffixes: tuple[str, ...] = ()) -> Path:
    path = _absolute(location)
    if not path.is_file():
        raise MintError(f"{path} is not a file: give {kind}:FILE with a file that exists.")
    if suffixes and path.suffix.lower() not in suffixes:
        raise MintError(f"{path} is not a {suffixes[0]} file: give one, or rename it.")
    return path


SOURCES: dict[str, Callable[[str], Source]] = {
    "folder": _folder,
    "manifest": lambda location: open_manifest(_file(location, "manifest")),
    "arrays": lambda location: ArraysSource(_file(location, "arrays", (".npz",))),
    "parquet": lambda location: open_parquet(_absolute(location)),
    "webdataset": lambda location: open_webdataset(_absolute(location)),
    "recordio": lambda location: open_records(_file(location, "recordio", (".rec",))),
    "zip": lambda location: ZipSource(_file(location, "zip", (".zip",))),
    "torchvision": open_torchvision,
}
"""Kind of source -> what opens one, given what stands after the colon."""
