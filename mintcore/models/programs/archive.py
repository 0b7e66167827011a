"""Read a ``.pt2`` file of ``torch.export.save`` without ever running what is in it.

``torch.export.load`` unpickles parts of the archive, evaluates its shape expressions as Python,
compiles names from it into source code, and loads shared libraries that lie in it. Here the graph is
read as JSON and the tensors as raw bytes, and everything else in the archive is left alone.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mintcore.errors import MintError
from mintcore.models.programs.graph import Program, Step, dtype_of, parse_program
from mintcore.zip_files import BoundedZip

_GRAPH = "models/model.json"
_CONFIGS = {
    "data/weights/": "data/weights/model_weights_config.json",
    "data/constants/": "data/constants/model_constants_config.json",
}
_HOW = (
    "export it with torch.export.export(model.eval(), (images,), "
    "dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)) and torch.export.save"
)
_TENSOR_KINDS = {
    "parameter": "parameter_name",
    "buffer": "buffer_name",
    "tensor_constant": "tensor_constant_name",
}


def read_archive(file: Path) -> tuple[Program, dict[str, Tensor]]:
    """Read a program and its tensors.

    Args:
        file: A ``.pt2`` file, as torch 2.9 and later write it.

    Returns:
        The program, and name -> tensor of its parameters, buffers and constants.

    Raises:
        MintError: The file is missing, damaged, of an older layout, made for one batch size or for
            training, takes more than images, or uses what is not run from a file.
    """
    if not file.is_file():
        raise MintError(f"{file} is not a file: give export:FILE.pt2.")
    try:
        with BoundedZip(file) as archive:
            root = _root(archive, file)
            document = json.loads(archive.read(root + _GRAPH))
            program = parse_program(reduced(document))
            _check_mode(program)
            stored = _tensors(archive, root)
        return program, {name: stored[name] for name in program.tensors.values()}
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        RuntimeError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        raise MintError(f"{file} is not a readable torch.export program ({error}): {_HOW}.") from (
            error
        )


def reduced(document: Mapping[str, Any]) -> bytes:
    """Reduce the JSON of a program to what it takes to run it.

    Left out are the source lines and paths of whoever exported it, so the same program has the same
    bytes wherever it was exported.

    Raises:
        MintError: It takes or gives something else than images and one tensor, has one batch size,
            or changes its own tensors.
    """
    module = document["graph_module"]
    graph, signature = module["graph"], module["signature"]
    inputs = [spec.copy().popitem() for spec in signature["input_specs"]]
    images = _images(inputs)
    return json.dumps(
        {
            "images": images,
            "image_shape": _image_shape(graph["tensor_values"][images]["sizes"]),
            "tensors": {
                spec["arg"]["name"]: spec[_TENSOR_KINDS[kind]]
                for kind, spec in inputs
                if kind in _TENSOR_KINDS
            },
            "parameters": sorted(
                spec["parameter_name"] for kind, spec in inputs if kind == "parameter"
            ),
            "nodes": [_node(node) for node in graph["nodes"]],
            "output": _output(signature["output_specs"]),
        },
        sort_keys=True,
    ).encode()


def _root(archive: zipfile.ZipFile, file: Path) -> str:
    members = archive.infolist()
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if packed or sum(member.file_size for member in members) > file.stat().st_size:
        raise MintError(f"{file} is packed, as torch.export.save never does: {_HOW}.")
    graphs = [name for name in archive.namelist() if name.endswith("/" + _GRAPH)]
    if len(graphs) != 1:
        raise MintError(
            f"{file} does not hold one torch.export program in the layout of torch 2.9 and later: "
            f"{_HOW}."
        )
    return graphs[0].removesuffix(_GRAPH)


def _images(inputs: list[tuple[str, Any]]) -> str:
    unknown = [kind for kind, _ in inputs if kind not in (*_TENSOR_KINDS, "user_input")]
    images = [spec["arg"]["as_tensor"]["name"] for kind, spec in inputs if kind == "user_input"]
    if unknown or len(images) != 1:
        raise MintError(
            "The program takes something else than one batch of images "
            f"({', '.join(unknown) or f'{len(images)} inputs'}): wrap the model so that it takes one."
        )
    return str(images[0])


def _image_shape(sizes: list[dict[str, Any]]) -> list[int | None]:
    if len(sizes) != 4:
        raise MintError(f"The program takes {len(sizes)} axes, not a batch of images: {_HOW}.")
    if "as_int" in sizes[0]:
        raise MintError(
            f"The program was exported for batches of exactly {sizes[0]['as_int']} images: {_HOW}."
        )
    return [size.get("as_int") for size in sizes[1:]]


def _output(specs: list[dict[str, Any]]) -> str:
    outputs = [spec["user_output"]["arg"] for spec in specs if "user_output" in spec]
    if len(outputs) != len(specs):
        raise MintError(f"The program changes its own tensors, which no classifier does: {_HOW}.")
    if len(outputs) != 1 or "as_tensor" not in outputs[0]:
        raise MintError("The program returns something else than one tensor: wrap the model.")
    return str(outputs[0]["as_tensor"]["name"])


def _check_mode(program: Program) -> None:
    if any(_trains(step) for step in program.steps):
        raise MintError(f"The program was exported in training mode: {_HOW}.")


def _trains(step: Step) -> bool:
    """Tell a norm that follows the batch, or dropout that drops.

    A batch norm without statistics of its own is none: some networks standardise weights with it.
    """
    follows = step.keywords.get("training") is True
    return step.keywords.get("train") is True or (
        follows and step.keywords.get("running_mean") is not None
    )


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": node["target"],
        "inputs": [{"name": given["name"], "arg": given["arg"]} for given in node["inputs"]],
        "outputs": node["outputs"],
        "modules": node["metadata"].get("nn_module_stack", ""),
    }


def _tensors(archive: zipfile.ZipFile, root: str) -> dict[str, Tensor]:
    tensors = {}
    for folder, config in _CONFIGS.items():
        for name, payload in json.loads(archive.read(root + config))["config"].items():
            if not payload["use_pickle"] and payload["tensor_meta"] is not None:
                raw = archive.read(root + folder + payload["path_name"])
                tensors[name] = _tensor(raw, payload["tensor_meta"])
    return tensors


def _tensor(raw: bytes, meta: Mapping[str, Any]) -> Tensor:
    sizes, strides = ([side["as_int"] for side in meta[key]] for key in ("sizes", "strides"))
    dtype = dtype_of(meta["dtype"])
    if not raw and 0 in sizes:
        return torch.zeros(sizes, dtype=dtype)
    # as_strided refuses to reach beyond the bytes that are there
    flat = torch.frombuffer(bytearray(raw), dtype=dtype)
    return flat.as_strided(sizes, strides, meta["storage_offset"]["as_int"]).clone()
