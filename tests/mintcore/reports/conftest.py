"""A home folder with something of each kind to report on."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mintcore.audit import audit_dataset
from mintcore.datasets.reading import read_pixels, samples
from mintcore.image_audit import audit_images, load_image_auditor, publish_image_audit
from mintcore.library import experiment_key
from mintcore.progress import SilentReporter
from mintcore.protocols.reading import CHART, TABLE
from mintcore.protocols.tables import auditor_line
from mintcore.reports.content import Report
from mintcore.reports.subjects import report_of
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Home, write_card

KINDS = ("dataset", "image", "sweep", "protocol")
IMAGE_NAME = "<script>alert(1)</script> & 'photo'.png"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(2)</script></svg>'


@pytest.fixture(scope="session")
def reported(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Audits of a dataset and of an image, a sweep, and a protocol. Not to be written to."""
    home = Home(tmp_path_factory.mktemp("reported") / "home")
    shutil.copytree(prepared, home.path)
    auditor = home.cards("auditors")[0]
    audit_dataset(home, auditor["id"], "mixed", device="cpu", reporter=SilentReporter())
    loaded = load_image_auditor(home, auditor["id"], device="cpu")
    pixels = read_pixels(samples(home, "mixed", limit=1).column("uri")[0].as_py())
    (finding,) = audit_images(loaded, [(IMAGE_NAME, pixels)])
    publish_image_audit(home, loaded, finding)
    _publish_protocol(home)
    return home


@pytest.fixture
def reported_home(reported: Home, tmp_path: Path) -> Home:
    """The same, to change things in."""
    shutil.copytree(reported.path, tmp_path / "reported")
    return Home(tmp_path / "reported")


@pytest.fixture(scope="session")
def subjects(reported: Home) -> dict[str, str]:
    """Kind of report -> what it is about."""
    audits = {card["audit_kind"]: card["id"] for card in reported.cards("audits")}
    return {
        "dataset": audits["dataset"],
        "image": audits["image"],
        "sweep": experiment_key(reported.cards("auditors")[0]),
        "protocol": "P0-0123456789",
    }


@pytest.fixture(params=KINDS)
def report(reported: Home, subjects: dict[str, str], request: Any) -> Report:
    return report_of(reported, subjects[request.param])


def _publish_protocol(home: Home) -> None:
    rows = [auditor_line(card) for card in home.cards("auditors")]
    fields = {
        "protocol": "P0",
        "title": "A <small> one",
        "question": "Does it report?",
        "definition": {"epochs": 2},
        "made_from": [row["artefact"] for row in rows],
        "sentences": ["It does."],
        "failures": [],
        "machine": {"system": "Linux", "cores": 2, "memory_gib": 24},
        "versions": versions(),
    }
    with home.publishing("protocols", "P0-0123456789") as folder:
        (folder / TABLE).write_text(json.dumps(rows))
        (folder / CHART).write_text(SVG)
        write_card(folder, "protocols", "P0-0123456789", **traced(home, "protocols", fields))
