"""Flow matching: the straight path from noise to sound, its loss, and the guided walk along it.

x_t = (1 - t) x_0 + t x_1 with velocity x_1 - x_0 (conditional optimal transport, arXiv 2210.02747, equation 22);
classifier-free guidance as in VSSFlow (arXiv 2509.24773, section 3.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vssflow.conditions import Conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    from vssflow.dit import DiT

    Velocity = Callable[[Tensor, float], Tensor]


def state(latent: Tensor, conditions: Conditions) -> Tensor:
    """Lay the latent (batch, latent, frames) on top of the time-locked conditions."""
    return torch.cat([latent, conditions.locked], dim=1)


def flow_loss(dit: DiT, latent: Tensor, conditions: Conditions, *, noise: Tensor, t: Tensor) -> Tensor:
    """Mean squared error between predicted and true velocity of the latent channels, per clip: (batch,)."""
    time = t[:, None, None]
    mixed = (1 - time) * noise + time * latent
    predicted: Tensor = dit(state(mixed, conditions), t, conditions.cross)[:, : latent.shape[1]]
    return (predicted - (latent - noise)).square().mean(dim=(1, 2))


def drop(conditions: Conditions, keep: Tensor) -> Conditions:
    """Zero all conditions of the clips where `keep` (batch,) is False."""
    mask = keep.to(conditions.locked.dtype)[:, None, None]
    return Conditions(conditions.locked * mask, conditions.cross * mask)


def guided_velocity(dit: DiT, conditions: Conditions, *, guidance: float) -> Velocity:
    """Velocity of the latent under guidance: v(0) + w (v(c) - v(0)).

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


def midpoint(velocity: Velocity, noise: Tensor, *, steps: int) -> Tensor:
    """Integrate from t = 0 to 1 by the explicit midpoint rule: two evaluations a step, error of second order."""
    latent, width = noise, 1.0 / steps
    for step in range(steps):
        time = step * width
        half = latent + 0.5 * width * velocity(latent, time)
        latent = latent + width * velocity(half, time + 0.5 * width)
    return latent
