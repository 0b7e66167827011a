"""Register audited models, load them, and make their untrained twins."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.architectures import build, infer_in_channels, infer_num_classes, is_code
from mintcore.models.audited import AuditedModel, ready
from mintcore.models.norms import settle_norms
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.suggestions import suggest
from mintcore.models.tracing import trace
from mintcore.models.weights import apply_weights, load_weights
from mintcore.versions import versions
from store.artefacts import Card, Home, write_card

__all__ = [
    "AuditedModel",
    "add_model",
    "fresh_twin",
    "list_models",
    "load_model",
    "register_module",
]

WEIGHTS_FILE = "weights.safetensors"


def add_model(
    home: Home,
    name: str,
    arch: str,
    weights: Path | None,
    preprocessing: Preprocessing,
    *,
    allow_code: bool = False,
    num_classes: int | None = None,
    seed: int = 0,
) -> Card:
    """Register a model from a file of weights, or with fresh ones.

    Args:
        home: Where to publish it.
        name: The model's name.
        arch: As ``architectures.build`` takes it.
        weights: The file; None for fresh weights from ``seed``.
        preprocessing: What the model was trained to see.
        allow_code: Whether ``arch`` may be a factory; only the command line says so.
        num_classes: Width of the output; read off the weights where not given.
        seed: Seed of fresh weights.

    Returns:
        The card; the existing one where the same model was registered under this name before.

    Raises:
        MintError: Architecture, weights and preprocessing do not fit each other, or the name
            belongs to another model.
    """
    loaded = None if weights is None else load_weights(weights)
    if loaded is not None:
        _check_channels(arch, loaded, preprocessing)
        num_classes = num_classes or infer_num_classes(arch, loaded)
    channels = preprocessing.channels
    module = _build_seeded(arch, num_classes, channels, seed, allow_code=allow_code)
    if loaded is not None:
        apply_weights(module, loaded)
    made_from = {"seed": seed} if weights is None else {"weights": str(weights.absolute())}
    return _publish(home, name, arch, module, preprocessing, made_from=made_from)


def register_module(
    home: Home,
    name: str,
    arch: str,
    module: nn.Module,
    preprocessing: Preprocessing,
    **made_from: Any,
) -> Card:
    """Register a module that was trained in this process.

    Args:
        home: Where to publish it.
        name: The model's name.
        arch: The named architecture that the module is.
        module: The trained module; it is not changed.
        preprocessing: What it was trained to see.
        **made_from: Fields for the card, JSON values: how it was trained, on what.

    Returns:
        The card; the existing one where the same model was registered under this name before.

    Raises:
        MintError: The module is not of that architecture, or the name belongs to another model.
    """
    state = {key: tensor.detach().cpu() for key, tensor in module.state_dict().items()}
    classes = infer_num_classes(arch, state)
    rebuilt = _build_seeded(arch, classes, preprocessing.channels, seed=0, allow_code=False)
    apply_weights(rebuilt, state)
    return _publish(home, name, arch, rebuilt, preprocessing, **made_from)


def load_model(home: Home, name: str, device: torch.device | str = "cpu") -> AuditedModel:
    """Load a registered model onto a device.

    Raises:
        StoreError: There is no such model; near names are suggested.
        MintError: Its weights are damaged, or its factory is gone or has changed.
    """
    card = home.card("models", name)
    preprocessing = Preprocessing.from_json(card["preprocessing"])
    # A factory got into the home folder through the command line, by the hand of its user.
    module = _build_seeded(
        card["arch"], card["num_classes"], preprocessing.channels, seed=0, allow_code=True
    )
    apply_weights(module, load_weights(home.folder("models", name) / WEIGHTS_FILE))
    return AuditedModel(card, ready(module, device), preprocessing)


def fresh_twin(model: AuditedModel, seed: int) -> AuditedModel:
    """Make a model of the same architecture that was never trained, on the same device.

    Args:
        model: The audited model.
        seed: Seed of the fresh weights; the global random state is not touched.

    Returns:
        The twin, with a card and fingerprint of its own, not registered.

    Raises:
        MintError: A factory returns trained weights, so that the twin would not be fresh.
    """
    arch, classes = model.card["arch"], model.card["num_classes"]
    channels = model.preprocessing.channels
    module = _build_seeded(arch, classes, channels, seed, allow_code=True)
    if is_code(arch) and _shares_weights(module, model.module):
        raise MintError(
            f"The factory {arch} returns trained weights, so it cannot make an untrained twin: "
            "let it return fresh weights and give the trained ones with --weights."
        )
    settle_norms(module, model.preprocessing.shape, seed)
    card = {
        **model.card,
        "id": f"{model.name}-fresh-{seed}",
        "fingerprint": _fingerprint(arch, module.state_dict(), model.preprocessing),
        "made_from": {"fresh_twin_of": model.fingerprint, "seed": seed},
    }
    return AuditedModel(card, ready(module, model.device), model.preprocessing)


def list_models(home: Home) -> list[Card]:
    """Read the cards of all registered models, oldest first."""
    return home.cards("models")


def _publish(
    home: Home,
    name: str,
    arch: str,
    module: nn.Module,
    preprocessing: Preprocessing,
    **made_from: Any,
) -> Card:
    audited = ready(module, "cpu")
    calls = trace(audited, preprocessing.shape)
    weights = {key: tensor.clone().contiguous() for key, tensor in audited.state_dict().items()}
    fingerprint = _fingerprint(arch, weights, preprocessing)
    with home.publishing("models", name) as staging:
        save_file(weights, staging / WEIGHTS_FILE)
        write_card(
            staging,
            "models",
            name,
            arch=arch,
            num_classes=calls[-1].layer.shape[0],
            in_channels=preprocessing.channels,
            parameters=sum(parameter.numel() for parameter in audited.parameters()),
            preprocessing=preprocessing.to_json(),
            fingerprint=fingerprint,
            layers=[layer.to_json() for layer in suggest(audited, calls)],
            versions=versions(),
            **made_from,
        )
    card = home.card("models", name)
    if card["fingerprint"] != fingerprint:
        raise MintError(
            f"The model {name!r} exists with another architecture, other weights or another "
            "preprocessing: choose another name."
        )
    return card


def _build_seeded(
    arch: str, num_classes: int | None, in_channels: int, seed: int, *, allow_code: bool
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed GPUs too
        return build(arch, num_classes=num_classes, in_channels=in_channels, allow_code=allow_code)


def _check_channels(arch: str, weights: Mapping[str, Tensor], preprocessing: Preprocessing) -> None:
    channels = infer_in_channels(arch, weights)
    if channels is not None and channels != preprocessing.channels:
        raise MintError(
            f"The weights take {channels} channels, but {preprocessing.channels} means and "
            "standard deviations were given: give one for each channel."
        )


def _shares_weights(one: nn.Module, other: nn.Module) -> bool:
    """Tell whether any weights that start at random are equal in both."""
    others = dict(other.named_modules())
    return any(
        torch.equal(module.weight, others[name].get_parameter("weight").cpu())
        for name, module in one.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    )


def _fingerprint(arch: str, weights: Mapping[str, Tensor], preprocessing: Preprocessing) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([arch, preprocessing.to_json()], sort_keys=True).encode())
    for key in sorted(weights):
        tensor = weights[key].detach().cpu().contiguous()
        digest.update(f"\n{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
