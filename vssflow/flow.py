"""Flow matching: the straight path from noise to sound, and its loss; `vssflow.sampling` walks along it.

x_t = (1 - t) x_0 + t x_1 with velocity x_1 - x_0 (conditional optimal transport, arXiv 2210.02747, equation 22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vssflow.conditions import Conditions

if TYPE_CHECKING:
    from vssflow.dit import DiT


def state(latent: Tensor, conditions: Conditions) -> Tensor:
    """Lay the latent (batch, latent, frames) on top of the time-locked conditions."""
    return torch.cat([latent, conditions.locked], dim=1)


def between(latent: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Return the points x_t (batch, latent, frames) of the straight paths at times t (batch,)."""
    time = t[:, None, None]
    return (1 - time) * noise + time * latent


def velocity(dit: DiT, point: Tensor, conditions: Conditions, t: Tensor) -> Tensor:
    """Predict the velocity of the latent channels at x_t, (batch, latent, frames)."""
    return dit(state(point, conditions), t, conditions.cross)[:, : point.shape[1]]  # type: ignore[no-any-return]


def flow_loss(dit: DiT, latent: Tensor, conditions: Conditions, *, noise: Tensor, t: Tensor) -> Tensor:
    """Mean squared error between predicted and true velocity of the latent channels, per clip: (batch,)."""
    predicted = velocity(dit, between(latent, noise, t), conditions, t)
    return (predicted - (latent - noise)).square().mean(dim=(1, 2))


def drop(conditions: Conditions, keep: Tensor) -> Conditions:
    """Zero all conditions of the clips where `keep` (batch,) is False."""
    mask = keep.to(conditions.locked.dtype)[:, None, None]
    return Conditions(conditions.locked * mask, conditions.cross * mask)
