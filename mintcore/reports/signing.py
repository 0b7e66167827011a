"""The seal of a report: a last line that holds the hash of its content and a signature over the whole file.

Ed25519 (RFC 8032) over every byte of the file before ``,"signature"`` in its last line, so that any tool can check it
(docs/reports.md has the lines for OpenSSL). Each home folder has one key, made when the first report is signed.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mintcore.errors import MintError
from mintcore.home_lock import changing
from store.artefacts import Home
from store.durability import put_in_place

KEY_FILE = "signing-key.pem"
ALGORITHM = "ed25519"
_SIGNATURE = b',"signature":"'
_FRAMES: Mapping[str, tuple[bytes, bytes]] = {
    "html": (b"<!-- mint-seal ", b" -->\n"),
    "pdf": (b"%mint-seal ", b"\n"),
    "json": (b',"mint-seal":', b"}\n"),
    "signature": (b"", b"\n"),
}
"""Format -> what stands before and after the seal in the last line, so that the file stays one of its format."""


@dataclass(frozen=True)
class Seal:
    """What the seal of a file says.

    Attributes:
        subject: What the report is about.
        content: ``mintcore.reports.content.content_hash`` of the report.
        key: Public key, 32 bytes.
        signature: Ed25519, 64 bytes.
    """

    subject: str
    content: str
    key: bytes
    signature: bytes

    def signs(self, signed: bytes) -> bool:
        """Tell whether its signature is one of these bytes by its key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def signing_key(home: Home) -> Ed25519PrivateKey:
    """Read the key of a home folder; it is made, readable for its owner alone, where there is none.

    Raises:
        MintError: It cannot be read, is no Ed25519 key, or the home folder cannot be written.
    """
    file = home.path / KEY_FILE
    if not file.exists():
        with changing(home):
            if not file.exists():  # another process may have been faster
                _write_key(file, Ed25519PrivateKey.generate())
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise MintError(
            f"{file} cannot be read as the key that signs reports ({error}): restore it, or delete it to get a new one."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise MintError(f"{file} is not an Ed25519 key: delete it to get a new one.")
    return key


def public_key(home: Home) -> bytes | None:
    """Give the public key of a home folder, 32 bytes; None where nothing was signed yet.

    Raises:
        MintError: The key cannot be read, or is no Ed25519 key.
    """
    if not (home.path / KEY_FILE).exists():
        return None
    return public_raw(signing_key(home))


def public_raw(key: Ed25519PrivateKey) -> bytes:
    """Give the public half of a key, 32 bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_pem(key: Ed25519PrivateKey) -> str:
    """Give the public half of a key as other tools read it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_fingerprint(key: bytes) -> str:
    """Name a public key as people compare it: the first 16 bytes of its SHA-256, in groups of four digits."""
    digits = hashlib.sha256(key).hexdigest()[:32]
    return "-".join(digits[place : place + 4] for place in range(0, 32, 4))


def sealed(body: bytes, form: str, subject: str, content: str, key: Ed25519PrivateKey) -> bytes:
    """Seal a file.

    Args:
        body: All lines of the file but the last.
        form: "html", "pdf", "json" or, for a file beside another, "signature".
        subject: What the report is about.
        content: Hash of its content.
        key: The key of the home folder.

    Returns:
        The whole file.
    """
    before, after = _FRAMES[form]
    said = {
        "algorithm": ALGORITHM,
        "subject": subject,
        "content": content,
        "key": base64.b64encode(public_raw(key)).decode(),
    }
    # "--" would end an HTML comment, and a subject may have it: JSON can write any character as its number
    opened = json.dumps(said, separators=(",", ":")).replace("--", "-\\u002d")[:-1].encode()
    signed = _ended(body) + before + opened
    signature = base64.b64encode(key.sign(signed))
    return signed + _SIGNATURE + signature + b'"}' + after


def opened(file: bytes, form: str) -> tuple[Seal, bytes] | None:
    """Read the seal of a file.

    Args:
        file: The whole file.
        form: As in ``sealed``.

    Returns:
        The seal and the bytes that it signs; None where the file has no seal that can be read.
    """
    before, after = _FRAMES[form]
    start = file.rstrip(b"\n").rfind(b"\n") + 1
    signed, found, _ = file.rpartition(_SIGNATURE)
    if not found or not file[start:].startswith(before) or not file.endswith(b'"}' + after):
        return None
    try:
        said = json.loads(file[start + len(before) : len(file) - len(after)])
        if said["algorithm"] != ALGORITHM:
            return None
        key, signature = (_decoded(said[name]) for name in ("key", "signature"))
        return Seal(str(said["subject"]), str(said["content"]), key, signature), signed
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _decoded(text: str) -> bytes:
    """Decode what has been encoded; another text for the same bytes would be a change that goes unnoticed."""
    decoded = base64.b64decode(text, validate=True)
    if base64.b64encode(decoded).decode() != text:
        raise ValueError("not the text that these bytes are encoded as")
    return decoded


def _ended(body: bytes) -> bytes:
    return body if not body or body.endswith(b"\n") else body + b"\n"


def _write_key(file: Path, key: Ed25519PrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as output:
        output.write(pem)
    put_in_place(new, file)
