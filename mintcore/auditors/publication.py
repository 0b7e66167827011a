"""Auditors as artefacts: written once, read back by audits and pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.torch import load_file, save_file
from torch import nn

from mintcore.arrays import parse_view
from mintcore.auditors.ensembles import Ensemble
from mintcore.auditors.evidence import AUDITOR, Evidence, Examined
from mintcore.auditors.fitting import Epoch, FitSettings
from mintcore.auditors.fusion import ALONE, Fused, Fusion
from mintcore.auditors.networks import build_network, design
from mintcore.cohorts import Cohort
from mintcore.errors import MintError
from mintcore.library import auditor_history, auditor_scores
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card
from store.layout import ArraySpec


def publish_auditor(
    home: Home,
    auditor_id: str,
    cohort: Cohort,
    fused: Mapping[str, Fused],
    *,
    settings: Mapping[str, Any],
    finding: Mapping[str, Any],
) -> None:
    """Write an auditor with its blind baselines' networks, histories and scores.

    Args:
        home: The home folder.
        auditor_id: Its id.
        cohort: The images it was trained and tested on.
        fused: "auditor" and each blind baseline.
        settings: What it was trained with, for the card.
        finding: What it reached, for the card and, alone, for ``metrics.json``.
    """
    with home.publishing("auditors", auditor_id) as folder:
        for name, result in fused.items():
            networks = nn.ModuleList([source.network for source in result.sources])
            save_file(networks.state_dict(), folder / network_file(name))
        (folder / "metrics.json").write_text(json.dumps(finding, indent=2))
        pq.write_table(_history(fused), folder / "history.parquet")
        pq.write_table(_scores(cohort, fused), folder / "scores.parquet")
        fields = {
            "made_from": cohort.made_from,
            "networks": {name: _described(result) for name, result in fused.items()},
            "versions": versions(),
            **settings,
            **finding,
        }
        write_card(folder, "auditors", auditor_id, **traced(home, "auditors", fields))


def load_networks(home: Home, card: Card, name: str) -> tuple[list[Ensemble], Fusion]:
    """Load an auditor, "auditor", or one of its blind baselines, ready to score on the CPU.

    Returns:
        The networks of each source, in the order of the card's, and how their scores make one.

    Raises:
        MintError: It was made by a version of MINT workbench whose networks were designed otherwise.
    """
    sources, fusion = sources_of(card, name)
    if not all(_of_today(source) for source in sources):
        raise MintError(
            f"Auditor {card['id']!r} was trained by MINT workbench {card['versions']['mint-workbench']}, whose "
            "networks were designed otherwise: train it again."
        )
    networks = [
        build_network(source["kind"], source_specs(source), len(seeds_of(card))).eval()
        for source in sources
    ]
    state = load_file(home.folder("auditors", card["id"]) / network_file(name))
    # earlier versions saved one bare network
    target = nn.ModuleList(networks) if "sources" in card["networks"][name] else networks[0]
    target.load_state_dict(state)
    return networks, fusion


def sources_of(card: Card, name: str) -> tuple[list[dict[str, Any]], Fusion]:
    """Say what an auditor, or one of its blind baselines, reads and how its scores make one.

    Returns:
        ``store``, ``kind``, ``arrays`` (``key`` and ``shape`` of each) and ``design`` of each source, and their fusion.
        In a card of an earlier version a source has one array.
    """
    described = card["networks"][name]
    if "sources" not in described:
        return [_with_arrays(described)], ALONE
    fusion = Fusion(**{field: tuple(values) for field, values in described["fusion"].items()})
    return [_with_arrays(source) for source in described["sources"]], fusion


def specs_of(card: Card) -> list[ArraySpec]:
    """List the arrays that an auditor reads."""
    sources, _ = sources_of(card, AUDITOR)
    return [spec for source in sources for spec in source_specs(source)]


def source_specs(source: Mapping[str, Any]) -> tuple[ArraySpec, ...]:
    """List the arrays of one source of a card."""
    return tuple(_spec(array["key"], tuple(array["shape"])) for array in source["arrays"])


def source_keys(source: Mapping[str, Any]) -> tuple[str, ...]:
    """List the keys of the arrays of one source of a card."""
    return tuple(array["key"] for array in source["arrays"])


def seeds_of(card: Card) -> list[int]:
    """List the seeds of an auditor's networks; those of an earlier version have one."""
    seeds: list[int] = card.get("seeds", [card["seed"]])
    return seeds


