"""The one exception of this room."""


class StoreError(Exception):
    """What was wrong, which file or value, and what to do, as one sentence for the person."""
