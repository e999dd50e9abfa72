"""Classifier-free guidance (arXiv 2207.12598) as a velocity of the latent alone, on the transformer as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vssflow.flow import state

if TYPE_CHECKING:
    from vssflow.conditions import Conditions
    from vssflow.dit import DiT

GUIDANCE = 3.0
"""Weight of guidance where nothing else is said (VSSFlow, section 3.4)."""

Times = tuple[float, float]
"""First and last flow time of a span, 0 to 1."""
THROUGHOUT: Times = (0.0, 1.0)
"""All flow times: guidance from the first step to the last."""

Velocity = Callable[[Tensor, float], Tensor]
"""Velocity of the latent (batch, latent, frames) at a flow time; same shape."""


def in_words(guidance: float, guided: Times = THROUGHOUT) -> str:
    """Say how a sound is guided: "guidance 2.5 between 0.1 and 0.9"."""
    span = "" if guidance == 1.0 or guided == THROUGHOUT else f" between {guided[0]:g} and {guided[1]:g}"
    return f"guidance {guidance:g}{span}"


def guided_velocity(dit: DiT, conditions: Conditions, *, guidance: float) -> Velocity:
    """Velocity of the latent under guidance: v(0) + w (v(c) - v(0)); VSSFlow, section 3.4.

    The zero-condition branch has exactly no cross-attention, so that it runs without it. The two branches are
    separate forwards: each is then bit for bit what it is alone.
    """
    empty = conditions.dropped()

    def velocity(latent: Tensor, time: float) -> Tensor:
        t = torch.full((latent.shape[0],), time, dtype=latent.dtype, device=latent.device)
        channels = latent.shape[1]
        with_conditions: Tensor = dit(state(latent, conditions), t, conditions.cross)[:, :channels]
        if guidance == 1.0:
            return with_conditions
        without: Tensor = dit(state(latent, empty), t, None)[:, :channels]
        return without + guidance * (with_conditions - without)

    return velocity
