import pytest

from dashboard.wording import duration, job_title, named, p_value, plain, signed, size


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("cat.png", "`cat.png`"),
        ("**bold**", "`**bold**`"),
        ("a`b", "`` a`b ``"),
        ("two\nlines", "`two lines`"),
    ],
)
def test_named__is_code_whatever_is_in_it(name: str, written: str) -> None:
    assert named(name) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<b>x</b>", r"\<b\>x\</b\>"),
        ("[a](b)", r"\[a\]\(b\)"),
        (":red[x] $y$", r"\:red\[x\] \$y\$"),
        ("a\nb", "a b"),
    ],
)
def test_plain__markdown_is_escaped(text: str, written: str) -> None:
    assert plain(text) == written


def test_signed__what_rounds_to_nothing_has_no_minus() -> None:
    assert (signed(-0.0001), signed(-0.2), signed(0.2)) == ("+0.000", "-0.200", "+0.200")


def test_p_value__two_figures_or_a_bound() -> None:
    assert (p_value(0.0123), p_value(9.8e-15)) == ("0.012", "< 0.0001")


@pytest.mark.parametrize(
    ("seconds", "written"), [(3.4, "3 s"), (59.6, "1 min 0 s"), (3700, "1 h 1 min")]
)
def test_duration__two_largest_units(seconds: float, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(("count", "written"), [(999, "999 bytes"), (46_800_000, "46.8 MB")])
def test_size__in_powers_of_a_thousand(count: int, written: str) -> None:
    assert size(count) == written


@pytest.mark.parametrize("kind", ["audit", "sweep", "compare", "extract", "unknown"])
def test_job_title__never_fails_where_settings_are_missing(kind: str) -> None:
    assert job_title(kind, {})


def test_job_title__names_are_code() -> None:
    title = job_title("audit", {"dataset": "*set*", "auditor": "a1"})
    assert title == "Audit of `*set*` by `a1`"
