"""How much of object storage is kept on this machine's disk."""

import os

from store.errors import StoreError

VARIABLE = "MINT_CACHE_MIB"
DEFAULT_MIB = 4096

_MOST_DIGITS = 12


def cache_limit_bytes() -> int:
    """Read the limit from the environment.

    Raises:
        StoreError: It is no whole number.
    """
    given = os.environ.get(VARIABLE, str(DEFAULT_MIB))
    if not (given.isascii() and given.isdecimal() and len(given) <= _MOST_DIGITS):
        raise StoreError(f"{VARIABLE} is {given[:40]!r}: give a whole number from 0 on.")
    return int(given) * 2**20
