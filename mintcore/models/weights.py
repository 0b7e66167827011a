"""Weights from files, without ever running what a file brings along."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.zip_files import BoundedZip

Weights = dict[str, Tensor]

_INSIDE = ("state_dict", "model", "net_state_dict")
_PARALLEL_PREFIX = "module."
# Counts steps of training only, and is missing from checkpoints older than torch 0.4.1.
_OPTIONAL = "num_batches_tracked"
_SHOWN = 100
# First bytes of a zip archive and of a pickle, which checkpoints of torch are.
_CHECKPOINT_STARTS = (b"PK", b"\x80")


def load_weights(file: Path) -> Weights:
    """Load weights on the CPU.

    Args:
        file: A ``.safetensors`` file, or a torch checkpoint: the state dict itself, or a dictionary
            that has it under ``state_dict``, ``model`` or ``net_state_dict``.

    Returns:
        Parameter name -> tensor, without the ``module.`` of DataParallel.

    Raises:
        MintError: The file is missing or damaged, holds no weights, or would run code.
    """
    if not file.is_file():
        raise MintError(f"{file} is not a file: give the file with the weights.")
    if file.suffix == ".safetensors":
        return _without_prefix(read_safetensors(file))
    return _without_prefix(_state_dict(_load_checkpoint(file), file))


def read_safetensors(file: Path) -> Weights:
    """Read a safetensors file as it is, on the CPU.

    Raises:
        MintError: The file is missing or damaged.
    """
    try:
        return dict(load_file(file))
    except (SafetensorError, OSError, ValueError) as error:
        raise MintError(
            f"{file} is not a readable safetensors file ({error}): get it again."
        ) from error


def apply_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights into a module; every one must fit.

    Raises:
        MintError: Names or shapes differ (the first of each kind of difference is named), or a
            tensor is no array of floating-point numbers where one is needed.
    """
    wanted = module.state_dict()
    missing = [key for key in wanted if key not in weights and not key.endswith(_OPTIONAL)]
    unexpected = [_shown(key) for key in weights if key not in wanted]
    misshapen = [
        f"{_shown(key)} ({tuple(weights[key].shape)} in the file, {tuple(wanted[key].shape)} in the model)"
        for key in wanted
        if key in weights and weights[key].shape != wanted[key].shape
    ]
    found = {"missing": missing, "unexpected": unexpected, "misshapen": misshapen}
    parts = [f"{len(keys)} {kind}, first {keys[0]}" for kind, keys in found.items() if keys]
    if parts:
        raise MintError(
            f"The weights do not fit the architecture ({'; '.join(parts)}): "
            "give the architecture they were trained with."
        )
    for key in weights:
        _require_numbers(key, weights[key], wanted[key])
    module.load_state_dict({**wanted, **weights})


def _require_numbers(key: str, given: Tensor, wanted: Tensor) -> None:
    """Refuse what would be copied as other numbers than it stands for, or not at all."""
    is_dense = given.layout is torch.strided and not (given.is_quantized or given.is_meta)
    if not is_dense or (wanted.is_floating_point() and not given.is_floating_point()):
        kind = str(given.dtype).removeprefix("torch.")
        raise MintError(
            f"The weights hold {_shown(key)} as {kind}{'' if is_dense else ', packed or without values'}: "
            "save the state_dict with plain floating-point tensors."
        )


def _load_checkpoint(file: Path) -> object:
    with file.open("rb") as opened:
        if not opened.read(2).startswith(_CHECKPOINT_STARTS):
            raise MintError(
                f"{file} is not a torch checkpoint: get it again, or give a safetensors file the "
                "ending .safetensors."
            )
    _refuse_packed(file)
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise MintError(
            f"{file} holds more than tensors, and its code is never run: where you trust it, "
            "load it and save its state_dict with safetensors.torch.save_file."
        ) from error
    except Exception as error:  # a damaged archive raises nearly any type
        if "TorchScript" in str(error):
            raise MintError(
                f"{file} is a TorchScript program, which holds code: load it with torch.jit.load "
                "where you trust it, and save its state_dict with safetensors.torch.save_file."
            ) from error
        raise MintError(f"{file} is not a readable torch checkpoint: get it again.") from error


def _refuse_packed(file: Path) -> None:
    """Refuse an archive that unpacks to more than it is, as ``torch.save`` writes none."""
    try:
        if not zipfile.is_zipfile(file):
            return
        with BoundedZip(file) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise MintError(
            f"{file} is not a readable torch checkpoint ({error}): get it again."
        ) from error
    if unpacked > file.stat().st_size:
        raise MintError(
            f"{file} is packed, as torch.save never does: load it where you trust it, and save it again."
        )


def _state_dict(loaded: Any, file: Path) -> Weights:
    candidates = [loaded]
    if isinstance(loaded, Mapping):
        candidates += [loaded.get(key) for key in _INSIDE]
    for candidate in candidates:
        if isinstance(candidate, Mapping) and candidate and _all_tensors(candidate):
            _refuse_repeated(candidate, file)
            return dict(candidate)
    raise MintError(
        f"{file} holds no state dict, neither bare nor under {', '.join(_INSIDE)}: "
        "save model.state_dict()."
    )


def _refuse_repeated(weights: Mapping[str, Tensor], file: Path) -> None:
    """Refuse tensors that are larger than what the file holds of them: a few bytes could stand for terabytes."""
    there = file.stat().st_size
    for key, tensor in weights.items():
        dense = tensor.layout is torch.strided and not tensor.is_meta
        held = tensor.untyped_storage().nbytes() if dense else there
        if tensor.numel() * tensor.element_size() > held:
            raise MintError(
                f"{_shown(key)} in {file} repeats its values instead of holding them: "
                "save the state_dict with tensors of their own (tensor.contiguous())."
            )


def _shown(key: str) -> str:
    """Write a name from a file such that all of it can be seen."""
    return repr(key[:_SHOWN])[1:-1]


def _all_tensors(candidate: Mapping[Any, Any]) -> bool:
    return all(isinstance(key, str) and isinstance(t, Tensor) for key, t in candidate.items())


def _without_prefix(weights: Weights) -> Weights:
    if all(key.startswith(_PARALLEL_PREFIX) for key in weights):
        return {key.removeprefix(_PARALLEL_PREFIX): tensor for key, tensor in weights.items()}
    return weights
