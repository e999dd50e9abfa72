"""Frozen layers; the linear one in the layout and precision that the processor multiplies quickest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["none", "gelu", "swish"]
"""What follows the product: nothing, the exact GELU, or x * sigmoid(x)."""
_ACTIVATIONS: Mapping[Activation, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"none": lambda x: x, "gelu": F.gelu, "swish": F.silu}
)


class FrozenLinear(nn.Module):
    """y = f(x W^T + b) with weights that never change again.

    On a CPU the weights are laid out once for oneDNN, whose matrix product is 1.2 to 1.5 times as quick on Zen 4 as the
    one that `torch.nn.functional.linear` calls in single precision, with the same numbers to float noise; the
    activation is computed while the product is still in the cache. Elsewhere it is those functions.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor | None = None, *, dtype: torch.dtype, activation: Activation = "none"
    ) -> None:
        """Copy a weight (outputs, inputs) and a bias (outputs,), in `dtype`."""
        super().__init__()
        weight = weight.detach().to(dtype)
        self.dtype: torch.dtype = dtype
        self.activation: Activation = activation
        self.bias: Tensor | None
        self.register_buffer("bias", None if bias is None else bias.detach().to(dtype).clone())
        self.weight: Tensor | None
        # a buffer, so that a CUDA graph finds it where it is instead of copying it; oneDNN's opaque tensor can be none
        self.packed = _packed(weight)
        self.register_buffer("weight", weight.clone() if self.packed is None else None)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) of any precision to (..., outputs) in the layer's own."""
        x = x.to(self.dtype)
        if self.weight is not None:
            return _ACTIVATIONS[self.activation](F.linear(x, self.weight, self.bias))
        # the exact GELU is called "none", as opposed to "tanh"
        exact = "none" if self.activation == "gelu" else ""
        result: Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001
            x, self.packed, self.bias, self.activation, [], exact
        )  # fmt: skip
        return result


def frozen(layer: nn.Module, dtype: torch.dtype, activation: Activation = "none") -> FrozenLinear:
    """Freeze an `nn.Linear`."""
    linear = cast("nn.Linear", layer)
    return FrozenLinear(linear.weight, linear.bias, dtype=dtype, activation=activation)


class FrozenNorm(nn.Module):
    """A frozen layer normalisation in single precision."""

    weight: Tensor
    bias: Tensor

    def __init__(self, norm: nn.LayerNorm) -> None:
        """Copy the numbers of a layer."""
        super().__init__()
        self.register_buffer("weight", norm.weight.detach().clone())
        self.register_buffer("bias", norm.bias.detach().clone())
        self.eps = norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (..., width)."""
        return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)


def _packed(weight: Tensor) -> Tensor | None:
    """Lay a weight out for oneDNN; None where there is no oneDNN, or it does not take this weight.

    The operators are those that torch's own compiler lays frozen weights out with; torch's version is pinned.
    """
    ops = torch.ops.mkldnn
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    # a matrix without a column is what no condition on the channel axis comes to
    if not weight.numel() or weight.device.type != "cpu" or not there or not hasattr(ops, "_linear_pointwise"):
        return None
    half = weight.dtype == torch.bfloat16 and ops._is_mkldnn_bf16_supported()  # noqa: SLF001
    if not half and weight.dtype != torch.float32:
        return None
    packed: Tensor = ops._reorder_linear_weight(weight.contiguous(), None)  # noqa: SLF001
    return packed
