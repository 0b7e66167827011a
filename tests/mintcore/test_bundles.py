import csv
import json
from pathlib import Path

import pytest

from mintcore.audit import audit_dataset
from mintcore.bundles import BundleRequest, write_bundles
from mintcore.errors import PERSON_ERRORS
from mintcore.library import audit_scores
from mintcore.progress import SilentReporter
from store.artefacts import Home

SILENT = SilentReporter()


@pytest.fixture
def audit(digits_home: Home) -> str:
    auditor = digits_home.cards("auditors")[0]["id"]
    return str(audit_dataset(digits_home, auditor, "mixed", device="cpu", reporter=SILENT)["id"])


def test_write_bundles__page_card_and_tables(digits_home: Home, audit: str, tmp_path: Path) -> None:
    request = BundleRequest((audit,), str(tmp_path / "out"))
    (bundle,) = write_bundles(digits_home, request, reporter=SILENT)
    assert {file.name for file in bundle.iterdir()} == {
        "report.html",
        "card.json",
        "scores.csv",
        "groups.csv",
    }
    assert json.loads((bundle / "card.json").read_text()) == digits_home.card("audits", audit)
    with (bundle / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = audit_scores(digits_home, audit).to_pylist()
    assert [row["sample_id"] for row in rows] == [row["sample_id"] for row in expected]
    assert [float(row["score"]) for row in rows] == pytest.approx([r["score"] for r in expected])
    assert list((tmp_path / "out").iterdir()) == [bundle]


def test_write_bundles__again_replaces_the_whole(digits_home: Home, audit: str) -> None:
    (bundle,) = write_bundles(digits_home, BundleRequest((audit,)), reporter=SILENT)
    (bundle / "of another time.txt").touch()
    assert write_bundles(digits_home, BundleRequest((audit,)), reporter=SILENT) == [bundle]
    assert bundle == digits_home.path / "reports" / audit
    assert not (bundle / "of another time.txt").exists()


def test_write_bundles__unknown_audit_and_folder_that_cannot_be_are_sentences(
    digits_home: Home, audit: str, tmp_path: Path
) -> None:
    with pytest.raises(PERSON_ERRORS, match="No audit is called 'nothing'"):
        write_bundles(digits_home, BundleRequest((audit, "nothing")), reporter=SILENT)
    assert not (digits_home.path / "reports").exists()
    (tmp_path / "file").touch()
    with pytest.raises(PERSON_ERRORS, match=r"file/.* cannot be written .*--to"):
        write_bundles(digits_home, BundleRequest((audit,), str(tmp_path / "file")), reporter=SILENT)
