"""Pieces handed to workers that finish in any order, and die."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.cluster.scheduling import AHEAD, TRIES, Lost, in_order
from mintcore.errors import MintError


@dataclass
class Crowd:
    """Workers that are done when chance says so; of those that die another comes later."""

    chance: Random
    size: int
    deaths: int = 0
    idle: int = 0
    coming: int = 0
    busy: dict[int, int] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.coming = self.size

    @property
    def count(self) -> int:
        return self.idle + len(self.busy)

    def begin(self, number: int, piece: int) -> None:
        assert self.idle
        self.idle -= 1
        self.busy[number] = piece
        self.begun.append(number)

    def ended(self, *, wait: bool) -> Iterator[tuple[int, int | Lost]]:
        assert not wait or self.busy or self.coming, "it would be waited for ever"
        happened = not wait
        while not happened:
            if self.coming and self.chance.random() < 0.5:
                self.coming -= 1
                self.idle += 1
                happened = True
            for number in [*self.busy]:
                if self.chance.random() < 0.5:
                    happened = True
                    yield number, self._outcome(self.busy.pop(number))

    def _outcome(self, piece: int) -> int | Lost:
        if self.deaths and self.chance.random() < 0.3:
            self.deaths -= 1
            self.coming += 1
            return Lost("it was killed")
        self.idle += 1
        return piece * piece


@given(
    pieces=st.integers(0, 40),
    size=st.integers(1, 9),
    deaths=st.integers(0, TRIES - 1),
    seed=st.integers(0, 2**32),
)
def test_in_order__each_result_once_and_in_order_whoever_dies(
    pieces: int, size: int, deaths: int, seed: int
) -> None:
    crowd = Crowd(Random(seed), size, deaths)
    results = []
    for result in in_order(range(pieces), crowd):
        assert len(crowd.begun) - len(results) <= AHEAD * size + deaths
        results.append(result)

    assert results == [number * number for number in range(pieces)]
    lost = deaths - crowd.deaths
    assert sorted(set(crowd.begun)) == [*range(pieces)]
    assert len(crowd.begun) == pieces + lost
    assert crowd.busy == {}


def test_in_order__pieces_are_taken_when_a_worker_is_free_for_them() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    crowd = Crowd(Random(0), 2)
    results = in_order(pieces(), crowd)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(taken) <= 3 + AHEAD * 2


def test_in_order__a_piece_that_kills_every_worker() -> None:
    class Deadly(Crowd):
        def _outcome(self, piece: int) -> int | Lost:
            self.coming += 1
            return Lost("it was killed")

    crowd = Deadly(Random(0), 1)
    with pytest.raises(MintError, match=f"^{TRIES} workers died .* because it was killed: see"):
        list(in_order([1], crowd))
    assert crowd.begun == [0] * TRIES


def test_in_order__what_a_piece_raises_ends_it() -> None:
    class Failing(Crowd):
        def _outcome(self, piece: int) -> int | Lost:
            raise MintError("There is no such image.")

    with pytest.raises(MintError, match="no such image"):
        list(in_order(range(3), Failing(Random(0), 2)))
