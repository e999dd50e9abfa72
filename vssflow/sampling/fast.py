"""The quick sampler: the same field as `reference`, folded, walked in fewer evaluations by fixed steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vssflow.sampling.folded import FoldedDiT
from vssflow.sampling.guidance import GUIDANCE, THROUGHOUT, Times
from vssflow.sampling.sampled import Sampled, finite
from vssflow.sampling.solvers import DEFAULT, DEFAULT_STEPS, Solver

if TYPE_CHECKING:
    from collections.abc import Callable

    from vssflow.conditions import Conditions
    from vssflow.dit import DiT
    from vssflow.sampling.folded import Context


class FastSampler:
    """A frozen copy of a transformer, ready to sample: weights that change later do not reach it.

    On a CPU matrices are in single precision. CUDA only: matrices in bfloat16, and the forward recorded once as a
    CUDA graph and replayed, so that the launching of kernels costs nothing.
    """

    def __init__(
        self, dit: DiT, latent: int = 128, *, dtype: torch.dtype | None = None, backend: str | None = "auto"
    ) -> None:
        """Fold `dit`, on the device it is on.

        Args:
            dit: the transformer; not kept, so that its memory can be given back.
            latent: channels of the latent, the first of the transformer's.
            dtype: precision of the matrices; None means bfloat16 on CUDA, single precision elsewhere.
            backend: of `torch.compile`; None for none at all. `auto` means `cudagraphs` on CUDA, and none elsewhere.
                `inductor` fuses as well, and compiles for minutes.
        """
        self.device = dit.proj_in.weight.device
        cuda = self.device.type == "cuda"
        with torch.no_grad():
            self.folded = FoldedDiT(dit, latent, dtype=dtype or (torch.bfloat16 if cuda else torch.float32))
        if backend == "auto":
            backend = "cudagraphs" if cuda else None
        self._forward: Callable[[Tensor, Tensor, Context, float], Tensor] = (
            torch.compile(self.folded, backend=backend, dynamic=False) if backend else self.folded
        )
        self._compiled = backend is not None
        self._tokens: dict[float, Tensor] = {}

    @torch.no_grad()
    def sample(
        self,
        conditions: Conditions,
        noise: Tensor,
        *,
        guidance: float = GUIDANCE,
        guided: Times = THROUGHOUT,
        steps: int | None = None,
        solver: Solver = DEFAULT,
        lengths: Sequence[int] | None = None,
    ) -> Sampled:
        """Sample a batch of clips; none of them changes another beyond float noise.

        Args:
            conditions: of the batch.
            noise: (batch, latent, frames); `clip_noise` draws it.
            guidance: weight of classifier-free guidance, any number; 1 takes half the forwards.
            guided: first and last flow time with guidance; outside, the weight is 1. Guidance in the first and the last
                steps costs likeness and buys little (Kynkäänniemi et al., arXiv 2404.07724).
            steps: steps of the solver; None means the default solver's default.
            solver: one of `vssflow.sampling.solvers`.
            lengths: frames of each clip that are not padding; None means all of them.

        Returns:
            Latents, zero where padded, and the number of forwards.

        Raises:
            ValueError: `steps` is below one.
            Unmeasurable: the result is not finite.
        """
        context = self.folded.prepare(conditions, lengths)
        evaluations = 0

        def velocity(latent: Tensor, time: float) -> Tensor:
            nonlocal evaluations
            weight = guidance if guided[0] <= time <= guided[1] else 1.0
            evaluations += 1 if weight == 1.0 else 2
            if not self._compiled:
                return self._forward(latent, self.time_token(time), context, weight)
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
            # a replayed graph writes each result over the one before
            return self._forward(latent, self.time_token(time), context, weight).clone()

        latent = solver.walk(velocity, noise.to(self.device), DEFAULT_STEPS if steps is None else steps)
        for clip, length in zip(latent, lengths or (), strict=False):
            clip[:, length:] = 0.0
        return Sampled(finite(latent, "the sampled latent"), evaluations)

    def time_token(self, time: float) -> Tensor:
        """Token of a flow time, (width,), computed once for all clips."""
        if time not in self._tokens:
            self._tokens[time] = self.folded.time_token(time)
        return self._tokens[time]
