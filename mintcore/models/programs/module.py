"""Run a program as a module whose parts can be tapped under the names they had."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.programs.graph import Program, SameDevice, Step, Value

BeforeStep = Callable[[Step, dict[str, Any]], tuple[Callable[..., Any], dict[str, Any]]]

_LAYER_NAMES = """
    Conv1d Conv2d Linear BatchNorm1d BatchNorm2d GroupNorm InstanceNorm2d LayerNorm RMSNorm AvgPool2d
    MaxPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d PixelShuffle Upsample
"""


def _titles(names: str) -> dict[str, type[nn.Module]]:
    kinds = [getattr(nn, name) for name in names.split()]
    return {f"{kind.__module__}.{kind.__qualname__}": kind for kind in kinds}


_LAYERS = _titles(_LAYER_NAMES)
_ROWS = _titles("Sequential ModuleList")
_MODULE_LIST = f"{nn.ModuleList.__module__}.{nn.ModuleList.__qualname__}"


class Part(nn.Module):
    """A module of the exported model. It computes nothing: it is where its output passes by."""

    def __init__(self) -> None:
        # Not that of the layer which a part may be an instance of: there is nothing to set up.
        nn.Module.__init__(self)

    def extra_repr(self) -> str:
        """Say nothing of settings: they are in the program."""
        return ""

    def forward(self, given: Any, output: Tensor) -> Tensor:
        """Pass the output on, so that forward hooks see what the module was given and gave."""
        return output


class Row(nn.ModuleList):
    """A part that was a mere row of others."""

    def forward(self, given: Any, output: Tensor) -> Tensor:
        """Pass the output on."""
        return output


class ProgramModule(Part):
    """A program and its tensors.

    Its parts carry the names, the class names, the parameters and the buffers of the exported model.
    Operations run one after the other; whenever all of a part have run, its output passes through it.

    Args:
        program: What to run.
        tensors: Name -> tensor of all its parameters, buffers and constants.

    Raises:
        MintError: The tensors or the names of the parts do not fit the program.
    """

    def __init__(self, program: Program, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.program = program
        missing = sorted(set(program.tensors.values()) - set(tensors))
        if missing:
            raise MintError(f"The program lacks {len(missing)} of its tensors, first {missing[0]}.")
        try:
            self._make_parts(tensors)
        except (KeyError, TypeError) as error:
            raise MintError(
                f"The program has a part or tensor with an impossible name ({error}): export it again."
            ) from error
        self._ends = _ends(program)
        self._last_uses = _last_uses(program, self._ends)

    def forward(self, images: Tensor) -> Tensor:  # type: ignore[override]
        """Map (N, C, H, W) to the program's result, with one row an image."""
        return self.run(images, lambda step, keywords: (step.run, keywords))

    def run(self, images: Tensor, before: BeforeStep) -> Tensor:
        """Run the program.

        Args:
            images: (N, C, H, W).
            before: Given each step and its keywords; gives what is run in its place.
        """
        program = self.program
        values: dict[str, Any] = {program.images: images}
        for name, target in program.tensors.items():
            owner, _, attribute = target.rpartition(".")
            values[name] = getattr(self.get_submodule(owner), attribute)
        for place, step in enumerate(program.steps):
            arguments = [_resolved(argument, values) for argument in step.arguments]
            keywords = {key: _resolved(value, values) for key, value in step.keywords.items()}
            run, keywords = before(step, keywords)
            _bind(step.results, run(*arguments, **keywords), values)
            for end in self._ends.get(place, ()):
                part = self.get_submodule(end.part)
                values[end.output] = part(values[end.given], values[end.output])
            for name in self._last_uses.get(place, ()):
                values.pop(name, None)
        result: Tensor = values[program.output]
        return result

    def _make_parts(self, tensors: Mapping[str, Tensor]) -> None:
        classes = {call.partition("@")[0]: title for call, title in self.program.classes.items()}
        for path in classes:
            self._part(path, classes)
        for name in sorted(set(self.program.tensors.values())):
            owner, _, attribute = name.rpartition(".")
            part = self._part(owner, classes)
            if name in self.program.parameters:
                parameter = nn.Parameter(tensors[name], requires_grad=False)
                part.register_parameter(attribute, parameter)
            else:
                part.register_buffer(attribute, tensors[name])

    def _part(self, path: str, classes: Mapping[str, str]) -> nn.Module:
        """Give the part of a path; it and those around it are made where they do not exist."""
        part: nn.Module = self
        names = [name for name in path.split(".") if name]
        for depth, name in enumerate(names, start=1):
            if name not in part._modules:
                # Only what is called has its class in the file: a list of modules is not.
                is_list = any(below.isdecimal() for below in names[depth : depth + 1])
                unknown = _MODULE_LIST if is_list else Part.__name__
                part.add_module(name, _class(classes.get(".".join(names[:depth]), unknown))())
            part = part.get_submodule(name)
        return part


