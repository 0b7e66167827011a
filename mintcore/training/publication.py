"""Publish a trained model, with its ledger, its history and, of a face model, its head."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.torch import save_file

from mintcore.datasets.ledger import LEDGER_FILE
from mintcore.models.publication import Description, publish
from mintcore.training.course import Course
from mintcore.training.examples import Examples
from mintcore.training.ledger import write_ledger
from mintcore.training.requests import TrainingRequest
from store.artefacts import Card, Home
from store.digests import digest_file

HISTORY_FILE = "history.parquet"
HEAD_FILE = "head.safetensors"


def publish_trained(
    home: Home,
    request: TrainingRequest,
    examples: Examples,
    course: Course,
    *,
    folder: Path,
    trained_on: Mapping[str, Any],
) -> Card:
    """Publish a trained model.

    The head of a face model is written beside it: it is no part of the audited model, nor of its
    fingerprint.

    Args:
        home: The home folder.
        request: Which model was asked for.
        examples: What it learned from, wrong labels included.
        course: The training, at its end.
        folder: Where files may be written before they go into the model's folder.
        trained_on: For the card; the ledger's digest is added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / LEDGER_FILE
    write_ledger(
        ledger,
        examples.sample_ids,
        course.times_seen.numpy(),
        examples.classes,
        examples.class_names,
    )
    is_classifier = request.settings.head is None
    return publish(
        home,
        request.name,
        course.network,
        Description(
            request.arch,
            request.preprocessing,
            "classifier" if is_classifier else "embedding",
            examples.class_names if is_classifier else None,
            autocast=request.autocast,
        ),
        [ledger, _write_history(folder, course), *_write_head(folder, course, examples)],
        trained_on={**trained_on, "ledger": digest_file(ledger)},
    )


def _write_history(folder: Path, course: Course) -> Path:
    file = folder / HISTORY_FILE
    pq.write_table(pa.Table.from_pylist([asdict(epoch) for epoch in course.history]), file)
    return file


def _write_head(folder: Path, course: Course, examples: Examples) -> Sequence[Path]:
    weights = {name: tensor.cpu() for name, tensor in course.head.state_dict().items()}
    if not weights:
        return []
    file = folder / HEAD_FILE
    save_file(weights, file, metadata={"identities": json.dumps(examples.class_names)})
    return [file]
