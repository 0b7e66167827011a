"""Counts of things, for sentences."""


def counted(count: int, noun: str) -> str:
    """Write how many there are, "1 auditor" or "2,000 auditors"; for nouns that take an s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
