"""What a check finds."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        state: "failed" where something of the program cannot work, "warning" where it works less well or soon may not.
        found: What there is, in a few words.
        mend: What a person can do about it; empty where nothing need be done.
    """

    state: State
    found: str
    mend: str = ""


def ok(found: str, mend: str = "") -> Finding:
    """Say that all is well."""
    return Finding("ok", found, mend)


def warning(found: str, mend: str) -> Finding:
    """Say that something works less well than it could."""
    return Finding("warning", found, mend)


def failed(found: str, mend: str) -> Finding:
    """Say that something cannot work."""
    return Finding("failed", found, mend)
