"""What a worker can be given to do."""

from typing import Protocol, TypeVar

Piece_contra = TypeVar("Piece_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


class Desk(Protocol[Piece_contra, Result_co]):
    """What a worker keeps between two pieces of the same task: a model, an open store."""

    def make(self, piece: Piece_contra) -> Result_co:
        """Do one piece; doing it again, here or elsewhere, gives the same."""


class Task(Protocol[Piece_contra, Result_co]):
    """One kind of work on the same things; it travels to the workers, so it is small and can be pickled."""

    def begin(self, device: str, threads: int) -> Desk[Piece_contra, Result_co]:
        """Make everything ready, in the worker.

        Args:
            device: "auto", "cpu", "cuda" or "cuda:N".
            threads: Processors that the worker has for itself.
        """
