"""Fresh weights for a program, whose modules and their ways of drawing weights are gone."""

import copy
import math

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.programs.graph import Program, Value
from mintcore.models.programs.module import ProgramModule

_TOKEN_STD = 0.02
_PRELU_SLOPE = 0.25
# Arguments in which operations take what a network has learned.
_WEIGHT_ARGUMENTS = {
    "conv1d": "weight",
    "conv2d": "weight",
    "convolution": "weight",
    "linear": "weight",
    "addmm": "mat2",
    "mm": "mat2",
}
_SAME_VALUES = "permute transpose t view reshape to _to_copy clone contiguous detach alias"
_PASSES_ON = frozenset(_SAME_VALUES.split())


def fresh_copy(module: ProgramModule, seed: int) -> ProgramModule:
    """Copy a program onto the CPU and draw its parameters anew.

    By name and shape, as PyTorch draws them for convolutions and linear layers: ``weight`` with two
    axes or more Kaiming-uniform, other weights 1 (PReLU 0.25), biases 0; what else has two axes or
    more (tokens, positions) normal with standard deviation 0.02, and other vectors (scales) 1.

    Args:
        module: The program; it is not changed.
        seed: Seed of the weights; the global random state is not touched.

    Raises:
        MintError: The program keeps weights as constants, which cannot be told from other constants.
    """
    constant = _learned_constant(module.program)
    if constant is not None or not module.program.parameters:
        raise MintError(
            f"The program keeps weights as constants ({constant or 'it has no parameters'}), so no "
            "untrained twin of it can be made: export it without freezing, or give --reference."
        )
    twin = copy.deepcopy(module).cpu()
    slopes = _prelu_slopes(module.program)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        for name, parameter in twin.named_parameters():
            _draw(parameter, name.rpartition(".")[2], is_slope=name in slopes)
    return twin


def _draw(parameter: Tensor, attribute: str, *, is_slope: bool) -> None:
    if not parameter.is_floating_point():
        return
    if attribute.endswith("weight") and parameter.ndim >= 2:
        nn.init.kaiming_uniform_(parameter, a=math.sqrt(5))
    elif parameter.ndim >= 2:
        nn.init.normal_(parameter, std=_TOKEN_STD)
    elif is_slope:
        nn.init.constant_(parameter, _PRELU_SLOPE)
    else:
        nn.init.constant_(parameter, 0.0 if attribute.endswith("bias") else 1.0)


def _prelu_slopes(program: Program) -> set[str]:
    return {
        program.tensors[value.name]
        for step in program.steps
        if step.target.startswith("torch.ops.aten.prelu.")
        for value in [step.keywords["weight"]]
        if isinstance(value, Value) and value.name in program.tensors
    }


def _learned_constant(program: Program) -> str | None:
    """Name a tensor that is used as a weight and is no parameter."""
    origin = {name: name for name in program.tensors}
    for step in program.steps:
        operation = step.target.split(".")[-2]
        first = next(step.uses(), None)
        if operation in _PASSES_ON and first in origin and isinstance(step.results, str):
            origin[step.results] = origin[first]
        weight = step.keywords.get(_WEIGHT_ARGUMENTS.get(operation, ""))
        name = origin.get(weight.name) if isinstance(weight, Value) else None
        if name is not None and program.tensors[name] not in program.parameters:
            return program.tensors[name]
    return None
