"""Memory that this process keeps for the next batch, instead of handing it back to the system after each."""

import ctypes
import sys
from functools import cache

KEPT_BYTES = 512 * 2**20
"""Most that is kept at the end of the heap while it is not used."""
LARGEST_BYTES = 256 * 2**20
"""What is larger is still taken from the system by itself, and handed back at once."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


@cache
def keep_memory() -> bool:
    """Let the C library keep what models and networks have used, once a process.

    As it comes, it hands back some tens of megabytes whenever they are free, and the system fills every page with zeros
    when the next batch asks for it again: up to a third of the time of a large one. Results are the same.

    Returns:
        Whether it could be told so: glibc alone can.
    """
    if sys.platform != "linux":
        return False
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is None:
        return False
    return bool(tell(_M_MMAP_THRESHOLD, LARGEST_BYTES)) and bool(
        tell(_M_TRIM_THRESHOLD, KEPT_BYTES)
    )
