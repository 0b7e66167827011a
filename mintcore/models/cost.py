"""Count what a forward costs while it runs: operations, and parameters it uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import flop_registry


@dataclass(frozen=True)
class Cost:
    """What a forward has cost so far.

    Args:
        flops: Floating-point operations of all images, two for a multiply-add: those of
            convolutions, matrix products and attention, which are nearly all.
        parameters: Parameters that were used.
    """

    flops: int
    parameters: int


class CostMeter(TorchDispatchMode):
    """Counts, while it is entered, what every operation of torch costs.

    Its FLOPs are those of ``torch.utils.flop_counter``, which knows attention only without the
    fast path. Operations that only the inside of a compiled or exported graph knows are not
    counted: ``cost`` is then None.
    """

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()
        self._flops = 0
        self._used: dict[int, int] = {}
        self._saw_all = True

    @property
    def cost(self) -> Cost | None:
        """What was computed so far has cost."""
        return Cost(self._flops, sum(self._used.values())) if self._saw_all else None

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here; to be kept from torch.compile would import it, for seconds.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and count it."""
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        packet = getattr(func, "overloadpacket", None)
        if packet is None:
            self._saw_all = False
        elif packet in flop_registry:
            self._flops += flop_registry[packet](*args, **kwargs, out_val=output)
        for value in tree_iter((args, kwargs)):
            if isinstance(value, Tensor) and isinstance(value, nn.Parameter):
                self._used[id(value)] = value.numel()
        return output


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Let torch's attention run operation by operation, not as one that is neither counted nor mapped."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)
