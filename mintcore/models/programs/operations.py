"""The operations that a program from a file may use: an allow-list, by name.

PyTorch has thousands of operations. Some of them read and write files, some trust the memory they are
given; those below only compute new tensors from tensors and numbers. A program that needs another one
is refused, so that a file can never make this process do more than arithmetic.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

import torch

from mintcore.errors import MintError

_LISTED = """
    _adaptive_avg_pool2d _log_softmax _native_batch_norm_legit.no_stats
    _native_batch_norm_legit_no_training _safe_softmax
    _softmax _to_copy _unsafe_view abs adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d
    add add_ addcmul addmm alias all amax amin any arange argmax avg_pool1d avg_pool2d baddbmm
    batch_norm bitwise_and bitwise_not bitwise_or bmm broadcast_to cat ceil celu chunk clamp clamp_
    clamp_max clamp_min clone concat constant_pad_nd contiguous conv1d conv2d convolution cos cumsum
    detach div div_ dropout dropout_ einsum elu elu_ embedding eq erf exp expand expand_as
    fill_ flatten flip floor floor_divide fmod full full_like gather ge gelu glu group_norm gt
    hardsigmoid hardsigmoid_ hardswish hardswish_ hardtanh hardtanh_ index index_select instance_norm
    layer_norm le leaky_relu leaky_relu_ lift_fresh_copy linalg_vector_norm linear log log1p
    log_softmax logical_and logical_not logical_or logsumexp lt masked_fill masked_fill_ matmul max
    max_pool1d max_pool2d max_pool2d_with_indices maximum mean meshgrid min minimum mish mish_ mm
    movedim mul mul_ narrow native_group_norm native_layer_norm ne neg new_full new_ones new_zeros
    norm ones ones_like pad permute pixel_shuffle pixel_unshuffle pow prelu prod reciprocal
    reflection_pad2d relu relu6 relu6_ relu_ remainder repeat repeat_interleave replication_pad2d
    reshape reshape_as rms_norm roll round rsqrt rsub scalar_tensor scaled_dot_product_attention
    select selu selu_ sigmoid sigmoid_ sign silu silu_ sin slice slice_scatter softmax softplus split
    split_with_sizes sqrt square squeeze stack std sub sub_ sum swapaxes sym_size t tan tanh tanh_
    threshold threshold_ to topk transpose tril triu type_as unbind unflatten unfold unsqueeze
    upsample_bicubic2d upsample_bilinear2d upsample_nearest2d var var_mean view view_as where zero_
    zeros zeros_like
"""
_LISTED_FOR_NUMBERS = "add eq floordiv ge getitem gt le lt mod mul ne neg sub"
_LISTED_CHECKS = """
    _assert_async _assert_scalar _assert_tensor_metadata sym_constrain_range
    sym_constrain_range_for_size
"""
_TENSOR_OPERATIONS = frozenset(_LISTED.split())
_NUMBER_OPERATIONS = frozenset(_LISTED_FOR_NUMBERS.split())
_CHECKS = frozenset(_LISTED_CHECKS.split())

_TENSOR_TARGET = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
_NUMBER_TARGET = re.compile(r"_operator\.(\w+)")


def is_check(target: str) -> bool:
    """Tell whether an operation computes nothing and only asserts what held when it was exported."""
    match = _TENSOR_TARGET.fullmatch(target)
    return match is not None and match[1] in _CHECKS


def operation(target: str) -> Callable[..., Any]:
    """Give the function that a target of a program names.

    Args:
        target: As ``torch.export`` writes it: ``torch.ops.aten.relu.default``, ``_operator.mul``.

    Raises:
        MintError: It is not on the list.
    """
    of_tensors, of_numbers = _TENSOR_TARGET.fullmatch(target), _NUMBER_TARGET.fullmatch(target)
    if of_numbers and of_numbers[1] in _NUMBER_OPERATIONS:
        return getattr(operator, of_numbers[1])  # type: ignore[no-any-return]
    if of_tensors:
        name, overload = of_tensors.groups()
        allowed = name in _TENSOR_OPERATIONS or f"{name}.{overload}" in _TENSOR_OPERATIONS
        packet = getattr(torch.ops.aten, name, None) if allowed else None
        if packet is not None and overload in packet.overloads():
            return _whatever_the_strides.get(name) or getattr(packet, overload)
    raise MintError(
        f"The program uses {target}, which is not among the operations that are run from a file: "
        "give the model as a factory, package.module:factory, with --weights."
    )


def _reshape(self: torch.Tensor, size: list[int]) -> torch.Tensor:
    return self.reshape(size)


# Views are exported for the memory layout of the example; images come here with channels last.
_whatever_the_strides: dict[str, Callable[..., Any]] = {"view": _reshape, "_unsafe_view": _reshape}
