"""Pairs of faces in the format of LFW's ``pairs.txt``, and where the images they name are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mintcore.datasets.arrays import ArraysSource
from mintcore.datasets.folders import IMAGE_SUFFIXES
from mintcore.errors import MintError

_ARRAYS = "arrays:"
_NAME_COLUMN = "name"


@dataclass(frozen=True)
class Pair:
    """Two images.

    Args:
        first: Name of an image, such as ``Abel_Pacheco_0001``.
        second: Name of the other.
        is_same: Whether they show one person.
        fold: Which part of the list it belongs to, from 0.
    """

    first: str
    second: str
    is_same: bool
    fold: int


def read_pairs(file: Path) -> list[Pair]:
    """Read pairs in the standard format of Labeled Faces in the Wild.

    The first line says how many folds there are and how many pairs of each kind a fold has (``10
    300``; without the first number, one fold). Then for each fold come so many pairs of one person
    (``name n1 n2``) and so many of two (``name1 n1 name2 n2``).

    Raises:
        MintError: The file is missing, a line is not as said (it is named), or a fold has more
            pairs of one kind.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MintError(f"{file} cannot be read ({error}): give a pairs.txt.") from error
    filled = [(place, line.split()) for place, line in enumerate(lines, start=1) if line.strip()]
    folds, each = _header(filled[0][1] if filled else [], file)
    if len(filled) - 1 != folds * each * 2:
        raise MintError(
            f"{file} has {len(filled) - 1} pairs, but its first line says {folds} folds of {each} "
            "pairs of one person and as many of two: restore the file."
        )
    pairs = [
        _pair(words, fold=number // (2 * each), where=f"Line {place} of {file}")
        for number, (place, words) in enumerate(filled[1:])
    ]
    _check_kinds(pairs, each, file)
    return pairs


def find_images(images: str, names: Iterable[str]) -> dict[str, str]:
    """Find images by their names.

    Args:
        images: A folder with ``Person_Name/Person_Name_0001.jpg``, or ``arrays:FILE.npz`` with
            ``name`` beside ``images``.
        names: Of the images wanted.

    Returns:
        Name -> uri, as ``mintcore.datasets.reading.read_pixels`` takes it.

    Raises:
        MintError: There is no such folder or file, or an image is not there or there twice; the
            first is named.
    """
    wanted = sorted(set(names))
    named = list(
        _in_arrays(Path(images.removeprefix(_ARRAYS)))
        if images.startswith(_ARRAYS)
        else _in_folder(Path(images), wanted)
    )
    found = dict(named)
    times = Counter(name for name, _ in named)
    twice = [name for name in wanted if times[name] > 1]
    if twice:
        raise MintError(f"{images} has {twice[0]} {times[twice[0]]} times: keep one of them.")
    missing = [name for name in wanted if name not in found]
    if missing:
        raise MintError(
            f"{images} lacks {len(missing):,} of the {len(wanted):,} images of the pairs, first "
            f"{missing[0]}: give the folder or file that has them."
        )
    return {name: found[name] for name in wanted}


def _header(words: list[str], file: Path) -> tuple[int, int]:
    if len(words) not in (1, 2) or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise MintError(
            f"{file} does not begin with the number of folds and of pairs, such as '10 300': "
            "give a pairs.txt of the format of LFW."
        )
    return (1 if len(words) == 1 else int(words[0])), int(words[-1])


def _check_kinds(pairs: Sequence[Pair], each: int, file: Path) -> None:
    same = Counter({pair.fold: 0 for pair in pairs})
    same.update(pair.fold for pair in pairs if pair.is_same)
    for fold, count in same.items():
        if count != each:
            raise MintError(
                f"Fold {fold + 1} of {file} has {count} pairs of one person and {2 * each - count} "
                f"of two, but its first line says {each} of each: restore the file."
            )


def _pair(words: list[str], fold: int, where: str) -> Pair:
    is_same = len(words) == 3
    if len(words) not in (3, 4) or not (words[1].isdecimal() and words[-1].isdecimal()):
        raise MintError(
            f"{where} is not a pair: write 'name n1 n2' or 'name1 n1 name2 n2', separated by tabs."
        )
    other = words[0] if is_same else words[2]
    return Pair(_name(words[0], words[1]), _name(other, words[-1]), is_same, fold)


def _name(person: str, number: str) -> str:
    return f"{person}_{int(number):04d}"


def _in_folder(folder: Path, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    if not folder.is_dir():
        raise MintError(f"{folder} is not a folder: give a folder of images or arrays:FILE.npz.")
    people = {name.rpartition("_")[0] for name in wanted}
    files = (
        file
        for person in sorted(people)
        if (folder / person).is_dir()
        for file in sorted((folder / person).iterdir())
    )
    for file in files:
        if file.suffix.lower() in IMAGE_SUFFIXES:
            yield file.stem, str(file.absolute())


def _in_arrays(file: Path) -> Iterator[tuple[str, str]]:
    if not file.is_file():
        raise MintError(f"{file} is not a file: give arrays:FILE.npz.")
    source = ArraysSource(file.absolute())
    if _NAME_COLUMN not in source.columns:
        raise MintError(
            f"{file} has no array {_NAME_COLUMN!r} beside its images: save the names as "
            "Person_Name_0001, one for each image."
        )
    for sample in source.samples():
        name = sample.columns[_NAME_COLUMN]
        if name is not None:
            yield name, sample.uri
