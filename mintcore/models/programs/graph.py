"""The graph of a program as data: tensors with names, and steps that make values from values."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from mintcore.errors import MintError
from mintcore.models.programs.operations import is_check, operation

# Codes of torch/_export/serde/schema.py.
_DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
_MEMORY_FORMATS = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    4: torch.preserve_format,
}
_STRIDED = 7
_PLAIN_KINDS = "as_int as_bool as_string as_ints as_bools as_int_lists"
_NAMED_KINDS = "as_tensor as_sym_int as_sym_float as_sym_bool"
_NEW_VALUES = """
    add addmm avg_pool2d batch_norm cat conv2d convolution group_norm layer_norm linear matmul
    max_pool2d mul
"""
_MAKES_NEW = frozenset(_NEW_VALUES.split())
_PART_NAME = re.compile(r"[\w-]+(\.[\w-]+)*(@\d+)?")
# What torch.export writes where an operation, such as reading the batch's size, has no module.
_NO_MODULE = "_empty_nn_module_stack"
_CLASS_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Value:
    """A value that the images, a tensor of the program or an earlier step gave."""

    name: str


@dataclass(frozen=True)
class SameDevice:
    """The device of the images: a program runs wherever its images are."""


@dataclass(frozen=True)
class Step:
    """One operation.

    Args:
        target: The operation's name in the file.
        run: The operation.
        arguments: Given by position; numbers, ``Value``s and lists of them.
        keywords: Given by name, likewise.
        results: Name of the result; None where nobody needs it; a list for a list of results.
        is_number: Whether the result is a number instead of tensors.
        calls: The module calls it is part of, the outermost first: ``layer1``, ``layer1.0``.
    """

    target: str
    run: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    results: Any
    is_number: bool
    calls: tuple[str, ...]

    def uses(self) -> Iterator[str]:
        """Yield the names of the values that it takes."""
        yield from names_in([*self.arguments, *self.keywords.values()])

    def makes(self) -> Iterator[str]:
        """Yield the names of the values that it gives."""
        yield from results_in(self.results)


@dataclass(frozen=True)
class Program:
    """A program that maps a batch of images to one tensor.

    Args:
        source: The JSON that it was read from.
        images: Name of the value that the images are.
        image_shape: (C, H, W) that it was exported for; None for a side that it leaves open.
        tensors: Value name -> name of the parameter, buffer or constant that it is.
        parameters: Names of those that are parameters.
        steps: In order.
        output: Name of the value that is its result.
        classes: Module call -> the module's class, with its package.
    """

    source: bytes
    images: str
    image_shape: tuple[int | None, ...]
    tensors: Mapping[str, str]
    parameters: frozenset[str]
    steps: tuple[Step, ...]
    output: str
    classes: Mapping[str, str]


def parse_program(source: bytes) -> Program:
    """Understand what ``archive.reduced`` wrote.

    Raises:
        MintError: The program uses something that is not run from a file.
        KeyError, TypeError, ValueError: It is damaged.
    """
    graph = json.loads(source)
    calls = [_calls(node["modules"]) for node in graph["nodes"]]
    steps = [
        _step(node, tuple(path for path, _ in within))
        for node, within in zip(graph["nodes"], calls, strict=True)
        if not is_check(node["target"])
    ]
    return Program(
        source=source,
        images=str(graph["images"]),
        image_shape=tuple(graph["image_shape"]),
        tensors={str(name): str(target) for name, target in graph["tensors"].items()},
        parameters=frozenset(map(str, graph["parameters"])),
        steps=tuple(_without_overwriting(steps)),
        output=str(graph["output"]),
        classes={path: title for within in calls for path, title in within},
    )


def dtype_of(code: int) -> torch.dtype:
    """Give the type of tensor that a code in a file stands for.

    Raises:
        MintError: Tensors of that type are not supported.
    """
    if code not in _DTYPES:
        raise MintError(f"The program has tensors of the unknown type {code}: use float32.")
    return _DTYPES[code]


def names_in(argument: Any) -> Iterator[str]:
    """Yield the names of the values in an argument."""
    if isinstance(argument, Value):
        yield argument.name
    elif isinstance(argument, list):
        for member in argument:
            yield from names_in(member)


def results_in(results: Any) -> Iterator[str]:
    """Yield the names in the results of a step."""
    if isinstance(results, list):
        for member in results:
            yield from results_in(member)
    elif results is not None:
        yield results


def _without_overwriting(steps: list[Step]) -> Iterator[Step]:
    """Let steps that would overwrite what a part gave make something new instead.

    Only where nothing can tell the difference: nobody else uses the value, and it is no view.
    """
    uses = Counter(name for step in steps for name in step.uses())
    new: set[str] = set()
    for step in steps:
        made = step
        if step.target.split(".")[-2].endswith("_"):
            first = next(step.uses(), None)
            made = _made_new(step) if first in new and uses[first] == 1 else step
        if made is not step or step.target.split(".")[-2] in _MAKES_NEW:
            new.update(made.makes())
        yield made


def _made_new(step: Step) -> Step:
    target = re.sub(r"_\.(\w+)$", r".\1", step.target)
    if target.startswith("torch.ops.aten.dropout."):
        return step  # names its arguments otherwise, and does nothing to a trained network
    return replace(step, target=target, run=operation(target))


def _step(node: Mapping[str, Any], calls: tuple[str, ...]) -> Step:
    target = str(node["target"])
    # Python's operators name their arguments in the file, and take them by position only.
    by_position = target.startswith("_operator.")
    arguments = [
        ("" if by_position else given["name"], _argument(given["arg"])) for given in node["inputs"]
    ]
    results = [_result(output) for output in node["outputs"]]
    return Step(
        target=target,
        run=operation(target),
        arguments=tuple(value for name, value in arguments if not name),
        keywords={name: value for name, value in arguments if name},
        results=results[0] if len(results) == 1 else results,
        is_number=any(kind.startswith("as_sym") for output in node["outputs"] for kind in output),
        calls=calls,
    )


def _argument(argument: Mapping[str, Any]) -> Any:
    ((kind, value),) = argument.items()
    try:
        return _READERS[kind](value)
    except KeyError as error:
        raise MintError(
            f"The program has an argument of the kind {kind} ({value}), which is not run from a "
            "file: give the model as a factory, package.module:factory, with --weights."
        ) from error


def _reference(value: Mapping[str, Any]) -> Any:
    """Give a number, or the value that is named."""
    if "name" in value or "as_name" in value:
        return Value(str(value.get("name", value.get("as_name"))))
    ((_, number),) = value.items()
    return number


def _references(values: list[Mapping[str, Any]]) -> list[Any]:
    return [_reference(value) for value in values]


def _result(output: Mapping[str, Any]) -> Any:
    ((kind, value),) = output.items()
    if kind == "as_none":
        return None
    if kind in _NAMED_KINDS.split():
        return str(value.get("name", value.get("as_name")))
    if kind == "as_tensors":
        return [str(member["name"]) for member in value]
    raise MintError(f"The program has a result of the kind {kind}: let it return one tensor.")


def _calls(modules: str) -> list[tuple[str, str]]:
    """Give the path and class of each module call that a step is part of, the outermost first.

    The file says them as ``key,layer1.0,torchvision.models.resnet.BasicBlock;...``, and a second call
    of the same module as ``layer1.0@1``.
    """
    found = []
    for entry in filter(None, modules.split(";")):
        _, path, title = entry.split(",", 2)
        is_real = not path.startswith(_NO_MODULE)
        if (
            is_real
            and _PART_NAME.fullmatch(path)
            and _CLASS_NAME.fullmatch(title.rpartition(".")[2])
        ):
            found.append((path, title))
    return found


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_PLAIN_KINDS.split(), lambda value: value),
    **dict.fromkeys(_NAMED_KINDS.split(), _reference),
    **dict.fromkeys(("as_tensors", "as_sym_ints", "as_sym_bools", "as_sym_floats"), _references),
    "as_none": lambda _: None,
    # JSON has no infinity, so the file writes it as text.
    "as_float": float,
    "as_floats": lambda values: [float(value) for value in values],
    "as_optional_tensors": lambda values: [_argument(value) for value in values],
    "as_scalar_type": dtype_of,
    "as_memory_format": _MEMORY_FORMATS.__getitem__,
    "as_layout": {_STRIDED: torch.strided}.__getitem__,
    "as_device": lambda _: SameDevice(),
}