@dataclass(frozen=True)
class _End:
    """Where a call of a part is over: the part, a value that it was given, and the one it gave."""

    part: str
    given: str
    output: str


@cache
def _class(title: str) -> type[nn.Module]:
    """Give the class of the parts whose module had a class of that name; always the same one.

    Parts that were layers of PyTorch are instances of them, so that what tells layers apart by their
    class can do so here.
    """
    if title in _ROWS:
        return type("Row", (Row,), {})
    bases = (Part, _LAYERS[title]) if title in _LAYERS else (Part,)
    return type(title.rpartition(".")[2], bases, {})


def _resolved(argument: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(argument, Value):
        return values[argument.name]
    if isinstance(argument, list):
        return [_resolved(member, values) for member in argument]
    if isinstance(argument, SameDevice):
        return next(value.device for value in values.values() if isinstance(value, Tensor))
    return argument


def _bind(results: Any, made: Any, values: dict[str, Any]) -> None:
    if isinstance(results, list):
        for name, value in zip(results, made, strict=True):
            _bind(name, value, values)
    elif results is not None:
        values[results] = made


def _ends(program: Program) -> dict[int, list[_End]]:
    """Find, for every place in the program, the calls that are over there, the innermost first.

    A call that gives no tensor or several to what comes after it is left out.
    """
    within: dict[str, list[int]] = {}
    for place, step in enumerate(program.steps):
        for call in step.calls:
            within.setdefault(call, []).append(place)
    users = _users(program)
    ends: dict[int, list[_End]] = {}
    for call in sorted(within, key=lambda name: -name.count(".")):
        end = _end(program, call, within[call], users)
        if end is not None:
            ends.setdefault(within[call][-1], []).append(end)
    return ends


def _end(
    program: Program, call: str, places: list[int], users: Mapping[str, list[int]]
) -> _End | None:
    inside = set(places)
    made = [name for place in places for name in program.steps[place].makes()]
    given = [
        name
        for place in places
        for name in program.steps[place].uses()
        if name not in made and name not in program.tensors
    ]
    # Numbers, such as a size that was computed once for several parts, are no output of a part.
    tensors = [
        name
        for place in places
        if not program.steps[place].is_number
        for name in program.steps[place].makes()
    ]
    outputs = [name for name in tensors if any(user not in inside for user in users.get(name, ()))]
    if len(outputs) != 1:
        return None
    return _End(call.partition("@")[0], given[0] if given else outputs[0], outputs[0])


def _users(program: Program) -> dict[str, list[int]]:
    """Name -> places that use it; the result of the program is used after its last step."""
    users: dict[str, list[int]] = {program.output: [len(program.steps)]}
    for place, step in enumerate(program.steps):
        for name in step.uses():
            users.setdefault(name, []).append(place)
    return users


def _last_uses(program: Program, ends: Mapping[int, list[_End]]) -> dict[int, list[str]]:
    """Place -> names that nothing needs after it, so that activations do not pile up."""
    last: dict[str, int] = {}
    for place, step in enumerate(program.steps):
        last |= dict.fromkeys([*step.uses(), *step.makes()], place)
        last |= {name: place for end in ends.get(place, ()) for name in (end.given, end.output)}
    # The images stay: they say which device the program runs on.
    kept = {program.output, program.images, *program.tensors}
    freed: dict[int, list[str]] = {}
    for name, place in last.items():
        if name not in kept:
            freed.setdefault(place, []).append(name)
    return freed


def norm_settling(
    step: Step, keywords: dict[str, Any]
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Let batch norms take the statistics of the batch and keep them, as in training at momentum 1."""
    if step.target == "torch.ops.aten.batch_norm.default":
        return step.run, keywords | {"training": True, "momentum": 1.0}
    if step.target == "torch.ops.aten._native_batch_norm_legit_no_training.default":
        settling = torch.ops.aten._native_batch_norm_legit.default
        return settling, keywords | {"training": True, "momentum": 1.0}
    return step.run, keywords
