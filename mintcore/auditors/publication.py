"""Auditors as artefacts: written once, read back by audits and pages."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.torch import load_file, save_file
from torch import nn

from mintcore.auditors.evidence import Evidence, Examined
from mintcore.auditors.fitting import Epoch, FitSettings
from mintcore.auditors.networks import build_network, design
from mintcore.cohorts import Cohort
from mintcore.errors import MintError
from mintcore.library import auditor_history, auditor_scores
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card


def publish_auditor(
    home: Home,
    auditor_id: str,
    cohort: Cohort,
    examined: Mapping[str, Examined],
    *,
    settings: Mapping[str, Any],
    finding: Mapping[str, Any],
) -> None:
    """Write an auditor with its blind baselines' networks, histories and scores.

    Args:
        home: The home folder.
        auditor_id: Its id.
        cohort: The images it was trained and tested on.
        examined: "auditor" and each blind baseline.
        settings: What it was trained with, for the card.
        finding: What it reached, for the card and, alone, for ``metrics.json``.
    """
    with home.publishing("auditors", auditor_id) as folder:
        for name, result in examined.items():
            save_file(result.network.state_dict(), folder / network_file(name))
        (folder / "metrics.json").write_text(json.dumps(finding, indent=2))
        pq.write_table(_history(examined), folder / "history.parquet")
        pq.write_table(_scores(cohort, examined), folder / "scores.parquet")
        networks = {name: _described(result.evidence) for name, result in examined.items()}
        write_card(
            folder,
            "auditors",
            auditor_id,
            made_from=cohort.made_from,
            networks=networks,
            versions=versions(),
            **settings,
            **finding,
        )


def load_network(home: Home, card: Card, name: str) -> nn.Module:
    """Load one network of an auditor, "auditor" or a blind baseline, ready to score on the CPU.

    Raises:
        MintError: It was made by a version of MINT workbench whose networks were designed otherwise.
    """
    described = card["networks"][name]
    kind, shape = described["kind"], tuple(described["shape"])
    if described.get("design") != design(kind, shape):
        raise MintError(
            f"Auditor {card['id']!r} was trained by MINT workbench {card['versions']['mint-workbench']}, whose "
            f"{kind} network was designed otherwise: train it again."
        )
    network = build_network(kind, shape, 1)
    network.load_state_dict(load_file(home.folder("auditors", card["id"]) / network_file(name)))
    return network.eval()


def find_examined(
    home: Home, evidence: Evidence, cohort: Cohort, settings: FitSettings, seed: int
) -> Examined | None:
    """Find a network that an earlier auditor of the same cohort fitted on the same evidence, with the same settings.

    Returns:
        The network with its history and scores; None where there is none.
    """
    for card in home.cards("auditors"):
        known = card["networks"].get(evidence.name)
        same = known == _described(evidence) and card["made_from"] == cohort.made_from
        if same and card["seed"] == seed and card["settings"] == asdict(settings):
            table = auditor_scores(home, card["id"])
            same_split = table.column("part").to_pylist() == [str(part) for part in cohort.part]
            if same_split and table.column("sample_id").to_pylist() == cohort.sample_ids:
                return Examined(
                    evidence,
                    load_network(home, card, evidence.name),
                    _known_history(home, card, evidence.name),
                    table.column(evidence.name).to_numpy(),
                )
    return None


def network_file(name: str) -> str:
    """Name the file of a network: ``model.safetensors`` is the auditor's."""
    return (
        "model.safetensors" if name == "auditor" else f"blind-{name.replace(' ', '-')}.safetensors"
    )


def _described(evidence: Evidence) -> dict[str, Any]:
    return {
        "store": evidence.store.folder.name,
        "key": evidence.key,
        "kind": evidence.kind,
        "shape": list(evidence.shape),
        "design": design(evidence.kind, evidence.shape),
    }


def _known_history(home: Home, card: Card, name: str) -> list[Epoch]:
    rows = auditor_history(home, card["id"]).to_pylist()
    return [
        Epoch(**{key: row[key] for key in Epoch.__dataclass_fields__ if key in row})
        for row in rows
        if row["network"] == name
    ]


def _history(examined: Mapping[str, Examined]) -> pa.Table:
    rows = [
        {"network": name, **asdict(epoch)}
        for name, result in examined.items()
        for epoch in result.history
    ]
    return pa.Table.from_pylist(rows)


def _scores(cohort: Cohort, examined: Mapping[str, Examined]) -> pa.Table:
    columns: dict[str, np.ndarray | list[str]] = {
        "sample_id": cohort.sample_ids,
        "is_member": cohort.is_member,
        "part": [str(part) for part in cohort.part],
    }
    return pa.table(columns | {name: result.scores for name, result in examined.items()})
