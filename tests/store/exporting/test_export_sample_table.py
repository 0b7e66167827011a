import pyarrow as pa
import pytest

from store.errors import StoreError
from store.exporting.sample_table import checked_samples

ONE = "0123456789abcdef0123456789abcdef"
TWO = "f" * 32


def test_checked_samples__texts_become_plain_strings() -> None:
    table = pa.table(
        {
            "sample_id": [ONE, TWO],
            "split": pa.array(["train", None]).dictionary_encode(),
            "identity": pa.nulls(2),
            "größe in cm": pa.array([1, None], pa.uint16()),
        }
    )

    found = checked_samples(table)

    assert found.to_pydict() == table.to_pydict()
    assert found.schema.types == [pa.string(), pa.string(), pa.string(), pa.uint16()]


@pytest.mark.parametrize(
    "odd", ["", "../../etc/passwd", ONE.upper(), ONE + "0", ONE + "\n", "é" * 32, None]
)
def test_checked_samples__odd_id(odd: str | None) -> None:
    with pytest.raises(StoreError, match="is not a sample id of 32 hex digits"):
        checked_samples(pa.table({"sample_id": [ONE, odd]}))


def test_checked_samples__repeated_id() -> None:
    with pytest.raises(StoreError, match=f"name {TWO} more than once: leave out the repeats"):
        checked_samples(pa.table({"sample_id": [ONE, TWO, TWO]}))


def test_checked_samples__ids_that_are_numbers() -> None:
    with pytest.raises(StoreError, match="sample_id is of type int64: give ids of 32 hex digits"):
        checked_samples(pa.table({"sample_id": [1]}))


def test_checked_samples__no_ids() -> None:
    with pytest.raises(StoreError, match="have no column sample_id"):
        checked_samples(pa.table({"label": ["cat"]}))


@pytest.mark.parametrize("name", ["", "layer1/pooled", "_index", "..", "a\0", " label", "x" * 101])
def test_checked_samples__odd_column(name: str) -> None:
    with pytest.raises(StoreError, match="cannot be a column of an export: rename it"):
        checked_samples(pa.table({"sample_id": [ONE], name: ["cat"]}))


@pytest.mark.parametrize("name", ["label", "Label", "LABEL"])
def test_checked_samples__columns_of_one_name(name: str) -> None:
    table = pa.table([[ONE], ["cat"], ["dog"]], names=["sample_id", "label", name])

    with pytest.raises(StoreError, match=f"called '{name}', or differ in case alone"):
        checked_samples(table)


@pytest.mark.parametrize("values", [[0.5], [True], [b"x"], [["x"]]])
def test_checked_samples__type_that_is_not_kept(values: list[object]) -> None:
    with pytest.raises(StoreError, match=r"'score' of the samples is of type .* convert it"):
        checked_samples(pa.table({"sample_id": [ONE], "score": values}))
