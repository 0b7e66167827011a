"""The exceptions of this room."""


class StoreError(Exception):
    """What was wrong, which file or value, and what to do, as one sentence for the person."""


class UnreachableError(StoreError):
    """Object storage does not answer or refuses, which says nothing of what is there."""
