"""What is in a home folder, as tables: for pages and commands. Reads cards and small files; never imports torch."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mintcore.auditors import SINGLE_KINDS
from mintcore.auditors.cards import keys_of_source, sources_of_network
from mintcore.datasets.names import parts_of
from mintcore.models.heads import CLASSIFIER, head_of
from mintcore.models.layers import INPUT, MAP, OUTPUT, POOLED, SIGNALS_VIEW, Layer, view_shape
from mintcore.settings import DEFAULT_HOME, HOME_VARIABLE
from store import artefacts
from store.artefacts import Card, Home
from store.feature_store import open_store

Kind = artefacts.Kind
"""Pages name the kinds of artefact, too."""

_AUDITOR_FIGURES = (
    "layer",
    "auc",
    "auc_ci",
    "accuracy",
    "accuracy_ci",
    "blind_auc",
    "blind_auc_ci",
    "best_blind",
    "advantage",
    "advantage_ci",
    "tier",
    "n_members",
    "n_externals",
)


def home_of_environment() -> Home:
    """Give the home folder that ``MINT_HOME`` names, or ``./mint-home``."""
    return Home(Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME)))


def artefact_versions(home: Home, kind: Kind) -> dict[str, int]:
    """List the artefacts of a kind with the time each was published, nanoseconds: the key of a cache.

    An artefact never changes, but its folder can be deleted and another be published under its name.
    """
    try:
        names = sorted(os.listdir(home.path / kind))
    except FileNotFoundError:
        return {}
    shown = (name for name in names if not name.startswith("."))
    versions = ((name, _published(home.path / kind / name)) for name in shown)
    return {name: version for name, version in versions if version}


def artefact_version(home: Home, kind: Kind, artefact_id: str) -> int:
    """Give the time an artefact was published, nanoseconds; 0 where there is none.

    Raises:
        StoreError: The id is not one that an artefact can have.
    """
    return _published(home.folder(kind, artefact_id))


def _published(folder: Path) -> int:
    try:
        return os.stat(folder / "card.json").st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return 0


def auditor_row(card: Card) -> dict[str, Any]:
    """Give the line of an auditor in a table that compares layers."""
    return {
        "auditor": card["id"],
        "sweep": experiment_key(card),
        "model": card["model"],
        "members": card["made_from"]["members"]["dataset"],
        "external": card["made_from"]["external"]["dataset"],
        "kind": card["auditor_kind"],
        "seed": card["seed"],
        "seeds": len(card.get("seeds", [card["seed"]])),  # earlier versions had one
        "view": card["view"],
        **{key: card[key] for key in _AUDITOR_FIGURES},
    }


def auditor_rows(home: Home) -> list[dict[str, Any]]:
    """List the auditors, oldest first, one line each."""
    return [auditor_row(card) for card in home.cards("auditors")]


def external_datasets(auditor: Card) -> list[str]:
    """List the datasets whose externals an auditor was trained and tested against."""
    return [part["dataset"] for part in parts_of(auditor["made_from"]["external"])]


def experiment_of(auditor: Card) -> dict[str, Any]:
    """Say which experiment an auditor belongs to: all that is the same across its layers and kinds."""
    return {
        "model": auditor["model"],
        "members": auditor["made_from"]["members"]["dataset"],
        "external": auditor["made_from"]["external"]["dataset"],
        "reference": auditor["reference"],
        "map_side": auditor["map_side"],
        "seed": auditor["seed"],
    }


def experiment_key(auditor: Card) -> str:
    """Give a short name of an auditor's experiment that fits into a URL."""
    return ".".join(str(value) for value in experiment_of(auditor).values())


def experiments(auditors: Sequence[Card]) -> dict[str, dict[str, Any]]:
    """List the experiments by their short names, those with the most auditors first."""
    counts = Counter(experiment_key(card) for card in auditors)
    described = {experiment_key(card): experiment_of(card) for card in auditors}
    return {key: described[key] for key, _ in counts.most_common()}


def auditors_of(
    auditors: Sequence[Card], experiment: Mapping[str, Any], layers: Sequence[str]
) -> list[Card]:
    """Pick the auditors of one experiment that read a layer as their kind usually does, with the usual settings.

    They come in the order of the layers; of two for the same, the newer.
    """
    found = {
        (card["layer"], card["auditor_kind"]): card
        for card in _oldest_first(auditors)
        if experiment_of(card) == experiment and card["layer"] in layers and _is_usual(card)
    }
    return sorted(
        found.values(), key=lambda card: (layers.index(card["layer"]), card["auditor_kind"])
    )


def further_auditors_of(auditors: Sequence[Card], experiment: Mapping[str, Any]) -> list[Card]:
    """Pick the other auditors of one experiment, newest first: of other views, of several sources, tuned."""
    of_experiment = [card for card in auditors if experiment_of(card) == experiment]
    return [card for card in reversed(_oldest_first(of_experiment)) if not _is_usual(card)]


def contributions(auditor: Card) -> list[tuple[str, float]]:
    """List what an auditor of several sources leans on, the most first; nothing where it reads one.

    Returns:
        The name of each source with its share of a fusion's weight, or each view with the AUC that a joint network
        loses without it.
    """
    described = auditor["networks"]["auditor"]
    sources = sources_of_network(described)
    if described.get("importance"):
        found = dict(described["importance"])
    elif len(sources) > 1:
        firsts = (keys_of_source(source)[0] for source in sources)
        found = dict(zip(firsts, described["contributions"], strict=True))
    else:
        found = {}
    return sorted(found.items(), key=lambda each: -each[1])


