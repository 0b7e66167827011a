"""Batches that are gathered on their way to a store."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mintcore.extraction import gathering
from mintcore.extraction.computing import Computed
from mintcore.extraction.gathering import Rows, gathered
from mintcore.progress import SilentReporter
from store.layout import ArraySpec

SPEC = ArraySpec("layer", "pooled", (2,), "float32")
BATCH = 4


def batch(start: int, count: int) -> Computed:
    """Images start, start + 1, ..., each with its number as values; every fifth is unreadable."""
    numbers = range(start, start + count)
    values = torch.tensor([[number, number] for number in numbers], dtype=torch.float32)
    unreadable = {str(number): ("unreadable", "why") for number in numbers if number % 5 == 0}
    return Computed([str(number) for number in numbers], {SPEC.key: values}, unreadable, None)


@given(sizes=st.lists(st.integers(1, BATCH), max_size=12), rows=st.integers(1, 9))
def test_gathered__every_row_comes_once_and_in_order(sizes: list[int], rows: int) -> None:
    starts = np.cumsum([0, *sizes])
    batches = [batch(start, size) for start, size in zip(starts, sizes, strict=False)]
    seen = [
        (given.sample_ids, given.arrays()[SPEC.key].copy(), given.unreadable)
        for given in gathered(batches, _buffers(rows), SilentReporter())
    ]
    names = [name for sample_ids, _, _ in seen for name in sample_ids]
    assert names == [str(number) for number in range(starts[-1])]
    for sample_ids, values, unreadable in seen:
        numbers = [int(name) for name in sample_ids]
        assert values.tolist() == [[number, number] for number in numbers]
        assert set(unreadable) == {str(number) for number in numbers if number % 5 == 0}
        assert len(numbers) <= max(rows, BATCH)


def test_gathered__rows_stay_until_the_other_buffer_was_given() -> None:
    found = gathered([batch(0, 4), batch(4, 4), batch(8, 4)], _buffers(BATCH), SilentReporter())
    first = next(found)
    next(found)
    assert first.arrays()[SPEC.key][:, 0].tolist() == [0, 1, 2, 3]
    assert next(found) is first


def _buffers(rows: int) -> list[Rows]:
    """Two buffers for so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "GATHERED_BYTES", rows * SPEC.row_bytes)
        return [Rows([SPEC], BATCH) for _ in range(2)]
