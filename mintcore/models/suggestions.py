"""Choose, among all modules that can be tapped, the few that are worth it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from torch import nn

from mintcore.models.layers import Layer
from mintcore.models.tracing import Call


def suggest(module: nn.Module, calls: Sequence[Call]) -> list[Layer]:
    """Choose the input, the stem, every block, the embedding and the output.

    A block is a residual (or other) block of a row of them. A network without blocks gives its
    top-level parts; where one of them is the row of convolutions, its members instead.

    Args:
        module: The network.
        calls: What ``trace`` found in it.
    """
    blocks = set(_blocks(module, "", in_row=False)) & {call.layer.name for call in calls}
    around = (
        _stem(calls, blocks) | _embedding(calls, blocks) if blocks else _embedding(calls, set())
    )
    chosen = blocks or _parts(module)
    inner = [call.layer for call in _picked(calls, chosen, around)]
    return [calls[0].layer, *inner, calls[-1].layer]


def _blocks(module: nn.Module, name: str, in_row: bool) -> Iterator[str]:
    """Yield the outermost modules that stand in a row and are not themselves mere rows."""
    row = _is_row(module)
    if in_row and not row:
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