def find_examined(
    home: Home, evidence: Evidence, cohort: Cohort, settings: FitSettings, seeds: Sequence[int]
) -> Examined | None:
    """Find the networks that an earlier auditor of the same cohort fitted on the same evidence, with the same settings.

    Returns:
        The networks with their history; of their scores only the mean, (1, N). None where there are none.
    """
    for card in home.cards("auditors"):
        known = card["networks"].get(evidence.name, {}).get("sources")
        same = known == [_source(evidence)] and card["made_from"] == cohort.made_from
        if same and seeds_of(card) == list(seeds) and card["settings"] == asdict(settings):
            table = auditor_scores(home, card["id"])
            same_split = table.column("part").to_pylist() == [str(part) for part in cohort.part]
            if same_split and table.column("sample_id").to_pylist() == cohort.sample_ids:
                (network,), _ = load_networks(home, card, evidence.name)
                history = _known_history(home, card, evidence)
                scores = table.column(evidence.name).to_numpy()[None]
                return Examined(evidence, network, history, scores)
    return None


def network_file(name: str) -> str:
    """Name the file of an auditor's or a baseline's networks: ``model.safetensors`` is the auditor's."""
    return (
        "model.safetensors" if name == "auditor" else f"blind-{name.replace(' ', '-')}.safetensors"
    )


def _spec(key: str, shape: tuple[int, ...]) -> ArraySpec:
    layer, _, view = key.rpartition("/")
    return ArraySpec(layer, view, shape, parse_view(view).dtype)


def _described(fused: Fused) -> dict[str, Any]:
    return {
        "sources": [_source(source.evidence) for source in fused.sources],
        "fusion": asdict(fused.fusion),
        "contributions": fused.fusion.contributions(),
        "importance": dict(fused.sources[0].importance),
    }


def _source(evidence: Evidence) -> dict[str, Any]:
    return {
        "store": evidence.store.folder.name,
        "kind": evidence.kind,
        "arrays": [{"key": spec.key, "shape": list(spec.shape)} for spec in evidence.specs],
        "design": design(evidence.kind, evidence.specs),
    }


def _with_arrays(source: dict[str, Any]) -> dict[str, Any]:
    """Give a source as it is written today; earlier versions wrote its one array into it."""
    return {"arrays": [{"key": source.get("key"), "shape": source.get("shape")}], **source}


def _of_today(source: Mapping[str, Any]) -> bool:
    return bool(source.get("design") == design(source["kind"], source_specs(source)))


def _known_history(home: Home, card: Card, evidence: Evidence) -> list[Epoch]:
    rows = auditor_history(home, card["id"]).to_pylist()
    return [
        Epoch(**{key: row[key] for key in Epoch.__dataclass_fields__})
        for row in rows
        if row["network"] == evidence.label
    ]


def _history(fused: Mapping[str, Fused]) -> pa.Table:
    rows = [
        {"network": source.evidence.label, **asdict(epoch)}
        for result in fused.values()
        for source in result.sources
        for epoch in source.history
    ]
    return pa.Table.from_pylist(rows)


def _scores(cohort: Cohort, fused: Mapping[str, Fused]) -> pa.Table:
    columns: dict[str, Any] = {
        "sample_id": cohort.sample_ids,
        "is_member": cohort.is_member,
        "part": [str(part) for part in cohort.part],
    }
    return pa.table(columns | {name: result.scores for name, result in fused.items()})
