"""Standard streams that take whatever is printed: closed ones, and those of a narrow encoding."""

import os
import sys


def settle_streams() -> None:
    """Have three open streams, and print what an encoding lacks with a backslash instead of an error."""
    _open_closed_ones()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def takes_unicode() -> bool:
    """Tell whether standard output can print every character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "").startswith("utf")


def _open_closed_ones() -> None:
    """Give a closed stream's number to the null device, or the next file opened would get it, and what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
