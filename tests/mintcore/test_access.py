import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.access import (
    SIGN_IN_HOURS,
    Lists,
    Role,
    is_forwarded,
    is_signed_in,
    read_lists,
    verified_address,
)
from mintcore.errors import MintError

LISTS = read_lists(
    {"MINT_OPERATORS": "Ada@Example.org", "MINT_VIEWERS": " @example.org, eve@other.example"}
)


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("ada@example.org", Role.OPERATOR),
        ("ADA@EXAMPLE.ORG", Role.OPERATOR),
        ("vera@example.org", Role.VIEWER),
        ("eve@other.example", Role.VIEWER),
        ("adam@other.example", None),
        ("ada@example.org.evil.example", None),
        ("ada@evil.example@example.org", None),
        ("vera@sub.example.org", None),
        ("vera@notexample.org", None),
        ("@example.org", None),
        ("vera@", None),
        ("", None),
        ("*", None),
    ],
)
def test_role_of__address(address: str, role: Role | None) -> None:
    assert LISTS.role_of(address) is role


def test_role_of__letter_that_folds_to_an_ascii_one() -> None:
    kelvin = "\N{KELVIN SIGN}"
    assert kelvin.lower() == "k"
    assert (
        read_lists({"MINT_OPERATORS": "kate@example.org"}).role_of(f"{kelvin}ate@example.org")
        is None
    )


@given(st.text())
def test_role_of__nobody_is_let_in_by_empty_lists(address: str) -> None:
    assert Lists(frozenset(), frozenset()).role_of(address) is None


def test_role_of__everybody() -> None:
    everybody = read_lists({"MINT_VIEWERS": "*"})
    assert everybody.role_of("who@ever.example") is Role.VIEWER
    assert everybody.role_of("who@ever.example@another.example") is None


@pytest.mark.parametrize(
    "written", ["ada", "ada@", "@", "a@b@c", "ada @example.org", "ada@example.org;eve@example.org"]
)
def test_read_lists__what_is_no_address(written: str) -> None:
    with pytest.raises(MintError, match=r"MINT_VIEWERS lists .* no e-mail address"):
        read_lists({"MINT_VIEWERS": written})


def test_of_everybody__is_a_viewer_unless_all_are_operators() -> None:
    assert read_lists({"MINT_OPERATORS": "ada@example.org"}).of_everybody is Role.VIEWER
    assert read_lists({"MINT_OPERATORS": "*"}).of_everybody is Role.OPERATOR


@pytest.mark.parametrize(
    ("claims", "address"),
    [
        ({"email": "ada@example.org", "email_verified": True}, "ada@example.org"),
        ({"email": "ada@example.org"}, "ada@example.org"),
        ({"email": "ada@example.org", "email_verified": False}, None),
        ({"email": "ada@example.org", "email_verified": "false"}, None),
        ({"email": "ada@example.org", "email_verified": None}, None),
        ({"email": ["ada@example.org"], "email_verified": True}, None),
        ({"preferred_username": "ada@example.org"}, None),
    ],
)
def test_verified_address__what_the_provider_says(
    claims: dict[str, object], address: str | None
) -> None:
    assert verified_address(claims) == address


def test_is_signed_in__ends_after_some_hours() -> None:
    claims = {"is_logged_in": True, "iat": 1000}
    lasts = SIGN_IN_HOURS * 3600
    assert is_signed_in(claims, now=1000 + lasts - 1)
    assert not is_signed_in(claims, now=1000 + lasts)
    assert not is_signed_in({"is_logged_in": True}, now=1000)
    assert not is_signed_in(claims | {"is_logged_in": False}, now=1001)


@pytest.mark.parametrize(
    ("origin", "forwarded"),
    [
        (None, False),
        ("http://localhost:8501", False),
        ("http://127.0.0.1:8501", False),
        ("http://[::1]:8501", False),
        ("https://audit.example.org", True),
        ("http://localhost.example.org", True),
        ("http://192.168.1.7:8501", True),
        ("null", True),
    ],
)
def test_is_forwarded__name_in_the_browser(origin: str | None, forwarded: bool) -> None:
    assert is_forwarded(origin) is forwarded
