"""The authors' sampler, step for step: adaptive dopri5 over the latent and all its time-locked conditions.

What defines the numbers (VSSFlow, arXiv 2509.24773, and the authors' released code):

* The state is the whole input of the transformer. The velocity of the condition channels is set to zero, but
  they count in the solver's error norm, and so do all clips of a batch: what else is in a batch changes the
  steps. Where a clip must not depend on the others, it is sampled alone.
* Both tolerances are 1e-5, and they alone decide the cost. The grid of eleven times asks only for interpolated
  output, which is why "10 steps" changes nothing.
* The last step may pass t = 1: the transformer is asked beyond it, and the result is interpolated back.
* The zero-condition branch is a full forward on zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from vssflow.flow import state
from vssflow.sampling.sampled import Sampled, finite

if TYPE_CHECKING:
    from vssflow.conditions import Conditions
    from vssflow.dit import DiT

Method = Literal["dopri5", "euler", "midpoint"]
TOLERANCE = 1e-5
"""Absolute and relative."""
TIMES = 11
"""Points of the time grid from 0 to 1; the fixed-step methods take one step between each two."""


class ReferenceVelocity:
    """Guided velocity of the whole state (batch, channels, frames); counts the forwards it makes."""

    def __init__(
        self, dit: DiT, conditions: Conditions, latent: int, *, guidance: float, drift_below_one: bool
    ) -> None:
        self.dit, self.conditions, self.latent, self.guidance = dit, conditions, latent, guidance
        self.empty = conditions.dropped()
        self.drift = drift_below_one and guidance < 1.0
        self.evaluations = 0

    def __call__(self, time: Tensor, x: Tensor) -> Tensor:
        """Velocity at one time, a tensor without dimensions."""
        t = time.to(x.dtype).expand(x.shape[0])
        latent = x[:, : self.latent]
        without = self._forward(state(latent, self.empty), t, self.empty.cross)
        if self.drift:
            return without
        velocity = torch.zeros_like(x)
        with_conditions = self._forward(x, t, self.conditions.cross)[:, : self.latent]
        without = without[:, : self.latent]
        velocity[:, : self.latent] = without + self.guidance * (with_conditions - without)
        return finite(velocity, f"the velocity at t = {float(time):.4f}")

    def _forward(self, x: Tensor, t: Tensor, cross: Tensor) -> Tensor:
        self.evaluations += 1
        return self.dit(x, t, cross)  # type: ignore[no-any-return]


@torch.no_grad()
def trajectory(
    dit: DiT,
    conditions: Conditions,
    noise: Tensor,
    *,
    guidance: float = 3.0,
    method: Method = "dopri5",
    drift_below_one: bool = False,
) -> tuple[Tensor, int]:
    """Walk from noise to sound and keep the whole state at eleven even times.

    Args:
        dit: the transformer.
        conditions: of a batch of clips.
        noise: (batch, latent, frames).
        guidance: weight of classifier-free guidance; 3 in the paper.
        method: `dopri5`, or a fixed step of 0.1 by `euler` or `midpoint`.
        drift_below_one: below a weight of one do as the authors' code does: the unconditional velocity alone,
            whatever the weight, and the condition channels drift with it. Without it the formula holds for any
            weight.

    Returns:
        States (11, batch, channels, frames), the last one at t = 1, and the number of forwards.

    Raises:
        Unmeasurable: the velocity is not finite.
    """
    from torchdiffeq import odeint

    velocity = ReferenceVelocity(
        dit, conditions, noise.shape[1], guidance=guidance, drift_below_one=drift_below_one
    )  # fmt: skip
    times = torch.linspace(0.0, 1.0, TIMES, device=noise.device)
    start = state(noise, conditions)
    states: Tensor = odeint(velocity, start, times, method=method, atol=TOLERANCE, rtol=TOLERANCE)
    return states, velocity.evaluations


def sample_reference(
    dit: DiT, conditions: Conditions, noise: Tensor, *, guidance: float = 3.0, method: Method = "dopri5"
) -> Sampled:
    """Sample as the authors do; arguments and errors as for `trajectory`."""
    states, evaluations = trajectory(dit, conditions, noise, guidance=guidance, method=method)
    return Sampled(states[-1, :, : noise.shape[1]], evaluations)
