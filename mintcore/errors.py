"""The exceptions a person meets."""

from store.errors import StoreError


class MintError(Exception):
    """What was wrong, which file or value, and what to do, as one sentence for the person."""


class CancelledError(Exception):
    """The person asked a running piece of work to stop."""


PERSON_ERRORS = (MintError, StoreError)
"""Their messages are sentences for the person: pages and commands show them as they are."""