def _oldest_first(cards: Sequence[Card]) -> list[Card]:
    return sorted(cards, key=lambda card: str(card["created"]))


def _is_usual(card: Card) -> bool:
    """Tell whether an auditor can be compared with those of other layers: with its kind's usual view and settings."""
    searched = card.get("search")  # earlier versions searched nothing
    return not searched and card["view"] in (POOLED, f"{MAP}{card['map_side']}")


def datasets_with(datasets: Sequence[Mapping[str, Any]], membership: str) -> list[str]:
    """List the names of datasets that have images of a membership, those with the most of them first."""
    counts = {card["id"]: card["counts"]["membership"].get(membership, 0) for card in datasets}
    return sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])


def layer_names(model: Card) -> list[str]:
    """List the layers of a model that an auditor can be trained for, from input to output."""
    return [layer["name"] for layer in model["layers"] if layer["name"] != INPUT]


def has_map(model: Card, layer: str) -> bool:
    """Tell whether a layer can be kept as a map, which a CNN auditor needs."""
    known = {found["name"]: Layer.from_json(found) for found in model["layers"]}
    return layer in known and view_shape(known[layer], MAP, None) is not None


def has_signals(model: Card, layer: str) -> bool:
    """Tell whether a layer's signals can be kept, which an auditor of queries needs: those of a classifier's output."""
    return layer == OUTPUT and head_of(model) == CLASSIFIER


def model_origin(model: Mapping[str, Any]) -> str | None:
    """Say where the weights of a model come from; None where its card does not."""
    if "trained_on" in model:
        return f"training on {', '.join(model['trained_on']['datasets'])}"
    made_from = model.get("made_from", {})
    if "seed" in made_from:
        return f"fresh weights, seed {made_from['seed']}"
    file: str | None = made_from.get("weights") or made_from.get("program")
    return file


_HAS_VIEW = {MAP: has_map, SIGNALS_VIEW: has_signals}
READABLE: Mapping[str, Callable[[Card, str], bool]] = {
    kind: _HAS_VIEW[each.view] for kind, each in SINGLE_KINDS.items() if each.view in _HAS_VIEW
}
"""Kind of auditor -> whether it can read a layer of a model, by its card; all other kinds read any layer."""


def store_infos(home: Home) -> list[dict[str, Any]]:
    """Say what each feature store holds: images, layers, bytes."""
    return [store_info(home, card["id"]) for card in home.cards("stores")]


def store_info(home: Home, store: str) -> dict[str, Any]:
    """Say what a feature store holds: images, layers, bytes."""
    return open_store(home.folder("stores", store)).info()


def store_versions(home: Home) -> dict[str, tuple[int, int]]:
    """List the stores with what changes by every commit, seal and removal in each: the key of a cache."""
    names = artefact_versions(home, "stores")
    return {name: store_version(home, name) for name in names}


def store_version(home: Home, store: str) -> tuple[int, int]:
    """Give the last change of the folders that tell what is committed, nanoseconds, and how many files are in them.

    Both are 0 where there is no such store.
    """
    folder = home.folder("stores", store)
    folders = list(filter(Path.is_dir, (folder, folder / "index", folder / "activations.zarr")))
    changed = max((each.stat().st_mtime_ns for each in folders), default=0)
    return changed, sum(len(os.listdir(each)) for each in folders)  # the clock can stand still


def auditor_history(home: Home, auditor: str) -> pa.Table:
    """Read the training of an auditor: network, epoch, train_loss, validation_loss, validation_auc."""
    return pq.read_table(home.folder("auditors", auditor) / "history.parquet")


def auditor_scores(home: Home, auditor: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the scores of an auditor's cohort: sample_id, is_member, part, and a column for each network.

    Args:
        home: The home folder.
        auditor: Its id.
        columns: Only these; None for all.
    """
    file = home.folder("auditors", auditor) / "scores.parquet"
    return pq.read_table(file, columns=None if columns is None else list(columns))


def audit_scores(home: Home, audit: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the images of a dataset audit, best first: sample_id, uri, label, score, p_value, q_value.

    Args:
        home: The home folder.
        audit: Its id.
        columns: Only these, as far as the audit has them; None for all.
    """
    file = home.folder("audits", audit) / "scores.parquet"
    if columns is None:
        return pq.read_table(file)
    there = set(pq.read_schema(file).names)  # earlier versions kept fewer
    return pq.read_table(file, columns=[column for column in columns if column in there])


def audit_groups(home: Home, audit: str) -> pa.Table:
    """Read the labels and identities of a dataset audit, lowest p-value first; earlier versions kept none."""
    file = home.folder("audits", audit) / "groups.parquet"
    return pq.read_table(file) if file.exists() else pa.table({})


def audit_compared(home: Home, audit: str) -> pa.Table:
    """Read the held-out images that a dataset audit was compared with: sample_id, is_member, score."""
    return pq.read_table(home.folder("audits", audit) / "compared.parquet")
