"""What a sampler gives back, and the check that it is numbers."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from vsseval.errors import Unmeasurable


class Sampled(NamedTuple):
    """Latents of a batch and what they cost."""

    latent: Tensor
    """(batch, latent, frames)."""
    evaluations: int
    """Forwards of the transformer; one velocity under guidance takes two."""


def finite(value: Tensor, where: str) -> Tensor:
    """Return `value` (any shape) as it is.

    Raises:
        Unmeasurable: it holds infinities or what is no number; `where` says in the message what it is.
    """
    if not bool(value.isfinite().all()):
        raise Unmeasurable(f"{where} is not finite: damaged weights, or features far outside what they were trained on")
    return value
