from pathlib import Path

import psutil
import pytest

from mintcore.access import Access
from mintcore.errors import MintError
from mintcore.reach import reach

OTHERS = {"MINT_VIEWERS": "@example.org"}


@pytest.fixture
def login(tmp_path: Path) -> Path:
    """A complete login of the dashboard at https://audit.example.org/mint."""
    path = tmp_path / "login.toml"
    path.write_text(
        '[auth]\nredirect_uri = "https://audit.example.org/mint/oauth2callback"\n'
        'cookie_secret = "kT8-3nVxQ2mLpZ7rB5yWc9hJ4sD6fGaE1uXi0oNv"\nclient_id = "a"\n'
        'client_secret = "b"\nserver_metadata_url = "https://id.example.org/openid"\n'
    )
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_reach__loopback_needs_no_login(host: str) -> None:
    found = reach({}, host=host)
    assert found.access is Access.LOCAL
    assert found.origins == ()


@pytest.mark.parametrize("host", ["192.168.1.7", "0.0.0.0", "::"])  # noqa: S104
def test_reach__host_that_others_can_reach(host: str) -> None:
    with pytest.raises(MintError, match=r"Everybody who reaches .* --i-understand-no-auth"):
        reach({}, host=host)


def test_reach__name_that_others_reach_through_a_proxy() -> None:
    with pytest.raises(MintError, match=r"Everybody who reaches audit\.example\.org"):
        reach({}, public_hosts=["audit.example.org"])


def test_reach__nobody_signs_in() -> None:
    found = reach({}, host="0.0.0.0", public_hosts=["a.example"], without_login=True)  # noqa: S104
    assert found.access is Access.OPEN
    own = {each.address for each in psutil.net_if_addrs()["lo"]}
    assert {"a.example", "localhost"} <= set(found.names)
    assert own & set(found.names)
    assert "*" not in found.names
    assert "https://a.example" in found.origins
    assert found.address(8501) == "http://127.0.0.1:8501"


def test_reach__people_sign_in(login: Path) -> None:
    found = reach(OTHERS, login=login, base_url="mint/")
    assert found.access is Access.LOGIN
    assert found.address(8501) == "https://audit.example.org/mint"
    assert "audit.example.org" in found.names


def test_reach__login_for_nobody(login: Path) -> None:
    with pytest.raises(MintError, match="Nobody could sign in"):
        reach({}, login=login, base_url="/mint")


def test_reach__login_and_none(login: Path) -> None:
    with pytest.raises(MintError, match="not both"):
        reach(OTHERS, login=login, base_url="/mint", without_login=True)


def test_reach__login_of_another_path(login: Path) -> None:
    with pytest.raises(MintError, match="its path is '/oauth2callback'"):
        reach(OTHERS, login=login)


@pytest.mark.parametrize(
    "path", ["/../mint", "/a b", "/a//b", "/.", "https://a.example/mint", "/é"]
)
def test_reach__what_is_no_path(path: str) -> None:
    with pytest.raises(MintError, match="no path to serve below"):
        reach({}, base_url=path)


@pytest.mark.parametrize("name", ["https://a.example", "a.example:80", "*", "", "a b", "*.example"])
def test_reach__what_is_no_name(name: str) -> None:
    with pytest.raises(MintError, match="no name of a machine"):
        reach({}, public_hosts=[name], without_login=True)


@pytest.mark.parametrize("host", ["no-such-machine.invalid", "a" * 300, ".."])
def test_reach__host_that_this_machine_does_not_know(host: str) -> None:
    with pytest.raises(MintError, match="knows no address"):
        reach({}, host=host, without_login=True)


@pytest.mark.parametrize(
    ("host", "address"), [("::", "http://[::1]:80/a"), ("::1", "http://[::1]:80/a")]
)
def test_address__of_the_sixth_version(host: str, address: str) -> None:
    assert reach({}, host=host, base_url="/a", without_login=True).address(80) == address
