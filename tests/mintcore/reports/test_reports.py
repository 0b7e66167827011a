import json
import shlex
from pathlib import Path

import pyarrow as pa
import pytest

from mintcore.cli.program import command
from mintcore.errors import MintError
from mintcore.library import audit_groups, audit_scores
from mintcore.reports.content import Report
from mintcore.reports.subjects import report_of, spreadsheets_of
from mintcore.verdicts import MEANING, Tier
from store.artefacts import Home


def test_answer__is_one_sentence_with_the_tier(report: Report) -> None:
    assert report.answer.count(". ") == 0
    assert report.answer.endswith(".")
    assert "wording tier" in report.answer
    if report.tier is not None:
        assert report.tier in report.answer


def test_glossary__explains_every_tier(report: Report) -> None:
    assert [report.glossary[f"tier “{tier.value}”"] for tier in Tier] == list(MEANING.values())


def test_making__names_fingerprint_data_split_versions_seed_device_and_command(
    reported: Home, subjects: dict[str, str]
) -> None:
    report = report_of(reported, subjects["dataset"])
    card = reported.card("audits", subjects["dataset"])
    making = report.making
    assert making["The audited model"]["fingerprint"] == card["model_fingerprint"]
    assert making["This audit"]["device"] == "cpu"
    assert making["This audit"]["made again by"] == f"mint audit dataset {card['auditor']} mixed"
    assert f"torch {card['versions']['torch']}" in making["This audit"]["versions"]
    assert making["The auditor"]["seeds"] == "0"
    for dataset in ("members", "external"):
        fingerprint = reported.card("datasets", dataset)["fingerprint"]
        assert any(fingerprint in fact for fact in making["Its images"].values())
    assert "50% training" in making["Its images"]["split"]


@pytest.mark.parametrize("said", [("dataset", "The auditor"), ("sweep", "This sweep")])
def test_making__commands_make_the_same_again(
    reported_home: Home,
    subjects: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    said: tuple[str, str],
) -> None:
    kind, heading = said
    written = report_of(reported_home, subjects[kind]).making[heading]["made again by"]
    before = [card["id"] for card in reported_home.cards("auditors")]
    monkeypatch.setenv("MINT_HOME", str(reported_home.path))
    command()([*shlex.split(written)[1:], "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert {row["auditor"] for row in ([told] if isinstance(told, dict) else told)} <= set(before)
    assert [card["id"] for card in reported_home.cards("auditors")] == before


def test_data__is_the_card_word_for_word(reported: Home, subjects: dict[str, str]) -> None:
    card = reported.card("audits", subjects["dataset"])
    assert report_of(reported, subjects["dataset"]).data == {"audit": card}


def test_figures__are_those_of_the_card_with_their_intervals(
    reported: Home, subjects: dict[str, str]
) -> None:
    card = reported.card("audits", subjects["dataset"])
    figures = {figure.name: figure for figure in report_of(reported, subjects["dataset"]).figures}
    advantage = figures["Advantage"]
    assert (advantage.value, advantage.interval) == (card["advantage"], tuple(card["advantage_ci"]))
    low, high = card["advantage_ci"]
    assert advantage.said == f"{card['advantage']:+.3f} ({low:+.3f} to {high:+.3f})"
    assert figures["Images judged"].said == f"{card['n_audited']:,}"
    assert figures["Share of members by mixture (the headline)"].said == "not measurable"


def test_sweep__names_the_auditor_that_validation_chose(
    reported: Home, subjects: dict[str, str]
) -> None:
    cards = reported.cards("auditors")
    chosen = max(cards, key=lambda card: card["validation_auc"])
    report = report_of(reported, subjects["sweep"])
    assert f"{chosen['auditor_kind']} on {chosen['layer']}" in report.answer
    assert report.tier == chosen["tier"]
    (table,) = report.tables
    assert table.total == len(table.rows) == len(cards)


def test_sweep__auditors_of_another_model_of_the_name_are_left_out_and_counted(
    reported_home: Home, subjects: dict[str, str]
) -> None:
    old, *others = sorted(reported_home.cards("auditors"), key=lambda card: card["created"])
    file = reported_home.folder("auditors", old["id"]) / "card.json"
    changed = {**old, "model_fingerprint": "0" * 32}
    del changed["digest"]
    file.write_text(json.dumps(changed))
    report = report_of(reported_home, subjects["sweep"])
    assert report.tables[0].total == len(others)
    assert report.remarks[0].startswith("1 auditor of this experiment is left out")


def test_report_of__unknown_names_are_answered_with_near_ones(
    reported: Home, subjects: dict[str, str]
) -> None:
    with pytest.raises(MintError, match=f"Did you mean .*{subjects['dataset']}"):
        report_of(reported, subjects["dataset"][:-1] + "x")
    with pytest.raises(MintError, match="There are: "):
        report_of(reported, "../../etc/passwd")
    with pytest.raises(MintError, match="There are none yet"):
        report_of(Home(Path("nowhere")), "x")


def test_report_of__an_auditor_points_to_its_sweep(
    reported: Home, subjects: dict[str, str]
) -> None:
    auditor = reported.cards("auditors")[0]["id"]
    with pytest.raises(MintError) as caught:
        report_of(reported, auditor)
    assert str(caught.value).endswith(f"It is an auditor; its sweep is {subjects['sweep']!r}.")


def test_spreadsheets__hold_all_images_and_groups_of_an_audit(
    reported: Home, subjects: dict[str, str]
) -> None:
    tables = spreadsheets_of(reported, subjects["dataset"])
    assert tables == {
        "": audit_scores(reported, subjects["dataset"]),
        "-groups": audit_groups(reported, subjects["dataset"]),
    }


@pytest.mark.parametrize("kind", ["image", "sweep", "protocol"])
def test_spreadsheets__spread_intervals_over_columns(
    reported: Home, subjects: dict[str, str], kind: str
) -> None:
    (table,) = spreadsheets_of(reported, subjects[kind]).values()
    assert len(table) >= 1
    assert not [
        name
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
        if pa.types.is_nested(kind)
    ]
    if kind != "image":
        assert {"auc_low", "auc_high", "advantage_low"} <= set(table.column_names)


@pytest.mark.parametrize("lost", ["cliffs_delta", "low_fpr", "drift"])
def test_report_of__what_an_earlier_version_did_not_write_down_is_a_sentence(
    reported_home: Home, subjects: dict[str, str], lost: str
) -> None:
    file = reported_home.folder("audits", subjects["dataset"]) / "card.json"
    card = json.loads(file.read_text())
    file.write_text(json.dumps({name: card[name] for name in card if name not in (lost, "digest")}))
    with pytest.raises(
        MintError, match=f"did not write down '{lost}', which a report needs: make it again"
    ):
        report_of(reported_home, subjects["dataset"])
