"""Counts of things, for sentences."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write how many there are, "1 auditor" or "2,000 auditors".

    Args:
        count: How many.
        noun: The word for one.
        plural: The word for several, where it is not the one with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
