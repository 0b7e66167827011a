"""The right of one publication to a number of a block on object storage; see ``store.claims``."""

import time
from dataclasses import dataclass

from store.errors import StoreError

VALID_S = 12 * 3600.0
"""A publication that takes longer than this gives up its number."""


@dataclass(frozen=True)
class Claim:
    """A number that a publication has.

    Attributes:
        block: The number.
        time: When it was claimed, seconds since 1970.
    """

    block: int
    time: float

    def require_valid(self) -> None:
        """Make sure that nobody can hold the claim for dead by now.

        Raises:
            StoreError: Somebody can.
        """
        if not 0 <= time.time() - self.time < VALID_S:
            raise StoreError(
                f"A block took longer than {VALID_S / 3600:.0f} hours to be uploaded, or the clock was set meanwhile, "
                "so it was not committed: run again, what was committed before is safe."
            )
