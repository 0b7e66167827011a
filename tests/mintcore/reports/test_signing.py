import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mintcore.errors import MintError
from mintcore.reports.signing import (
    KEY_FILE,
    key_fingerprint,
    opened,
    public_key,
    public_raw,
    sealed,
    signing_key,
)
from store.artefacts import Home

KEY = Ed25519PrivateKey.generate()
FORMS = st.sampled_from(["html", "pdf", "json", "signature"])
SUBJECTS = st.text(max_size=30)


@given(st.binary(max_size=200), FORMS, SUBJECTS)
def test_seal__says_what_was_sealed_and_by_whom(body: bytes, form: str, subject: str) -> None:
    found = opened(sealed(body, form, subject, "c" * 64, KEY), form)
    assert found is not None
    seal, signed = found
    assert (seal.subject, seal.content, seal.key) == (subject, "c" * 64, public_raw(KEY))
    assert seal.signs(signed)
    assert signed.startswith(body)


@given(st.data(), st.binary(min_size=1, max_size=60), FORMS)
def test_seal__no_byte_can_be_changed_unnoticed(
    data: st.DataObject, body: bytes, form: str
) -> None:
    whole = bytearray(sealed(body, form, "audit", "c" * 64, KEY))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    found = opened(bytes(whole), form)
    assert found is None or not found[0].signs(found[1])


@given(st.binary(max_size=60), FORMS)
def test_seal__another_text_for_the_same_signature_is_none(body: bytes, form: str) -> None:
    whole = sealed(body, form, "audit", "c" * 64, KEY)
    at = whole.rindex(b"==") - 1  # of its last character four bits are unused
    other = bytes([whole[at] + 1]) if whole[at : at + 1] in b"AQgw" else b"A"
    assert opened(whole[:at] + other + whole[at + 1 :], form) is None


@given(st.data(), st.binary(max_size=60), FORMS)
def test_seal__no_end_can_be_cut_off_and_nothing_be_added(
    data: st.DataObject, body: bytes, form: str
) -> None:
    whole = sealed(body, form, "audit", "c" * 64, KEY)
    end = data.draw(st.integers(0, len(whole) - 1))
    more = data.draw(st.binary(min_size=1, max_size=20))
    for changed in (whole[:end], whole + more, more + whole):
        found = opened(changed, form)
        assert found is None or not found[0].signs(found[1])


@given(st.binary(max_size=300), FORMS)
def test_opened__whatever_it_is_given_is_a_seal_or_none(content: bytes, form: str) -> None:
    assert opened(content, form) is None


@given(SUBJECTS)
def test_seal__stays_one_comment_of_a_page(subject: str) -> None:
    written = sealed(b"<html></html>", "html", subject, "c" * 64, KEY).decode()
    comment = written.partition("<!--")[2]
    assert comment.count("--") == 1
    assert comment.endswith("-->\n")


def test_seal__a_sealed_json_file_is_json() -> None:
    body = json.dumps({"report": {"a": 1}}).removesuffix("}").encode()
    written = json.loads(sealed(body, "json", "audit", "c" * 64, KEY))
    assert written["report"] == {"a": 1}
    assert written["mint-seal"]["subject"] == "audit"


def test_signing_key__is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert public_key(home) is None
    key = signing_key(home)
    assert public_raw(signing_key(home)) == public_raw(key) == public_key(home)
    assert stat.S_IMODE((home.path / KEY_FILE).stat().st_mode) == 0o600
    assert not list(home.path.glob("*.new"))


def test_signing_key__two_processes_at_once_get_the_same(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from store.artefacts import Home;"
        "from mintcore.reports.signing import public_raw, signing_key;"
        "sys.stdin.read(); print(public_raw(signing_key(Home(Path(sys.argv[1])))).hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "home")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    assert len({process.stdout.read() for process in started if process.stdout}) == 1
    assert [process.wait() for process in started] == [0, 0, 0]


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_signing_key__a_damaged_one_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(MintError, match=r"signing-key\.pem cannot be read as the key .* delete it"):
        signing_key(Home(tmp_path))


def test_key_fingerprint__is_the_sha256_that_other_tools_give() -> None:
    key = bytes(32)
    # printf of 32 zero bytes | sha256sum
    assert key_fingerprint(key) == "6668-7aad-f862-bd77-6c8f-c18b-8e9f-8e20"
