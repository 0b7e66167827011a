import pytest

from dashboard.wording import (
    duration,
    job_title,
    memory_note,
    named,
    p_value,
    plain,
    signed,
    size,
)
from mintcore.jobs.kinds import KINDS


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("cat.png", "`cat.png`"),
        ("**bold**", "`**bold**`"),
        ("a`b", "`` a`b ``"),
        ("two\nlines", "`two lines`"),
        ("\u202egnp.exe", "` gnp.exe`"),
        ("a\u2028b\u2066c\0d\x85e", "`a b c d e`"),
        ("half \ud800", "`half  `"),
        ("'; DROP TABLE x; --", "`'; DROP TABLE x; --`"),
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
        ("<img src=x onerror=alert(1)>.png", r"\<img src\=x onerror\=alert\(1\)\>\.png"),
        ("\u202egnp.exe", r" gnp\.exe"),
        ("مرحبا שלום 👩‍👩‍👧", "مرحبا שלום 👩‍👩‍👧"),
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


@pytest.mark.parametrize("kind", [*KINDS, "unknown"])
def test_job_title__never_fails_where_settings_are_missing(kind: str) -> None:
    assert job_title(kind, {})


@pytest.mark.parametrize("kind", KINDS)
def test_job_title__every_kind_has_one(kind: str) -> None:
    assert not job_title(kind, {}).startswith("Job of kind")


def test_job_title__names_are_code() -> None:
    title = job_title("audit", {"datasets": ["*set*", "b"], "auditors": ["a1"]})
    assert title == "Audit of `*set*, b` by `a1`"


def test_job_title__names_new_datasets_too() -> None:
    new = [{"name": "bought", "source": "zip:/x.zip"}]
    params = {"datasets": ["b"], "auditors": ["a1"], "new": new}
    assert job_title("audit", params) == "Audit of `b, bought` by `a1`"


def test_job_title__of_a_search_names_the_model() -> None:
    title = job_title("tune", {"auditor": {"model": "net{x}"}, "trials": 3})
    assert title == "Searching the settings of an auditor of `net{x}`"


def test_memory_note__a_model_made_to_remember_is_called_so() -> None:
    trained_on = {"images": 1800, "epochs": 25, "wrong_labels": 540}
    note = memory_note({"id": "net", "trained_on": trained_on})
    assert note is not None
    assert "`net` was made to remember" in note
    assert "540 of the labels wrong on purpose" in note


def test_memory_note__other_models_have_none() -> None:
    assert memory_note({"id": "net"}) is None
    assert memory_note({"id": "net", "trained_on": {"wrong_labels": 0}}) is None
