"""Register audited models, load them, and make their untrained twins."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.memory import keep_memory
from mintcore.models.architectures import (
    EXPORT,
    build,
    fitting_size,
    head_of,
    infer_in_channels,
    infer_num_classes,
    is_code,
)
from mintcore.models.audited import AuditedModel, ready
from mintcore.models.heads import Head
from mintcore.models.norms import settle_norms
from mintcore.models.precision import Autocast
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.programs.archive import read_archive
from mintcore.models.programs.fresh import fresh_copy
from mintcore.models.programs.module import ProgramModule
from mintcore.models.programs.reading import read_program
from mintcore.models.publication import (
    PROGRAM_FILE,
    WEIGHTS_FILE,
    Description,
    fingerprint,
    publish,
)
from mintcore.models.twins import model_of_twin, twin_name
from mintcore.models.weights import apply_weights, load_weights, read_safetensors
from store.artefacts import Card, Home

__all__ = [
    "AuditedModel",
    "add_model",
    "fresh_twin",
    "list_models",
    "load_model",
    "register_module",
]


def add_model(
    home: Home,
    name: str,
    arch: str,
    weights: Path | None,
    preprocessing: Preprocessing,
    *,
    allow_code: bool = False,
    num_classes: int | None = None,
    head: Head | None = None,
    classes: Sequence[str] | None = None,
    autocast: Autocast | None = None,
    seed: int = 0,
    origin: str | None = None,
) -> Card:
    """Register a model from a file of weights, with fresh ones, or from a program with its weights.

    Args:
        home: Where to publish it.
        name: The model's name.
        arch: As ``architectures.build`` takes it, or ``export:FILE.pt2`` for a program.
        weights: The file; None for fresh weights from ``seed``, and for a program.
        preprocessing: What the model was trained to see.
        allow_code: Whether ``arch`` may be a factory; only the command line says so.
        num_classes: Width of the output; read off the weights where not given.
        head: What the output is; by default what the architecture is made for.
        classes: Names of the classes, in the order of the output.
        autocast: The lower precision in which it is to run; None for that of its weights.
        seed: Seed of fresh weights.
        origin: Where weights or program come from, for the card; by default the path of their file.

    Returns:
        The card; the existing one where the same model was registered under this name before.

    Raises:
        MintError: Architecture, weights, preprocessing and classes do not fit each other, or the
            name belongs to another model.
    """
    described = Description(arch, preprocessing, head or head_of(arch), classes, autocast=autocast)
    if num_classes is not None and (is_code(arch) or arch.partition(":")[0] == EXPORT):
        raise MintError(f"{arch} decides its number of classes itself: leave out --num-classes.")
    if arch.partition(":")[0] == EXPORT:
        if weights is not None:
            raise MintError(f"{arch} holds its weights already: leave out --weights.")
        return _add_program(home, name, Path(arch.partition(":")[2]), described, origin)
    loaded = None if weights is None else load_weights(weights)
    if loaded is not None:
        _check_input(arch, loaded, preprocessing)
        num_classes = infer_num_classes(arch, loaded) if num_classes is None else num_classes
    module = _build_seeded(arch, num_classes, preprocessing, seed, allow_code=allow_code)
    if loaded is not None:
        apply_weights(module, loaded)
    made_from = (
        {"seed": seed} if weights is None else {"weights": origin or str(weights.absolute())}
    )
    return publish(home, name, module, described, made_from=made_from)


def register_module(
    home: Home,
    name: str,
    arch: str,
    module: nn.Module,
    preprocessing: Preprocessing,
    *,
    head: Head | None = None,
    classes: Sequence[str] | None = None,
    **made_from: Any,
) -> Card:
    """Register a module that was trained in this process.

    Args:
        home: Where to publish it.
        name: The model's name.
        arch: The named architecture that the module is.
        module: The trained module; it is not changed.
        preprocessing: What it was trained to see.
        head: What the output is; by default what the architecture is made for.
        classes: Names of the classes, in the order of the output.
        **made_from: Fields for the card, JSON values: how it was trained, on what.

    Returns:
        The card; the existing one where the same model was registered under this name before.

    Raises:
        MintError: The module is not of that architecture, the classes are not as many as its
            outputs, or the name belongs to another model.
    """
    state = {key: tensor.detach().cpu() for key, tensor in module.state_dict().items()}
    num_classes = infer_num_classes(arch, state)
    rebuilt = _build_seeded(arch, num_classes, preprocessing, seed=0, allow_code=False)
    apply_weights(rebuilt, state)
    description = Description(arch, preprocessing, head or head_of(arch), classes)
    return publish(home, name, rebuilt, description, **made_from)


def load_model(home: Home, name: str, device: torch.device | str = "cpu") -> AuditedModel:
    """Load a registered model onto a device.

    Raises:
        StoreError: There is no such model; near names are suggested.
        MintError: Its weights are damaged, or its factory is gone or has changed.
    """
    keep_memory()
    card = home.card("models", name)
    folder = home.folder("models", name)
    preprocessing = Preprocessing.from_json(card["preprocessing"])
    weights = read_safetensors(folder / WEIGHTS_FILE)
    if "program" in card:
        module: nn.Module = ProgramModule(read_program(folder / PROGRAM_FILE), weights)
    else:
        # A factory got into the home folder through the command line, by the hand of its user.
        module = _build_seeded(
            card["arch"], _built_width(card), preprocessing, seed=0, allow_code=True
        )
        apply_weights(module, weights)
    return AuditedModel(card, ready(module, device, card.get("autocast")), preprocessing)


def load_described(home: Home, card: Card, device: torch.device | str = "cpu") -> AuditedModel:
    """Load the model that a card describes: a registered one, or the fresh twin of one.

    Raises:
        StoreError: There is no such model.
        MintError: It cannot be loaded, or it is another one by now.
    """
    made_from = card.get("made_from", {})
    if "fresh_twin_of" in made_from:
        twin_of = load_model(home, model_of_twin(card["id"]) or "", device)
        model = fresh_twin(twin_of, made_from["seed"])
    else:
        model = load_model(home, card["id"], device)
    if model.fingerprint != card["fingerprint"]:
        raise MintError(f"Model {card['id']!r} is another one by now: begin again.")
    return model


def fresh_twin(model: AuditedModel, seed: int) -> AuditedModel:
    """Make a model of the same architecture that was never trained, on the same device.

    Args:
        model: The audited model.
        seed: Seed of the fresh weights; the global random state is not touched.

    Returns:
        The twin, with a card and fingerprint of its own, not registered.

    Raises:
        MintError: A factory returns trained weights, or a program keeps them as constants, so that
            the twin would not be fresh.
    """
    module = _fresh_module(model, seed)
    settle_norms(module, model.preprocessing.shape, seed)
    program = model.module.program.source if isinstance(model.module, ProgramModule) else None
    description = Description(
        model.card["arch"],
        model.preprocessing,
        model.head,
        model.classes,
        program,
        model.autocast,
    )
    card = {
        **model.card,
        "id": twin_name(model.name, seed),
        "fingerprint": fingerprint(description, module.state_dict()),
        "made_from": {"fresh_twin_of": model.fingerprint, "seed": seed},
    }
    return AuditedModel(card, ready(module, model.device, model.autocast), model.preprocessing)


def list_models(home: Home) -> list[Card]:
    """Read the cards of all registered models, oldest first."""
    return home.cards("models")


def _add_program(
    home: Home, name: str, file: Path, described: Description, origin: str | None
) -> Card:
    program, tensors = read_archive(file)
    _check_image_shape(program.image_shape, described.preprocessing)
    # Named by the file, wherever it lies: what identifies the program is its own digest.
    description = replace(described, arch=f"{EXPORT}:{file.name}", program=program.source)
    made_from = {"program": origin or str(file.absolute())}
    return publish(home, name, ProgramModule(program, tensors), description, made_from=made_from)


def _fresh_module(model: AuditedModel, seed: int) -> nn.Module:
    if isinstance(model.module, ProgramModule):
        return fresh_copy(model.module, seed)
    arch = model.card["arch"]
    width = _built_width(model.card)
    module = _build_seeded(arch, width, model.preprocessing, seed, allow_code=True)
    if is_code(arch) and _shares_weights(module, model.module):
        raise MintError(
            f"The factory {arch} returns trained weights, so it cannot make an untrained twin: "
            "let it return fresh weights and give the trained ones with --weights."
        )
    return module


def _built_width(card: Card) -> int | None:
    """Give the number of classes with which an architecture was built; face networks have none."""
    if head_of(card["arch"]) == "embedding":
        return None
    width: int = card["num_classes"] or card["embedding_size"]
    return width


def _build_seeded(
    arch: str,
    num_classes: int | None,
    preprocessing: Preprocessing,
    seed: int,
    *,
    allow_code: bool,
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed GPUs too
        return build(
            arch,
            num_classes=num_classes,
            in_channels=preprocessing.channels,
            size=preprocessing.size,
            allow_code=allow_code,
        )


def _check_input(arch: str, weights: Mapping[str, Tensor], preprocessing: Preprocessing) -> None:
    channels = infer_in_channels(arch, weights)
    if channels is not None and channels != preprocessing.channels:
        raise MintError(
            f"The weights take {channels} channels, but {preprocessing.channels} means and "
            "standard deviations were given: give one for each channel."
        )
    size = fitting_size(arch, weights)
    if size is not None and size != preprocessing.size:
        given = "x".join(map(str, preprocessing.size))
        wanted = "x".join(map(str, size))
        raise MintError(f"The weights take images of {wanted}, not {given}: give --size {wanted}.")


def _check_image_shape(shape: Sequence[int | None], preprocessing: Preprocessing) -> None:
    given = preprocessing.shape
    if any(side not in (None, ours) for side, ours in zip(shape, given, strict=True)):
        channels, height, width = shape
        raise MintError(
            f"The program was exported for {channels} channels and {height} x {width} pixels, not "
            f"{given[0]} and {given[1]} x {given[2]}: give --size {height}x{width}, and one mean and "
            "standard deviation a channel."
        )


def _shares_weights(one: nn.Module, other: nn.Module) -> bool:
    """Tell whether any weights that start at random are equal in both."""
    others = dict(other.named_modules())
    return any(
        torch.equal(module.weight, others[name].get_parameter("weight").cpu())
        for name, module in one.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    )
