"""What a trial of trainings is made of: arms, questions, and the points that are measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


TUNING = 0.2
"""Share of the steps that an arm spends on its own where it starts from another."""


class Arm(NamedTuple):
    """How a model is trained."""

    tasks: str
    clips: int
    """In a step, as a multiple of those of one task alone."""
    rate: int
    """Learning rate, as a multiple of that of one task alone."""
    mixtures: bool = False
    after: str = ""
    """The arm whose weights it starts from, for the last share of the steps."""
    scheme: str = "paper"
    """Conditions on the channel axis."""


class Question(NamedTuple):
    """Which two arms are compared, and on which benchmark: the first minus the second."""

    name: str
    benchmark: str
    first: str
    second: str


class Trial(NamedTuple):
    """What is tried, and where its report goes."""

    name: str
    """Names the marks in the README and the plot."""
    heading: str
    arms: dict[str, Arm]
    questions: tuple[Question, ...]
    setting: str
    """What the arms are, in a sentence or two."""

    @property
    def marks(self) -> tuple[str, str]:
        """What the report stands between."""
        return f"<!-- {self.name}: begin -->", f"<!-- {self.name}: end -->"

    @property
    def plot(self) -> str:
        """File name of the learning curves."""
        return f"{self.name.replace(' ', '-')}.svg"

    @property
    def tables(self) -> str:
        """File name of the numbers at every budget."""
        return f"{self.name.replace(' ', '-')}.md"


class Point(NamedTuple):
    """A difference of two arms at one budget, over seeds."""

    question: str
    metric: str
    budget: int
    first: float
    second: float
    difference: float
    clips: float
    """Half-width of the 95 % interval by clips, the mean over seeds; NaN where there is none."""
    seeds: float
    """Half-width of the 95 % interval by seeds, Student's t of their differences; NaN for one seed."""
    direction: str
    scale: float
    decimals: int
    unit: str
    n: int | None = None
    total: int | None = None
    """Clips that both arms measured with every seed, and that they ought to have; None for a loss."""

    @property
    def half(self) -> float:
        """Half-width with both kinds of chance: clips do not average out over seeds, for they are the same clips."""
        known = [half for half in (self.clips, self.seeds) if not math.isnan(half)]
        return math.hypot(*known) if known else math.nan

    @property
    def better(self) -> int:
        """1 where the first arm is better, -1 where it is worse, 0 where the interval holds zero."""
        if not abs(self.difference) > self.half:
            return 0
        return 1 if (self.difference > 0) == (self.direction == "higher") else -1


def weights_of(asked: argparse.Namespace, name: str, seed: int, budget: int) -> Path:
    return asked.out / f"{name}-{seed}" / f"{budget}.safetensors"


def training_of(asked: argparse.Namespace, name: str, arm: Arm, seed: int, budget: int) -> Path:
    """Folder of the training that gives an arm's weights at a budget."""
    return asked.out / f"{name}-{seed}" / (f"to-{budget}" if arm.after else "training")


def steps_of(arm: Arm, budget: int) -> int:
    """Steps that an arm itself takes up to a budget."""
    return round(budget * TUNING) if arm.after else budget
