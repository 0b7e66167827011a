"""The images a model learns from, and the class each is trained as."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintcore.datasets.reading import samples
from mintcore.errors import MintError
from mintcore.training.settings import IDENTITY, LABEL
from store.artefacts import Home

_WAY_OUT = {
    LABEL: "register the dataset with a label column, or learn identities with --learn identity",
    IDENTITY: "register the dataset with an identity column, or learn labels with --learn label",
}


@dataclass(frozen=True)
class Examples:
    """Images with a class each; every image once.

    Attributes:
        sample_ids: N ids, an Arrow array of text.
        uris: Where each can be read, likewise.
        classes: (N,) int64, position in ``class_names``.
        class_names: The labels or identities there are.
    """

    sample_ids: pa.Array
    uris: pa.Array
    classes: np.ndarray
    class_names: list[str]

    def __len__(self) -> int:
        return len(self.classes)

    def part(self, taken: np.ndarray) -> "Examples":
        """Give some of the images, (N,) bool; the classes stay those of all."""
        mask = pa.array(taken)
        return replace(
            self,
            sample_ids=self.sample_ids.filter(mask),
            uris=self.uris.filter(mask),
            classes=self.classes[taken],
        )


def load_examples(
    home: Home,
    datasets: Sequence[str],
    membership: str | None,
    column: str,
    class_names: list[str] | None = None,
) -> Examples:
    """Take the readable images of some datasets, in a fixed order.

    Args:
        home: The home folder.
        datasets: Names of the datasets; an image that is in several counts once, as the first says.
        membership: Only images of this membership; None for all.
        column: "label" or "identity": what is to be learned.
        class_names: The classes there are; None for those of these images.

    Raises:
        MintError: There is no such image, one has no class, or there are no two classes.
    """
    table = _each_once([samples(home, name, membership=membership) for name in datasets])
    where = ", ".join(datasets)
    if table.num_rows == 0:
        kind = f" of membership '{membership}'" if membership else ""
        raise MintError(
            f"{where} has no readable image{kind}: name a dataset that was registered with some."
        )
    values = _column(table, column)
    if values.null_count:
        raise MintError(
            f"{values.null_count} of {len(values)} images of {where} have no {column} to learn: "
            f"{_WAY_OUT[column]}."
        )
    names = class_names or sorted(pc.unique(values).to_pylist())
    if len(names) == 1:
        raise MintError(
            f"All {len(values)} images of {where} have the {column} {names[0]!r}: a model needs two or more to tell "
            "apart."
        )
    return _examples(table, column, names)


def known_examples(home: Home, dataset: str, column: str, class_names: list[str]) -> Examples:
    """Take the readable images of a dataset that are of some classes; others are left out.

    Raises:
        MintError: There is none.
    """
    table = _each_once([samples(home, dataset)])
    known = table.filter(pc.is_in(table.column(column), value_set=_names(class_names)))
    if known.num_rows == 0:
        raise MintError(
            f"No image of {dataset} has a {column} that is among the {len(class_names)} classes the model is trained "
            "on: give --test a dataset of the same classes."
        )
    return _examples(known, column, class_names)


def with_label_noise(examples: Examples, share: float, seed: int) -> Examples:
    """Give a share of the images, chosen at random, another class than their own, at random."""
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(len(examples))[: round(share * len(examples))]
    count = len(examples.class_names)
    noisy = examples.classes.copy()
    noisy[wrong] = (noisy[wrong] + rng.integers(1, count, len(wrong))) % count
    return replace(examples, classes=noisy)


def _each_once(tables: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables(tables)
    # offsets of 64 bits: the names of tens of millions of images take more than 2 GiB
    table = table.select(["sample_id", "uri", "label", "identity"]).cast(
        pa.schema([(name, pa.large_string()) for name in ("sample_id", "uri", "label", "identity")])
    )
    if len(tables) == 1:
        return table  # a dataset gives each image once
    numbered = table.append_column("row", pa.array(np.arange(table.num_rows)))
    first = numbered.group_by("sample_id").aggregate([("row", "min")])
    return table.take(first.column("row_min").sort())


def _examples(table: pa.Table, column: str, names: list[str]) -> Examples:
    return Examples(
        sample_ids=_column(table, "sample_id"),
        uris=_column(table, "uri"),
        classes=_positions(_column(table, column), names, column),
        class_names=names,
    )


def _column(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()


def _names(class_names: list[str]) -> pa.Array:
    return pa.array(class_names, pa.large_string())


def _positions(values: pa.Array, names: list[str], column: str) -> np.ndarray:
    found = pc.index_in(values, value_set=_names(names))
    if found.null_count:
        stranger = values.filter(found.is_null())[0].as_py()
        raise MintError(
            f"The {column} {stranger!r} is none of the {len(names)} classes of the model: leave out the images that "
            "have it."
        )
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
