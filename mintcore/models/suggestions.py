"""Choose, among all modules that can be tapped, the few that are worth it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from torch import nn

from mintcore.models.layers import Layer, Role
from mintcore.models.tracing import Call


def suggest(module: nn.Module, calls: Sequence[Call]) -> list[Layer]:
    """Choose the input, the stem, every block, the embedding and the output.

    A block is a residual (or other) block of a row of them. A network without blocks gives its
    top-level parts; where one of them is the row of convolutions, its members instead.

    Args:
        module: The network.
        calls: What ``trace`` found in it.

    Returns:
        The layers in call order, each with its role. A stage ends with the last block before maps
        or tokens change their size.
    """
    blocks = set(_blocks(module, "", in_row=False)) & {call.layer.name for call in calls}
    embedding = _embedding(calls, blocks)
    stem = _stem(calls, blocks) if blocks else set()
    inner = list(_picked(calls, blocks or _parts(module), stem | embedding))
    vectors = {call.content for call in calls if call.layer.name in embedding}
    ends: dict[str, Role] = {calls[0].layer.name: "input", calls[-1].layer.name: "output"}
    ends |= {call.layer.name: "embedding" for call in inner if call.content in vectors}
    ends |= {call.layer.name: "stem" for call in inner if call.layer.name in stem}
    roles = _block_roles([call.layer for call in inner if call.layer.name not in ends]) | ends
    suggested = [calls[0], *inner, calls[-1]]
    return [replace(call.layer, role=roles[call.layer.name]) for call in suggested]


def _block_roles(blocks: Sequence[Layer]) -> dict[str, Role]:
    ends = {one.name for one, after in pairwise(blocks) if _extent(one) != _extent(after)}
    ends |= {layer.name for layer in blocks[-1:]}
    return {
        layer.name: "stage" if layer.name in ends and layer.kind != "vector" else "block"
        for layer in blocks
    }


def _extent(layer: Layer) -> tuple[int, ...]:
    return layer.shape[1:] if layer.kind == "map" else layer.shape[:-1]


def _blocks(module: nn.Module, name: str, in_row: bool) -> Iterator[str]:
    """Yield the outermost modules that stand in a row and are not themselves mere rows.

    Where such a module is a stage, its blocks come before it.
    """
    row = _is_row(module)
    if in_row and not row:
        for child_name, child in module.named_children():
            if _is_row_of_blocks(child):
                yield from _blocks(child, f"{name}.{child_name}", in_row=False)
        yield name
        return
    siblings = Counter(type(child) for child in module.children() if not _is_row(child))
    found = False
    for child_name, child in module.named_children():
        if _is_leaf(child):
            continue
        stands_in_row = row or siblings[type(child)] > 1
        path = f"{name}.{child_name}" if name else child_name
        for block in _blocks(child, path, stands_in_row):
            found = True
            yield block
    if in_row and not found:
        yield name


def _is_leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def _is_row(module: nn.Module) -> bool:
    if isinstance(module, nn.Sequential):
        return type(module).forward is nn.Sequential.forward
    return isinstance(module, nn.ModuleList)


def _is_row_of_blocks(module: nn.Module) -> bool:
    """Tell whether a module is a row of equal modules with two layers of weights or more each."""
    blocks = list(module.children())
    alike = len(blocks) > 1 and len({type(block) for block in blocks}) == 1
    return alike and _is_row(module) and all(map(_is_block, blocks))


def _is_block(module: nn.Module) -> bool:
    layers = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    return len(layers) > 1 and not _is_row(module)


def _stem(calls: Sequence[Call], blocks: set[str]) -> set[str]:
    before: list[str] = []
    for call in calls[1:-1]:
        if _inside(call.layer.name, blocks):
            break
        before.append(call.layer.name)
    return set(before[-1:])


def _embedding(calls: Sequence[Call], blocks: set[str]) -> set[str]:
    vectors: list[str] = []
    seen = {calls[-1].content}
    for call in calls[1:-1]:
        if _inside(call.layer.name, blocks):
            vectors = []
        elif call.layer.kind == "vector" and call.content not in seen:
            vectors.append(call.layer.name)
        seen.add(call.content)
    return set(vectors[-1:])


def _inside(name: str, blocks: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:depth]) in blocks for depth in range(1, len(parts) + 1))


def _parts(module: nn.Module) -> set[str]:
    children = dict(module.named_children())
    rows = [name for name, child in children.items() if _is_row(child) and _convolves(child)]
    if len(rows) != 1:
        return set(children)
    members = {f"{rows[0]}.{name}" for name, _ in children[rows[0]].named_children()}
    return set(children) - {rows[0]} | members


def _convolves(module: nn.Module) -> bool:
    return any(isinstance(part, nn.Conv2d) for part in module.modules())


def _picked(calls: Sequence[Call], chosen: set[str], around: set[str]) -> Iterator[Call]:
    """Pick the chosen calls and those around them, but no values twice.

    What is just the input or the output under another name is left out.
    """
    of_chosen = {call.content for call in calls if call.layer.name in chosen}
    seen = {calls[0].content, calls[-1].content}
    for call in calls[1:-1]:
        name, content = call.layer.name, call.content
        wanted = name in chosen or (name in around and content not in of_chosen)
        if wanted and content not in seen:
            seen.add(content)
            yield call
