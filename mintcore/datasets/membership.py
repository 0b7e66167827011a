"""Say of each sample whether it was in the audited model's training data."""

from collections.abc import Callable, Sequence

from mintcore.datasets.ledger import Ledger
from mintcore.datasets.sample import Sample
from mintcore.errors import MintError

MEMBERSHIPS = ("member", "external", "unknown")
LEDGER = "ledger:"
_COLUMN = "column:"
_VALUES = {"1": "member", "true": "member", "0": "external", "false": "external"} | {
    name: name for name in MEMBERSHIPS
}


def membership_of(
    rule: str, columns: Sequence[str], ledger: Ledger | None = None
) -> Callable[[Sample], str]:
    """Turn a membership rule into a function.

    Args:
        rule: ``member``, ``external`` or ``unknown`` for all samples, ``column:NAME``, or
            ``ledger:...``, whose members are those that the ledger lists by name: those that it
            lists by content are known when the image is decoded.
        columns: The columns there are.
        ledger: The ledger that the rule names.

    Returns:
        Sample -> one of ``MEMBERSHIPS``. It raises a ``MintError`` that names the value where a
        column holds something else than member, external, unknown, 1, 0, true or false.

    Raises:
        MintError: The rule is none of these, or there is no such column.
    """
    if rule in MEMBERSHIPS:
        return lambda sample: rule
    if rule.startswith(LEDGER) and ledger is not None:
        return lambda sample: "member" if ledger.names_image(sample.uri) else "external"
    if not rule.startswith(_COLUMN):
        raise MintError(
            f"{rule!r} is not a membership: give member, external, unknown, column:NAME, ledger:FILE "
            "or ledger:model:NAME."
        )
    column = rule.removeprefix(_COLUMN)
    require_column(column, columns)
    return lambda sample: _from_value(sample, column)


def require_column(column: str, columns: Sequence[str]) -> None:
    """Check that a column exists.

    Raises:
        MintError: It does not; the error lists those that do.
    """
    if column not in columns:
        there = ", ".join(columns) or "none"
        raise MintError(f"There is no column {column!r}: choose one of these columns: {there}.")


def _from_value(sample: Sample, column: str) -> str:
    value = sample.columns[column]
    known = _VALUES.get((value or "").strip().lower())
    if known is None:
        raise MintError(
            f"Column {column!r} has the value {value!r} for {sample.uri}: "
            "use member, external, unknown, 1, 0, true or false."
        )
    return known
