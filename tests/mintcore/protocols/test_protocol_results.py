import json
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mintcore.errors import MintError
from mintcore.interval_chart import OURS, PUBLISHED, Mark, draw
from mintcore.protocols.marks import marks_of
from mintcore.protocols.reading import CHART, TABLE
from mintcore.protocols.results import results_page, shown, write_results
from mintcore.protocols.tables import AUDITOR, auditor_line, refusal, row
from store.artefacts import Home, write_card

RATES = [
    {"asked_fpr": 0.01, "tpr": 0.05, "tpr_ci": (0.03, 0.07)},
    None,  # too few externals for 0.1%
]
CARD = {
    "id": "net.output.vanilla.0",
    "model": "net",
    "made_from": {"members": {"dataset": "ins"}, "external": {"dataset": "outs"}},
    "layer": "output",
    "view": "pooled",
    "auditor_kind": "vanilla",
    "auc": 0.61,
    "auc_ci": (0.58, 0.64),
    "low_fpr": RATES,
    "best_blind": "fresh weights",
    "blind_auc": 0.5,
    "blind_auc_ci": (0.47, 0.53),
    "advantage": 0.11,
    "advantage_ci": (0.07, 0.15),
    "tier": "moderate",
    "validation_auc": 0.62,
    "n_members": 1200,
    "n_externals": 900,
    "seconds": 12.4,
}
PROTOCOL = {
    "protocol": "P4",
    "title": "The trap",
    "question": "Is it honest?",
    "definition": {"seeds": 3, "training": {"epochs": 2, "augment": "none"}},
    "sentences": ["It is."],
    "failures": [],
    "machine": {"system": "Linux x86_64", "cores": 2, "memory_gib": 24},
    "versions": {"python": "3.11"},
}


def test_line__an_auditor_reads_as_it_stands_on_its_card() -> None:
    columns, (line,) = shown([auditor_line(CARD)])
    assert line["auc"] == "0.610 [0.580, 0.640]"
    assert line["tpr_1pct"] == "0.050 [0.030, 0.070]"
    assert line["tpr_01pct"] == "not measurable"
    assert line["blind"] == "0.500 fresh weights"
    assert line["advantage"] == "+0.110 [+0.070, +0.150]"
    assert line["n"] == "1,200 + 900"
    assert "expected" not in columns  # nothing stands in it


def test_line__a_refusal_is_said_in_words() -> None:
    _, (line,) = shown([refusal("face-net", "faces", "There are no members.")])
    assert line["what"] == "no figure: There are no members."
    assert line["auc"] == ""


@pytest.fixture
def published(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    for name in ("P4-old", "P4-new"):
        with home.publishing("protocols", name) as folder:
            (folder / TABLE).write_text(json.dumps([auditor_line(CARD)]))
            (folder / CHART).write_text(f"<svg>{name}</svg>")
            write_card(folder, "protocols", name, **PROTOCOL)
        time.sleep(0.002)  # cards know the millisecond
    return home


def test_page__has_table_sentences_definition_and_machine(published: Home) -> None:
    page = results_page(published)
    assert page.count("## P4: The trap") == 1
    assert "- It is." in page
    assert "| net | outs | output, pooled, vanilla | 0.610 [0.580, 0.640] |" in page
    assert "- `training: epochs 2, augment none`" in page
    assert "Linux x86_64, 2 cores, 24 GiB; python 3.11" in page


def test_page__is_written_with_the_newest_charts_beside_it(published: Home, tmp_path: Path) -> None:
    file = write_results(published, tmp_path / "docs")
    assert "![The trap](charts/P4.svg)" in file.read_text()
    assert (tmp_path / "docs" / "charts" / "P4.svg").read_text() == "<svg>P4-new</svg>"


def test_page__no_table_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="run one, such as"):
        results_page(Home(tmp_path))


def test_chart__is_well_formed_and_shows_every_figure() -> None:
    marks = [*marks_of("a < b", [auditor_line(CARD)]), Mark("a < b", "theirs", PUBLISHED, 0.72)]
    drawn = ET.fromstring(draw(marks, "A & B"))  # noqa: S314 - our own text
    said = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert said == [
        "output, pooled, vanilla, auditor: 0.610 [0.580, 0.640]",
        "output, pooled, vanilla, best blind baseline: 0.500 [0.470, 0.530]",
        "theirs, published: 0.720",
    ]


def test_chart__an_auc_stands_where_its_value_is_on_the_axis() -> None:
    marks = [Mark("g", "one", OURS, 0.4, 0.4, 0.4), Mark("g", "two", OURS, 0.8, 0.8, 0.8)]
    svg = "{http://www.w3.org/2000/svg}"
    drawn = ET.fromstring(draw(marks, ""))  # noqa: S314 - our own text
    ticks = {text.text: float(text.get("x", "nan")) for text in drawn.iter(f"{svg}text")}
    points = [
        float(point.get("cx", "nan")) for group in drawn.iter(f"{svg}g") for point in group
        if point.tag == f"{svg}circle"
    ]  # fmt: skip
    assert points == pytest.approx([ticks["0.4"], ticks["0.8"]], abs=0.11)


def test_marks__a_refusal_is_not_drawn() -> None:
    assert marks_of("g", [refusal("net", "faces", "No.")]) == []


def test_row__what_is_not_given_is_none() -> None:
    assert row(role=AUDITOR)["auc"] is None
