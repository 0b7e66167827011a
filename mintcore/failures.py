"""What a person is told where a program ends with an error: one sentence, and where it was only if asked."""

import errno
import os
import sys
import traceback
from collections.abc import Callable

from mintcore import settings
from mintcore.errors import PERSON_ERRORS, CancelledError

BAD_INPUT = 2
"""Exit code where something was refused, or could not be done on this machine."""
DEFECT = 70
"""Exit code of a defect of the program; EX_SOFTWARE of sysexits.h."""
INTERRUPTED = 130

_OF_MEMORY = "memory ran out; what was committed is kept. Take a smaller batch, model or view, or --device cpu."
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


def ask_for_tracebacks() -> None:
    """Have tracebacks from now on, in this process and those that it starts."""
    os.environ[settings.DEBUG.name] = "1"


def tracebacks_wanted() -> bool:
    """Tell whether a person asked for tracebacks."""
    return os.environ.get(settings.DEBUG.name, "") not in ("", "0")


def explain(error: BaseException) -> tuple[str, int]:
    """Say in one sentence why the program ends.

    Args:
        error: What ended it.

    Returns:
        The sentence, and the exit code.
    """
    if isinstance(error, KeyboardInterrupt | CancelledError):
        return "stopped; what was committed is kept.", INTERRUPTED
    if isinstance(error, PERSON_ERRORS):
        return str(error), BAD_INPUT
    if _memory_ran_out(error):
        return f"{_OF_MEMORY} `mint doctor` says how much there is.", BAD_INPUT
    if isinstance(error, OSError) and (sentence := _of_the_disk(error)):
        return sentence, BAD_INPUT
    return _defect(error), DEFECT


def report(error: BaseException, tell: Callable[[str], None]) -> int:
    """Tell a person why the program ends, after the traceback where that was asked for.

    Args:
        error: What ended it.
        tell: Told the sentence.

    Returns:
        The exit code.
    """
    if tracebacks_wanted():
        traceback.print_exception(error, file=sys.stderr)
    sentence, code = explain(error)
    tell(sentence)
    return code


def _memory_ran_out(error: BaseException) -> bool:
    """Tell whether Python, or PyTorch, which is not imported for it, was refused memory of the machine or of a GPU."""
    of_torch = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or of_torch


def _of_the_disk(error: OSError) -> str | None:
    """Say what a file system refused; None for errors of other kinds."""
    where = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if error.errno in _NO_ROOM:
        return f"{where}. Make room on that disk, then try again; what was committed is kept."
    if error.errno in _NOT_ALLOWED:
        return (
            f"{where}. Choose another folder with --home or {settings.HOME.name}, or get access to it; "
            "`mint doctor` says more."
        )
    return None


def _defect(error: BaseException) -> str:
    said = " ".join(str(error).split())
    what = type(error).__name__ + (f": {said}" if said else "")
    return f"an unexpected error, a defect of the program: {what}. `mint --debug ...` shows where."
