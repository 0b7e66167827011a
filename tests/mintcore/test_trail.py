import json
import shutil
from pathlib import Path

import pytest

from mintcore.audit import audit_dataset
from mintcore.dependents import Artefact
from mintcore.progress import SilentReporter
from mintcore.trail import State, traced, trail_of
from store.artefacts import Card, Home


@pytest.fixture
def audited(digits_home: Home) -> Card:
    auditor = digits_home.cards("auditors")[0]["id"]
    return audit_dataset(digits_home, auditor, "mixed", device="cpu", reporter=SilentReporter())


def test_trail__leads_from_an_audit_back_to_the_images(digits_home: Home, audited: Card) -> None:
    links = trail_of(digits_home, [audited])
    assert (links[0].id, links[0].state) == (audited["id"], State.SUBJECT)
    assert {link.kind for link in links} == {"audits", "auditors", "models", "datasets", "stores"}
    assert {link.state for link in links[1:]} == {State.AS_RECORDED}
    for link in links:
        assert link.digest == digits_home.card(link.kind, link.id)["digest"]
    datasets = {link.id: link.fingerprint for link in links if link.kind == "datasets"}
    assert datasets == {
        name: digits_home.card("datasets", name)["fingerprint"]
        for name in ("mixed", "members", "external")
    }


def test_trail__tells_what_was_deleted_or_made_anew(digits_home: Home, audited: Card) -> None:
    shutil.rmtree(digits_home.folder("datasets", "members"))
    file = digits_home.folder("models", "net") / "card.json"
    card = json.loads(file.read_text())
    del card["digest"]
    file.write_text(json.dumps(card | {"parameters": 1}))
    states = {Artefact(link.kind, link.id): link.state for link in trail_of(digits_home, [audited])}
    assert states[Artefact("datasets", "members")] is State.GONE
    assert states[Artefact("models", "net")] is State.ANOTHER
    assert states[Artefact("datasets", "external")] is State.AS_RECORDED


def test_trail__cards_of_earlier_versions_recorded_nothing(
    digits_home: Home, audited: Card
) -> None:
    older = {name: value for name, value in audited.items() if name not in ("trail", "digest")}
    by_id = {link.id: link.state for link in trail_of(digits_home, [older])}
    assert by_id[audited["auditor"]] is State.UNRECORDED
    assert by_id["members"] is State.AS_RECORDED  # the auditor's card records it


def test_traced__names_what_is_there(tmp_path: Path) -> None:
    fields = {"model": "net", "members": "ins", "external": ["outs"], "auditors": [], "cells": []}
    assert traced(Home(tmp_path), "comparisons", fields) == fields | {"trail": []}
