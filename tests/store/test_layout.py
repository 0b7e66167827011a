from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import StoreError
from store.layout import (
    ArraySpec,
    choose_layout,
    estimate_bytes,
)


def is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


@given(st.integers(0, 10**12))
def test_choose_layout__blocks_power_of_two_within_limits(expected_rows: int) -> None:
    block_rows = choose_layout(1024, "pooled", expected_rows).block_rows

    assert is_power_of_two(block_rows)
    assert 1024 <= block_rows <= 65_536


@given(st.integers(4 * 1024, 4 * 65_536))
def test_choose_layout__blocks_about_four(expected_rows: int) -> None:
    assert 4 <= expected_rows / choose_layout(64, "map8", expected_rows).block_rows < 8


@given(st.integers(1, 2**31), st.integers(0, 10**8))
def test_choose_layout__chunks_divide_shards_divide_blocks(
    row_bytes: int, expected_rows: int
) -> None:
    layout = choose_layout(row_bytes, "pooled", expected_rows)

    assert is_power_of_two(layout.chunk_rows)
    assert is_power_of_two(layout.shard_rows)
    assert layout.shard_rows % layout.chunk_rows == 0
    assert layout.block_rows % layout.shard_rows == 0


@given(st.integers(1, 2**31), st.integers(0, 10**8))
def test_choose_layout__as_large_as_the_limits_allow(row_bytes: int, expected_rows: int) -> None:
    layout = choose_layout(row_bytes, "pooled", expected_rows)

    assert layout.shard_rows == 1 or layout.shard_rows * row_bytes <= 256 * 2**20
    assert layout.shard_rows == layout.block_rows or 2 * layout.shard_rows * row_bytes > 256 * 2**20
    assert layout.chunk_rows == 1 or layout.chunk_rows * row_bytes <= 2**20
    assert layout.chunk_rows == layout.shard_rows or 2 * layout.chunk_rows * row_bytes > 2**20


def test_choose_layout__22_million_images_make_336_files_of_64_mib() -> None:
    layout = choose_layout(512 * 2, "pooled", 22_000_000)

    assert layout.shard_rows * 512 * 2 == 64 * 2**20
    assert -(-22_000_000 // layout.shard_rows) == 336


def test_array_spec__row_bytes() -> None:
    assert ArraySpec("layer4", "map", (512, 7, 7)).row_bytes == 512 * 7 * 7 * 2
    assert ArraySpec("layer4", "map", (3, 8, 8), "bfloat16").row_bytes == 384


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=4),
    st.sampled_from(["float16", "float32", "bfloat16"]),
)
def test_array_spec__json_round_trip(shape: list[int], dtype: str) -> None:
    spec = ArraySpec("layer4.1", "map", tuple(shape), dtype)

    assert ArraySpec.from_json(spec.to_json()) == spec
    assert spec.row_bytes == prod(shape) * {"float16": 2, "float32": 4, "bfloat16": 2}[dtype]


@pytest.mark.parametrize("layer", ["", "a/b", ".", "..", ".hidden", "__x", "a b", "a" * 201])
def test_array_spec__names_that_are_no_folder_are_refused(layer: str) -> None:
    with pytest.raises(StoreError, match="cannot name a layer or view"):
        ArraySpec(layer, "pooled", (4,))
    with pytest.raises(StoreError, match="cannot name a layer or view"):
        ArraySpec("layer", layer, (4,))


def test_array_spec__unknown_dtype() -> None:
    with pytest.raises(StoreError, match="a/pooled has dtype uint8"):
        ArraySpec("a", "pooled", (4,), "uint8")


@pytest.mark.parametrize(("view", "compressed"), [("pooled", False), ("map", True), ("map8", True)])
def test_choose_layout__maps_are_compressed(view: str, compressed: bool) -> None:
    assert choose_layout(1024, view, 1000).compressed == compressed


@pytest.mark.parametrize("shape", [(), (0,), (3, -1)])
def test_array_spec__empty_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(StoreError, match="rows of shape"):
        ArraySpec("a", "pooled", shape)


def test_estimate_bytes__covers_values_and_index() -> None:
    specs = [ArraySpec("a", "pooled", (512,)), ArraySpec("b", "pooled", (4,), "float32")]

    assert estimate_bytes(specs, 0) == 0
    assert estimate_bytes(specs, 1000) >= 1000 * (1024 + 16)
