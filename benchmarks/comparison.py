"""Ratios of one run beside those of another: what got slower by more than the usual noise?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A ratio, and what it was before. Figures are not compared, since they depend on the machine.

    Attributes:
        before: The earlier ratio, more than 0.
        now: The later one.
        noise: By what share of the larger one they may differ with nothing changed.
    """

    before: float
    now: float
    noise: float

    @property
    def is_slower(self) -> bool:
        """Whether it fell by more than the noise."""
        return self.now < self.before * (1 - self.noise)

    @property
    def is_faster(self) -> bool:
        """Whether it rose by more than the noise: whether it would be slower the other way round."""
        return self.before < self.now * (1 - self.noise)

    @property
    def words(self) -> str:
        """The change, for people."""
        verdict = ", slower" if self.is_slower else ", faster" if self.is_faster else ""
        return f"{self.now / self.before - 1:+.0%}{verdict}"
