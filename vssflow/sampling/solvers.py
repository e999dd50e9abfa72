"""Fixed-step solvers of an initial value problem from t = 0 to t = 1.

Runge-Kutta methods ask for the velocity several times within a step. Adams methods ask once and remember: a
polynomial through the velocities of the last steps is integrated exactly, for any spacing of the times (Hairer,
Norsett and Wanner, Solving Ordinary Differential Equations I, sections III.1 and III.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.polynomial import Polynomial
from torch import Tensor

from vssflow.sampling.guidance import Velocity


class Solver(Protocol):
    """A way to walk from noise to sound."""

    @property
    def per_step(self) -> int:
        """Evaluations of the velocity in one step."""
        ...

    def walk(self, velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
        """Integrate from `noise`, any shape, at t = 0 to t = 1 in `steps` steps, at least one."""
        ...


def times(steps: int, bend: float = 1.0) -> list[float]:
    """Times from 0 to 1, `steps` + 1 of them; a `bend` above one puts more of them early: t = s ** bend.

    Raises:
        ValueError: `steps` is below one.
    """
    if steps < 1:
        raise ValueError(f"a solver takes at least one step, not {steps}")
    return [(step / steps) ** bend for step in range(steps + 1)]


@dataclass(frozen=True)
class RungeKutta:
    """An explicit Runge-Kutta method: when each stage looks, from which stages it starts, and how all are joined."""

    nodes: tuple[float, ...]
    stages: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    bend: float = 1.0

    @property
    def per_step(self) -> int:
        """Evaluations of the velocity in one step."""
        return len(self.nodes)

    def walk(self, velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
        """Integrate from t = 0 to t = 1."""
        grid, latent = times(steps, self.bend), noise
        for start, end in pairwise(grid):
            latent = self.step(velocity, latent, start, end)
        return latent

    def step(self, velocity: Velocity, latent: Tensor, start: float, end: float) -> Tensor:
        """Take one step."""
        slopes: list[Tensor] = []
        for node, stage in zip(self.nodes, self.stages, strict=True):
            here = advance(latent, slopes, [weight * (end - start) for weight in stage])
            slopes.append(velocity(here, start + node * (end - start)))
        return advance(latent, slopes, [weight * (end - start) for weight in self.weights])


@dataclass(frozen=True)
class Adams:
    """An explicit multistep method, one evaluation a step; the first steps are of lower order: nothing precedes them.

    With a `corrector` each step is taken again as soon as the velocity at its end is known, by the implicit formula of
    that order (Adams-Moulton). That velocity was asked at the predicted latent, and stands for the one at the corrected
    latent too ("PEC"; UniPC, arXiv 2302.04867, does the same), so that correcting costs nothing. The last step
    remains as predicted.
    """

    predictor: int
    """Order of the explicit formula (Adams-Bashforth)."""
    corrector: int | None = None
    bend: float = 1.0

    @property
    def per_step(self) -> int:
        """Evaluations of the velocity in one step."""
        return 1

    def walk(self, velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
        """Integrate from t = 0 to t = 1."""
        grid, latent, before = times(steps, self.bend), noise, noise
        slopes: list[Tensor] = []
        for step, (start, end) in enumerate(pairwise(grid)):
            slopes = [*slopes, velocity(latent, start)][-max(self.predictor, self.corrector or 0) :]
            known = grid[step + 1 - len(slopes) : step + 1]
            if self.corrector is not None and step > 0:
                latent = _through(before, slopes, known, self.corrector, grid[step - 1], start)
            before, latent = latent, _through(latent, slopes, known, self.predictor, start, end)
        return latent


def _through(
    latent: Tensor, slopes: Sequence[Tensor], nodes: Sequence[float], order: int, start: float, end: float
) -> Tensor:
    """Add to `latent` the integral from `start` to `end` of the polynomial through the last `order` slopes."""
    return advance(latent, slopes[-order:], integrals(tuple(nodes[-order:]), start, end))


def advance(latent: Tensor, slopes: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return latent + sum of weight * slope."""
    for slope, weight in zip(slopes, weights, strict=True):
        if weight:
            latent = latent + weight * slope
    return latent


@lru_cache(maxsize=1024)
def integrals(nodes: tuple[float, ...], start: float, end: float) -> tuple[float, ...]:
    """Integral from `start` to `end` of each Lagrange polynomial on `nodes`: the weights of the values there."""
    weights = []
    for node in nodes:
        others = [other for other in nodes if other != node]
        roots = Polynomial.fromroots(others) if others else Polynomial([1.0])  # of no root numpy makes none
        basis = roots / np.prod([node - other for other in others])
        whole = basis.integ()
        weights.append(float(whole(end) - whole(start)))
    return tuple(weights)


SOLVERS: Mapping[str, Solver] = MappingProxyType(
    {
        "euler": Adams(1),
        "midpoint": RungeKutta((0, 1 / 2), ((), (1 / 2,)), (0, 1)),
        "heun": RungeKutta((0, 1), ((), (1,)), (1 / 2, 1 / 2)),
        "ralston": RungeKutta((0, 2 / 3), ((), (2 / 3,)), (1 / 4, 3 / 4)),
        "bogacki-shampine": RungeKutta((0, 1 / 2, 3 / 4), ((), (1 / 2,), (0, 3 / 4)), (2 / 9, 1 / 3, 4 / 9)),
        "rk4": RungeKutta((0, 1 / 2, 1 / 2, 1), ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
        "ab2": Adams(2),
        "ab3": Adams(3),
        "pec2": Adams(2, corrector=2),
        "pec3": Adams(3, corrector=3),
    }
)
"""What has been compared, on even times; `benchmarks/vssflow_sampling.py` prints how, and on bent ones."""
DEFAULT: Solver = Adams(2, corrector=2, bend=1.25)
DEFAULT_STEPS = 16
