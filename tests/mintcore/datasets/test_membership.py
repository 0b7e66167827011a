import pytest

from mintcore.datasets.membership import membership_of
from mintcore.datasets.sources import Sample
from mintcore.errors import MintError


def sample(value: str | None) -> Sample:
    return Sample("/a.png", {"used": value})


@pytest.mark.parametrize("rule", ["member", "external", "unknown"])
def test_membership_of__one_for_all(rule: str) -> None:
    assert membership_of(rule, [])(sample("whatever")) == rule


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("member", "member"),
        ("1", "member"),
        ("True", "member"),
        ("external", "external"),
        ("0", "external"),
        ("false", "external"),
        (" Unknown ", "unknown"),
    ],
)
def test_membership_of__column_values(value: str, expected: str) -> None:
    assert membership_of("column:used", ["used"])(sample(value)) == expected


@pytest.mark.parametrize("value", ["yes", "2", "", None])
def test_membership_of__other_values_are_named(value: str | None) -> None:
    with pytest.raises(MintError, match=rf"has the value {value!r} for /a\.png"):
        membership_of("column:used", ["used"])(sample(value))


def test_membership_of__missing_column_lists_the_columns() -> None:
    with pytest.raises(
        MintError, match="no column 'uesd': choose one of these columns: used, label"
    ):
        membership_of("column:uesd", ["used", "label"])


def test_membership_of__other_rules_are_refused() -> None:
    with pytest.raises(MintError, match="give member, external, unknown, column:NAME, ledger:FILE"):
        membership_of("members", ["used"])
