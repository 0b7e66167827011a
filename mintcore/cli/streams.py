"""Standard streams that take whatever is printed: closed ones, narrow encodings, readers that leave."""

import os
import sys

_BROKEN_PIPE = 1
"""Exit code where nobody reads the rest, as for the errors that typer itself meets then."""


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


def flush(code: int) -> int:
    """Write out what is still buffered, and give the exit code.

    Args:
        code: The exit code where somebody reads it.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


def _open_closed_ones() -> None:
    """Give a closed stream's number to the null device, or the next file opened would get it, and what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
