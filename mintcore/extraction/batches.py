"""How many images go through an audited model at once."""

from collections.abc import Callable
from math import prod
from typing import TypeVar

import torch

from mintcore.errors import MintError
from mintcore.models.audited import AuditedModel

Result = TypeVar("Result")

MIN_BATCH, MAX_BATCH = 16, 512
# On a CPU a batch is fastest while its largest activation stays in the cache.
_CACHE_BYTES = 4 * 2**20
# On a GPU: share of the free memory for the largest activation, with room for those that live beside it.
_FREE_SHARE = 16


def choose_batch(model: AuditedModel) -> int:
    """Choose a batch size, a power of two from 16 to 512.

    On a CPU it hangs on the model alone, so that a run that is resumed goes on with the very batches it began with.
    """
    largest = 4 * max(prod(call.layer.shape) for call in model.calls)
    if model.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(model.device)
        room = free // _FREE_SHARE
    else:
        room = _CACHE_BYTES
    fitting = 1 << max((room // largest).bit_length() - 1, 0)
    return min(max(fitting, MIN_BATCH), MAX_BATCH)


def within_memory(
    run: Callable[[int], Result], limit: int, device: torch.device
) -> tuple[Result, int]:
    """Run something in parts that fit into memory, halving them as long as they do not.

    Args:
        run: Called with the most images at once.
        limit: The most to begin with.
        device: Whose memory it is.

    Returns:
        What ``run`` gave, and the limit with which it did.

    Raises:
        MintError: Not even one image fits.
    """
    while True:
        try:
            return run(limit), limit
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
        if limit == 1:
            raise MintError(
                f"One image does not fit into the memory of {device}: free some, or use --device cpu."
            )
        limit //= 2
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
