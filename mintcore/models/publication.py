"""Publish an audited model: its weights, what identifies it, and a card that says what it is."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.audited import ready
from mintcore.models.heads import Head, head_of
from mintcore.models.precision import Autocast
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.suggestions import suggest
from mintcore.models.tracing import trace
from mintcore.trail import traced
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card

WEIGHTS_FILE = "weights.safetensors"
PROGRAM_FILE = "program.json"


@dataclass(frozen=True)
class Description:
    """What is said of a model beside its weights.

    Args:
        arch: As the user named it.
        preprocessing: What the model was trained to see.
        head: Whether it gives logits of classes or an embedding.
        classes: Names of the classes in the order of the output, where they are known.
        program: The graph of a ``torch.export`` program, where that is the architecture.
        autocast: The lower precision in which the model runs.
    """

    arch: str
    preprocessing: Preprocessing
    head: Head
    classes: Sequence[str] | None = None
    program: bytes | None = None
    autocast: Autocast | None = None


def publish(
    home: Home,
    name: str,
    module: nn.Module,
    description: Description,
    files: Sequence[Path] = (),
    **made_from: Any,
) -> Card:
    """Publish a module, which is made ready for audits.

    Args:
        home: Where to publish it.
        name: The model's name.
        module: The module.
        description: What is said of it.
        files: Further files, which are moved into its folder.
        **made_from: Fields for the card, JSON values.

    Returns:
        The card; the existing one where the same model was published under this name before.

    Raises:
        MintError: The module fails on its input, the classes do not fit its output, or the name
            belongs to another model.
    """
    audited = ready(module, "cpu")
    calls = trace(audited, description.preprocessing.shape)
    outputs = calls[-1].layer.shape[0]
    _check_classes(description, outputs)
    weights = {key: tensor.clone().contiguous() for key, tensor in audited.state_dict().items()}
    identity = fingerprint(description, weights)
    with home.publishing("models", name) as staging:
        save_file(weights, staging / WEIGHTS_FILE)
        _write_program(staging, description.program)
        for file in files:
            shutil.move(file, staging / file.name)
        fields = {
            **_said(description, outputs),
            "parameters": sum(parameter.numel() for parameter in audited.parameters()),
            "fingerprint": identity,
            "layers": [layer.to_json() for layer in suggest(audited, calls)],
            "versions": versions(),
            **made_from,
        }
        write_card(staging, "models", name, **traced(home, "models", fields))
    card = home.card("models", name)
    _check_same(card, description, identity)
    return card


def fingerprint(description: Description, weights: Mapping[str, Tensor]) -> str:
    """Identify a model: BLAKE2b-128 over architecture, weights, preprocessing and precision."""
    program = description.program
    arch = description.arch if program is None else f"program {_digest(program)}"
    digest = hashlib.blake2b(digest_size=16)
    said = [arch, description.preprocessing.to_json()]
    if description.autocast is not None:
        said.append(description.autocast)
    digest.update(json.dumps(said, sort_keys=True).encode())
    for key in sorted(weights):
        tensor = weights[key].detach().cpu().contiguous()
        digest.update(f"\n{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _said(description: Description, outputs: int) -> dict[str, Any]:
    """Give the fields of the card that describe a model with so many outputs."""
    is_classifier = description.head == "classifier"
    classes = description.classes
    fields: dict[str, Any] = {
        "arch": description.arch,
        "head": description.head,
        "num_classes": outputs if is_classifier else None,
        "embedding_size": None if is_classifier else outputs,
        "classes": None if classes is None else list(classes),
        "in_channels": description.preprocessing.channels,
        "preprocessing": description.preprocessing.to_json(),
        "autocast": description.autocast,
    }
    if description.program is not None:
        fields["program"] = _digest(description.program)
    return fields


def _check_classes(description: Description, outputs: int) -> None:
    classes = description.classes
    if classes is None:
        return
    if description.head != "classifier":
        raise MintError("A model that gives an embedding has no classes: leave out --classes.")
    if len(classes) != outputs:
        raise MintError(
            f"{len(classes)} classes were named, but the model has {outputs} outputs: name one for "
            "each, in the order of the outputs."
        )
    if len(set(classes)) != len(classes):
        twice = next(name for name in classes if list(classes).count(name) > 1)
        raise MintError(f"The class {twice!r} is named twice: give every output its own name.")


def _check_same(card: Card, description: Description, identity: str) -> None:
    """Check that a name is not taken by another model, or by this one under another description."""
    if card["fingerprint"] != identity:
        raise MintError(
            f"The model {card['id']!r} exists with another architecture, other weights or another "
            "preprocessing: choose another name."
        )
    told = head_of(card), card.get("classes")  # earlier versions knew no names of classes
    classes = told[1] if description.classes is None else list(description.classes)
    if told != (description.head, classes):
        raise MintError(
            f"The model {card['id']!r} exists with another head or other names of its classes, and a "
            "card is never changed: choose another name."
        )


def _write_program(staging: Path, program: bytes | None) -> None:
    if program is not None:
        (staging / PROGRAM_FILE).write_bytes(program)


def _digest(program: bytes) -> str:
    return hashlib.blake2b(program, digest_size=16).hexdigest()
