"""Auditors beside the methods of others, on one split. Reads cards and scores alone; needs no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mintcore.arrays import parse_view
from mintcore.auditors.cards import keys_of_network
from mintcore.errors import MintError
from store.artefacts import Card, Home

SCORES_FILE = "scores.parquet"
_AUDITOR = "auditor"
_KNOWN = ("sample_id", "is_member", "part")


@dataclass(frozen=True)
class SplitScores:
    """Scores of the same held-out images by methods and auditors.

    Attributes:
        sample_ids: N ids.
        is_member: (N,) bool.
        scores: Name -> (N,) float64, all finite.
        left_out: Held-out images that something did not score.
    """

    sample_ids: pa.Array
    is_member: np.ndarray
    scores: dict[str, np.ndarray]
    left_out: int


def auditors_of_split(methods: Card, auditors: Sequence[Card]) -> list[Card]:
    """Choose the auditors that were trained and tested on the split that methods were run on.

    They are ordered by their AUC on the validation part, best first: never by what is reported.
    """
    same = [card for card in auditors if _split_of(card) == _split_of(methods)]
    return sorted(same, key=lambda card: -float(card["validation_auc"]))


def best_of_each_kind(auditors: Sequence[Card]) -> list[Card]:
    """Choose of each kind the first auditor."""
    first: dict[str, Card] = {}
    for card in auditors:
        first.setdefault(card["auditor_kind"], card)
    return list(first.values())


def auditor_line(card: Card, name: str) -> dict[str, Any]:
    """Give the line of an auditor in a table of methods, as ``mintcore.methods.figures.rows`` gives theirs."""
    keys = ("auc", "auc_ci", "low_fpr", "n_members", "n_externals")
    return {
        "method": name,
        "source": "MINT",
        **{key: card[key] for key in keys},
        "needs": "known members",
        "forward_passes": _forward_passes(card),
        "models_trained": 0,
    }


def split_scores(
    home: Home, methods: str, names: Sequence[str], auditors: Mapping[str, str]
) -> SplitScores:
    """Read what methods and auditors say of the images that all of them held out.

    Args:
        home: The home folder.
        methods: Id of the methods' artefact.
        names: Of its methods.
        auditors: Name -> id of an auditor.

    Raises:
        MintError: An auditor was trained on another split.
    """
    table = _held_out(home, "methods", methods, names)
    columns = {name: table.column(name).to_numpy() for name in names}
    for name, auditor in auditors.items():
        own = _held_out(home, "auditors", auditor, [_AUDITOR])
        columns[name] = own.column(_AUDITOR).to_numpy()[_places(table, own, auditor)]
    scored = np.isfinite(list(columns.values())).all(axis=0)
    return SplitScores(
        sample_ids=table.column("sample_id").combine_chunks().filter(pa.array(scored)),
        is_member=table.column("is_member").to_numpy()[scored],
        scores={name: values[scored] for name, values in columns.items()},
        left_out=int((~scored).sum()),
    )


def _split_of(card: Card) -> tuple[Any, ...]:
    """Give what a split hangs on: the model, the images, the seed, and the overlap that was allowed."""
    seed = card["seed"] if "seed" in card else card["request"]["seed"]
    return card["model_fingerprint"], card["made_from"], seed, card.get("overlap")


def _forward_passes(card: Card) -> int:
    """Count how often the model looks at an image: each set of queries is asked once, whatever is read of it."""
    keys = keys_of_network(card["networks"][_AUDITOR])
    views = [parse_view(key.rpartition("/")[2]) for key in keys]
    return sum(queries for queries, _ in {(view.queries, view.stressed) for view in views}) or 1


def _held_out(home: Home, kind: str, artefact_id: str, names: Sequence[str]) -> pa.Table:
    file = home.folder(kind, artefact_id) / SCORES_FILE  # type: ignore[arg-type]
    table = pq.read_table(file, columns=[*_KNOWN, *names])
    return table.filter(pc.equal(table.column("part"), "test"))


def _places(table: pa.Table, own: pa.Table, auditor: str) -> np.ndarray:
    """Find where the images of a table stand in an auditor's own, of which all are the same."""
    places = pc.index_in(table.column("sample_id"), own.column("sample_id").combine_chunks())
    same = table.num_rows == own.num_rows and not places.null_count
    if same:
        found = places.to_numpy()
        same = bool(
            (own.column("is_member").to_numpy()[found] == table["is_member"].to_numpy()).all()
        )
    if not same:
        raise MintError(
            f"Auditor {auditor!r} was tested on other images than the methods, so it cannot stand beside them: train "
            "it again, or run the methods again."
        )
    return np.asarray(found)
