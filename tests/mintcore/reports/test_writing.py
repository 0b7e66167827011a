import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mintcore.errors import MintError
from mintcore.library import audit_scores
from mintcore.progress import SilentReporter
from mintcore.reports.files import file_name
from mintcore.reports.signing import (
    KEY_FILE,
    key_fingerprint,
    public_key,
    public_pem,
    signing_key,
)
from mintcore.reports.verification import Integrity, Signer, Today, verify_report
from mintcore.reports.writing import ReportRequest, write_reports
from store.artefacts import Home

SILENT = SilentReporter()
ALL = ("html", "pdf", "json", "csv")


def written(home: Home, subject: str, to: Path, formats: tuple[str, ...] = ALL) -> dict[str, Path]:
    request = ReportRequest((subject,), formats, str(to))
    return {file.suffix: file for file in reversed(write_reports(home, request, reporter=SILENT))}


def test_write_reports__every_form_can_be_relied_on(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    for subject in subjects.values():
        for suffix, file in written(reported_home, subject, tmp_path / "out").items():
            if suffix == ".signature":
                continue
            found = verify_report(file, reported_home)
            assert (found.integrity, found.signer) == (Integrity.UNCHANGED, Signer.THIS_HOME)
            assert (found.subject, found.today) == (subject, Today.SAME)
            assert found.can_be_relied_on


def test_write_reports__goes_to_the_home_folder_and_replaces_what_was_there(
    reported_home: Home, subjects: dict[str, str]
) -> None:
    request = ReportRequest((subjects["dataset"],))
    (file,) = write_reports(reported_home, request, reporter=SILENT)
    before = file.read_bytes()
    file.write_bytes(b"of another time")
    assert write_reports(reported_home, request, reporter=SILENT) == [file]
    assert file.read_bytes() == before
    assert file.parent == reported_home.path / "reports"
    assert list(file.parent.iterdir()) == [file]


def test_write_reports__csv_has_every_image_and_no_formula(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    file = written(reported_home, subjects["dataset"], tmp_path, ("csv",))[".csv"]
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    expected = audit_scores(reported_home, subjects["dataset"]).to_pylist()
    assert [row["sample_id"] for row in rows] == [row["sample_id"] for row in expected]
    assert [float(row["score"]) for row in rows] == pytest.approx([r["score"] for r in expected])


def test_write_reports__nothing_is_written_where_one_name_or_form_is_unknown(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    for names, formats, said in (
        (
            (subjects["dataset"], "nothing"),
            ("html",),
            "No audit, sweep or protocol is called 'nothing'",
        ),
        ((subjects["dataset"],), ("html", "docx"), "no format 'docx' of a report: use html, pdf"),
        ((subjects["dataset"],), ("",), "no format '' of a report"),
    ):
        with pytest.raises(MintError, match=said):
            write_reports(
                reported_home, ReportRequest(names, formats, str(tmp_path / "out")), reporter=SILENT
            )
    assert not (tmp_path / "out").exists()


def test_write_reports__a_folder_that_cannot_be_is_a_sentence(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    request = ReportRequest((subjects["dataset"],), ("html",), str(tmp_path / "file"))
    with pytest.raises(
        MintError, match=r"cannot be written \(.*\): choose another folder with --to"
    ):
        write_reports(reported_home, request, reporter=SILENT)


def test_file_name__has_nothing_that_leads_elsewhere() -> None:
    assert file_name("net.in.a + b.None.8.0", "pdf") == "net.in.a-b.None.8.0.pdf"
    assert "/" not in file_name("../../x", "html")


@pytest.mark.parametrize("suffix", [".html", ".pdf", ".json", ".csv"])
def test_verify__a_changed_report_is_told(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path, suffix: str
) -> None:
    file = written(reported_home, subjects["dataset"], tmp_path)[suffix]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    found = verify_report(file, reported_home)
    assert found.integrity is Integrity.CHANGED
    assert not found.can_be_relied_on


def test_verify__a_report_without_its_seal_is_told(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    file = written(reported_home, subjects["dataset"], tmp_path)[".html"]
    file.write_text(file.read_text().rpartition("<!-- mint-seal")[0])
    assert verify_report(file, reported_home).integrity is Integrity.UNSIGNED


def test_verify__one_that_was_signed_anew_is_told_by_its_key(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    own = written(reported_home, subjects["dataset"], tmp_path / "own")[".html"]
    fingerprint = key_fingerprint(public_key(reported_home) or b"")
    forged_home = Home(tmp_path / "forged")
    shutil.copytree(reported_home.path, forged_home.path)
    (forged_home.path / KEY_FILE).unlink()
    forged = written(forged_home, subjects["dataset"], tmp_path / "out")[".html"]
    assert verify_report(forged, reported_home).signer is Signer.UNKNOWN
    assert verify_report(forged, reported_home, fingerprint).signer is Signer.OTHER
    assert not verify_report(forged, reported_home, fingerprint).can_be_relied_on
    elsewhere = verify_report(
        own, Home(tmp_path / "nowhere"), fingerprint.upper().replace("-", " ")
    )
    assert (elsewhere.signer, elsewhere.today) == (Signer.NAMED, Today.NOTHING)
    assert elsewhere.can_be_relied_on
    assert not (tmp_path / "nowhere").exists()


def test_verify__says_where_the_home_folder_tells_another_story_by_now(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    file = written(reported_home, subjects["dataset"], tmp_path)[".pdf"]
    model = reported_home.folder("models", "net") / "card.json"
    card = {
        name: value for name, value in json.loads(model.read_text()).items() if name != "digest"
    }
    model.write_text(json.dumps(card | {"parameters": 1}))
    found = verify_report(file, reported_home)
    assert (found.integrity, found.today) == (Integrity.UNCHANGED, Today.OTHER)


def test_verify__other_files_are_sentences(tmp_path: Path, reported_home: Home) -> None:
    with pytest.raises(
        MintError, match="is no report: its name must end with html, pdf, json, csv"
    ):
        verify_report(tmp_path / "x.docx", reported_home)
    with pytest.raises(MintError, match=r"cannot be read .*: give the file of a report"):
        verify_report(tmp_path / "x.html", reported_home)
    (tmp_path / "x.csv").write_text("a\n")
    with pytest.raises(MintError, match=r"x\.csv\.signature cannot be read"):
        verify_report(tmp_path / "x.csv", reported_home)
    (tmp_path / "x.pdf").mkdir()
    with pytest.raises(MintError, match="cannot be read"):
        verify_report(tmp_path / "x.pdf", reported_home)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="checks the signature with OpenSSL")
def test_seal__openssl_says_the_same_by_the_lines_of_the_page(
    reported_home: Home, subjects: dict[str, str], tmp_path: Path
) -> None:
    page = Path(__file__).parents[3] / "docs" / "reports.md"
    (lines,) = (block for block in page.read_text("utf-8").split("```") if "openssl" in block)
    report = written(reported_home, subjects["dataset"], tmp_path)[".html"]
    report.rename(tmp_path / "report.html")
    (tmp_path / "key.pem").write_text(public_pem(signing_key(reported_home)))
    asked = ["bash", "-ec", lines.removeprefix("sh\n")]
    said = subprocess.run(asked, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Verified Successfully" in said.stdout
    (tmp_path / "report.html").write_text(
        (tmp_path / "report.html").read_text().replace("AUC", "auc", 1)
    )
    assert subprocess.run(asked, cwd=tmp_path, check=False, capture_output=True).returncode != 0
