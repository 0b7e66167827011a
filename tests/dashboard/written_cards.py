"""Cards written by hand, for pages that show what the engine would take long to make."""

import json
from pathlib import Path
from typing import Any

CELL: dict[str, Any] = {
    "auc": 0.74,
    "auc_ci": [0.70, 0.78],
    "blind_auc": 0.51,
    "blind_auc_ci": [0.47, 0.55],
    "best_blind": "raw pixels",
    "advantage": 0.23,
    "advantage_ci": [0.18, 0.28],
    "accuracy": 0.68,
    "accuracy_ci": [0.64, 0.72],
    "tier": "strong",
    "n_members": 200,
    "n_externals": 100,
}
"""What a comparison found of a pair of databases where membership is shown."""


def publish(home: Path, kind: str, name: str, **card: Any) -> Path:
    """Write an artefact with nothing but its card, as one of an earlier version that had no digest."""
    folder = home / kind / name
    folder.mkdir(parents=True)
    described = {"format": 1, "kind": kind, "id": name, "created": "2026-01-01T00:00:00+00:00"}
    (folder / "card.json").write_text(json.dumps(described | card))
    return folder
