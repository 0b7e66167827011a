"""The exceptions a person meets."""


class MintError(Exception):
    """What was wrong, which file or value, and what to do, as one sentence for the person."""


class CancelledError(Exception):
    """The person asked a running piece of work to stop."""
