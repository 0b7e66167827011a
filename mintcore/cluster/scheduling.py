"""Hand pieces of work to workers, and give back in order what comes of them. Knows neither Ray nor a clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mintcore.errors import MintError

TRIES = 4
"""How often a piece is handed out, if its worker dies each time."""

AHEAD = 2
"""Pieces a worker that may be under way, or done and waiting for one before them."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")
PieceT_contra = TypeVar("PieceT_contra", contravariant=True)
ResultT_co = TypeVar("ResultT_co", covariant=True)


@dataclass(frozen=True)
class Lost:
    """A worker died with its piece.

    Attributes:
        why: What is known of its death, a sentence's end.
    """

    why: str


class Workers(Protocol[PieceT_contra, ResultT_co]):
    """Workers that do one kind of work, a piece at a time each."""

    @property
    def count(self) -> int:
        """How many there are, at work or idle."""

    @property
    def idle(self) -> int:
        """How many wait for a piece."""

    def begin(self, number: int, piece: PieceT_contra) -> None:
        """Hand a piece to an idle worker; the number comes back with the result."""

    def ended(self, *, wait: bool) -> "Iterable[tuple[int, ResultT_co | Lost]]":
        """Give what has ended since the last call.

        Args:
            wait: Wait until something has, or until another worker is there.

        Raises:
            MintError: There are no workers any more; or what a piece raised.
        """


def in_order(pieces: Iterable[Piece], workers: Workers[Piece, Result]) -> Iterator[Result]:
    """Give the result of each piece, in the order of the pieces.

    A piece whose worker dies is handed to another; what is done is never done again. Workers go on
    while a result is looked at, with a bounded number of pieces.

    Args:
        pieces: Taken one by one, when a worker is free for the next.
        workers: Who does them.

    Raises:
        MintError: The workers of one piece died every time; or what a piece raised.
    """
    course: _Course[Piece, Result] = _Course(enumerate(pieces))
    while True:
        course.hand_out(workers)
        if course.over:
            return
        there = course.has_next
        if there:
            yield course.take_next()
        course.collect(workers.ended(wait=not there))


class _Course(Generic[Piece, Result]):
    """How far the pieces are.

    Args:
        pieces: The pieces with their numbers.
    """

    def __init__(self, pieces: Iterator[tuple[int, Piece]]) -> None:
        self._pieces = pieces
        self._all_taken = False
        self._under_way: dict[int, Piece] = {}
        self._lost: dict[int, Piece] = {}
        self._tries: dict[int, int] = {}
        self._done: dict[int, Result] = {}
        self._next = 0

    @property
    def has_next(self) -> bool:
        """Whether the next result is there."""
        return self._next in self._done

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do or to give."""
        return self._all_taken and not (self._under_way or self._lost or self._done)

    def hand_out(self, workers: Workers[Piece, Result]) -> None:
        """Give idle workers pieces: first those that were lost."""
        while workers.idle and (found := self._following(AHEAD * workers.count)):
            number, piece = found
            self._under_way[number] = piece
            self._tries[number] = self._tries.get(number, 0) + 1
            workers.begin(number, piece)

    def take_next(self) -> Result:
        """Give the next result, which is there."""
        self._next += 1
        return self._done.pop(self._next - 1)

    def collect(self, ended: Iterable[tuple[int, Result | Lost]]) -> None:
        """Remember results, and what has to be done again."""
        for number, result in ended:
            piece = self._under_way.pop(number)
            if not isinstance(result, Lost):
                self._done[number] = result
                del self._tries[number]
            elif self._tries[number] < TRIES:
                self._lost[number] = piece
            else:
                raise MintError(
                    f"{TRIES} workers died over the same piece of work, the last one because {result.why}: see "
                    "whether they run out of memory, then run again; what was done is kept."
                )

    def _following(self, most: int) -> tuple[int, Piece] | None:
        if self._lost:
            number = min(self._lost)
            return number, self._lost.pop(number)
        if self._all_taken or len(self._under_way) + len(self._done) >= most:
            return None
        following = next(self._pieces, None)
        self._all_taken = following is None
        return following
