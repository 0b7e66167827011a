"""bfloat16 against torch's conversion, which is an independent one."""

import numpy as np
import pytest
import torch

from store.bfloat16 import NAN_BITS, from_bits, to_bits


def torch_bits(values: np.ndarray) -> np.ndarray:
    return torch.from_numpy(values).to(torch.bfloat16).view(torch.uint16).numpy()


def floats(bits: np.ndarray) -> np.ndarray:
    return bits.astype(np.uint32).view(np.float32)


def test_to_bits__random_bit_patterns_as_torch() -> None:
    values = floats(np.random.default_rng(0).integers(0, 2**32, 1_000_000, np.uint64))
    numbers = values[~np.isnan(values)]

    np.testing.assert_array_equal(to_bits(numbers), torch_bits(numbers))


@pytest.mark.parametrize("lower", [0x7FFF, 0x8000, 0x8001])
def test_to_bits__around_the_middle_between_two_as_torch(lower: int) -> None:
    upper = np.arange(2**16, dtype=np.uint64) << 16
    values = floats(upper + lower)
    numbers = values[~np.isnan(values)]

    np.testing.assert_array_equal(to_bits(numbers), torch_bits(numbers))


def test_to_bits__subnormal_as_torch() -> None:
    values = floats(np.random.default_rng(1).integers(0, 2**23, 100_000, np.uint64))

    np.testing.assert_array_equal(to_bits(values), torch_bits(values))
    np.testing.assert_array_equal(to_bits(-values), torch_bits(-values))


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (0.0, 0x0000),
        (-0.0, 0x8000),
        (1.0, 0x3F80),
        (-2.0, 0xC000),
        (np.inf, 0x7F80),
        (-np.inf, 0xFF80),
        (np.finfo(np.float32).max, 0x7F80),  # beyond bfloat16's largest
        (3.3895313892515355e38, 0x7F7F),  # its largest
        (np.nan, NAN_BITS),
        (-np.nan, NAN_BITS),
    ],
)
def test_to_bits__known(value: float, bits: int) -> None:
    assert to_bits(np.array([value], np.float32)).tolist() == [bits]


def test_to_bits__every_nan_stays_one() -> None:
    exponent = np.uint64(0x7F800000)
    values = floats(exponent + np.random.default_rng(2).integers(1, 2**23, 10_000, np.uint64))
    assert np.isnan(values).all()

    assert (to_bits(values) == NAN_BITS).all()


def test_from_bits__all_as_torch() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    widened = torch.from_numpy(bits).view(torch.bfloat16).to(torch.float32).numpy()

    np.testing.assert_array_equal(from_bits(bits), widened)


def test_from_bits__is_undone_by_to_bits() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    numbers = bits[~np.isnan(from_bits(bits))]

    np.testing.assert_array_equal(to_bits(from_bits(numbers)), numbers)


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (2, 3, 4)])
def test_to_bits__keeps_shapes(shape: tuple[int, ...]) -> None:
    values = np.ones(shape, np.float32)

    assert to_bits(values).shape == from_bits(to_bits(values)).shape == shape


def test_to_bits__views_that_are_not_contiguous() -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 6)

    np.testing.assert_array_equal(to_bits(values.T[::2]), torch_bits(values.T[::2].copy()))
