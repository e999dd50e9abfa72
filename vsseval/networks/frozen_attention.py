"""Attention of one query to many tokens, without making keys and values of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vsseval.networks.frozen_linear import FrozenLinear


class AskedOnce(nn.Module):
    """Attention, with a bias on each matrix, in which one token asks: the same numbers as usual, to float noise.

    A score is q . (K x + k) = (K^T q) . x + q . k, of which the latter is the same for every token and falls out of the
    softmax; the weighted sum of values is V (weighted sum of x) + v, for weights sum to one. So that of `tokens` tokens
    no key and no value is computed: two thirds of the matrices of a layer in which a class token alone is read.
    """

    key: Tensor
    value: Tensor
    value_bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, out: FrozenLinear, heads: int) -> None:
        """Take query, key and value as one matrix (3 * width, width) with its bias, and what follows them."""
        super().__init__()
        width = weight.shape[1]
        query, key, value = weight.detach().float().view(3, width, width)
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query = FrozenLinear(query, bias[:width].float(), dtype=torch.float32)
        self.register_buffer("key", key.reshape(heads, -1, width).clone())
        self.register_buffer("value", value.reshape(heads, -1, width).clone())
        self.register_buffer("value_bias", bias.detach()[2 * width :].float().clone())
        self.out = out

    def forward(self, x: Tensor) -> Tensor:
        """Let the first token of each group ask all: (groups, tokens, width) to (groups, width)."""
        asks = self.query(x[:, 0]).unflatten(-1, (self.heads, -1)) * self.scale
        # (heads, groups, width): where each head looks, seen from the tokens
        looks = torch.bmm(asks.transpose(0, 1), self.key)
        weights = torch.bmm(looks.transpose(0, 1), x.transpose(1, 2)).softmax(-1)
        seen = torch.bmm(weights, x).transpose(0, 1)
        mixed = torch.bmm(seen, self.value.transpose(1, 2)).transpose(0, 1).flatten(1) + self.value_bias
        out: Tensor = self.out(mixed)
        return out
