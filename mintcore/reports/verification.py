"""Whether a report is as it was signed, by whom, and whether the home folder still says the same."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mintcore.errors import PERSON_ERRORS, MintError
from mintcore.reports.files import CSV
from mintcore.reports.formats import FORMATS
from mintcore.reports.signing import key_fingerprint, opened, public_key
from mintcore.reports.subjects import report_of
from mintcore.reports.writing import SIGNATURE
from store.artefacts import Home

MOST_BYTES = 2**30


class Integrity(StrEnum):
    """Whether a file is as it was signed."""

    UNCHANGED = "unchanged since it was signed"
    CHANGED = "changed since it was signed: do not rely on it"
    UNSIGNED = "not signed, or its seal was taken away: do not rely on it"


class Signer(StrEnum):
    """Whose key signed a file."""

    THIS_HOME = "the key of this home folder"
    NAMED = "the key that was named"
    OTHER = "another key than the one that was named: do not rely on it"
    UNKNOWN = "a key that is not known here: compare it with what the sender tells you, and name it with --key"


class Today(StrEnum):
    """What the home folder says of the subject of a report by now."""

    SAME = "this home folder says the same"
    OTHER = "this home folder says something else: an artefact or the program is another one by now"
    NOTHING = "this home folder does not have what it is about"


@dataclass(frozen=True)
class Verification:
    """What was found of a report.

    Attributes:
        file: Which.
        integrity: Whether it is as it was signed.
        signer: Whose key it is; None for a file that is not as it was signed.
        key: Fingerprint of the key; None likewise.
        subject: What it is about; None likewise.
        content: Hash of its content; None likewise.
        today: What the home folder says by now; None likewise.
    """

    file: str
    integrity: Integrity
    signer: Signer | None = None
    key: str | None = None
    subject: str | None = None
    content: str | None = None
    today: Today | None = None

    @property
    def can_be_relied_on(self) -> bool:
        """Whether it is as it was signed, by a key that is known."""
        return self.integrity is Integrity.UNCHANGED and self.signer in (
            Signer.THIS_HOME,
            Signer.NAMED,
        )


def verify_report(file: Path, home: Home, key: str | None = None) -> Verification:
    """Check a report.

    Args:
        file: An HTML, PDF, JSON or CSV file; a CSV file has its seal beside it, in FILE.signature.
        home: The home folder whose key may have signed it; it need not exist.
        key: Fingerprint of the key that must have signed it; None for the home folder's.

    Raises:
        MintError: The file cannot be read, or is of no format of a report.
    """
    form = file.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise MintError(f"{file} is no report: its name must end with {', '.join(FORMATS)}.")
    whole = _bytes_of(file)
    if form == CSV:
        whole += _bytes_of(file.with_name(f"{file.name}.{SIGNATURE}"))
    found = opened(whole, SIGNATURE if form == CSV else form)
    if found is None:
        return Verification(str(file), Integrity.UNSIGNED)
    seal, signed = found
    if not seal.signs(signed):
        return Verification(str(file), Integrity.CHANGED)
    fingerprint = key_fingerprint(seal.key)
    return Verification(
        file=str(file),
        integrity=Integrity.UNCHANGED,
        signer=_signer(home, seal.key, key),
        key=fingerprint,
        subject=seal.subject,
        content=seal.content,
        today=_today(home, seal.subject, seal.content),
    )


def _signer(home: Home, signed_by: bytes, named: str | None) -> Signer:
    if named is not None:
        same = _digits(named) == _digits(key_fingerprint(signed_by))
        return Signer.NAMED if same else Signer.OTHER
    return Signer.THIS_HOME if public_key(home) == signed_by else Signer.UNKNOWN


def _digits(fingerprint: str) -> str:
    return fingerprint.replace("-", "").replace(" ", "").lower()


def _today(home: Home, subject: str, content: str) -> Today:
    try:
        report = report_of(home, subject)
    except PERSON_ERRORS:
        return Today.NOTHING
    return Today.SAME if report.content_hash == content else Today.OTHER


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as handle:
            content = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise MintError(
            f"{file} cannot be read ({error.strerror}): give the file of a report."
        ) from error
    if len(content) > MOST_BYTES:
        raise MintError(f"{file} is larger than {MOST_BYTES:,} bytes: no report is.")
    return content
