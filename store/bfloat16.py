"""bfloat16 for numpy, which has none: the upper half of a float32, kept as uint16."""

import numpy as np

NAN_BITS = 0x7FC0


def to_bits(values: np.ndarray) -> np.ndarray:
    """Round float32 to the nearest bfloat16, ties to even.

    Args:
        values: (...) float32.

    Returns:
        (...) uint16. Values beyond bfloat16 become infinite; every NaN becomes the same NaN.
    """
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    return np.where(np.isnan(values), NAN_BITS, rounded).astype(np.uint16)


def from_bits(bits: np.ndarray) -> np.ndarray:
    """Widen bfloat16, kept as uint16, to float32; exact.

    Args:
        bits: (...) uint16.

    Returns:
        (...) float32.
    """
    widened = bits.astype(np.uint32)
    widened <<= 16
    return widened.view(np.float32)
