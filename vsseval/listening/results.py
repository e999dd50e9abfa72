"""Turns what raters said into scores of systems with intervals, their differences, and how far raters agree."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from vsseval.errors import UsageError
from vsseval.statistics.bradley_terry import Compared, Strengths, fit
from vsseval.statistics.krippendorff import Alpha, Scale, alpha
from vsseval.statistics.significance import holm
from vsseval.statistics.two_way import TwoWay, linear, mean
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.listening.key import Role, TestKey
    from vsseval.listening.screening import Judgement

__all__ = ["Difference", "Results", "Scored", "results"]

SCALES: dict[str, Scale] = {"ab": "ordinal", "mos": "ordinal", "mushra": "interval"}


class Scored(Record, frozen=True):
    """One system."""

    name: str
    role: Role
    ratings: int
    score: TwoWay
    """Mean score; of pairs the share in which it was preferred, a tie counting half."""
    worth: TwoWay | None = None
    """Of pairs: log strength by Davidson's model; 0 is the mean of all."""
    one_sided: str = ""
    """ "never lost" or "never won": one end of the interval of `worth` means nothing."""


class Difference(Record, frozen=True):
    """One system beside another."""

    a: str
    b: str
    value: TwoWay
    """Score of a less that of b; of pairs the difference of their log strengths."""
    p: float | None
    """Holm's, adjusted for all pairs of systems."""


class Results(Record, frozen=True, kw_only=True):
    """What came of a test."""

    kind: str
    systems: tuple[Scored, ...]
    """Best first."""
    differences: tuple[Difference, ...]
    agreement: Alpha
    ties: float | None = None
    """Of pairs: share of answers that are ties."""
    left: TwoWay | None = None
    """Of pairs with a winner: share of those in which it stood left; without bias a half."""
    notes: tuple[str, ...] = ()


class _Numbers(NamedTuple):
    """Judgements as arrays."""

    value: np.ndarray
    rater: np.ndarray
    item: np.ndarray
    """Index of the cluster of clips."""
    unit: np.ndarray
    """Index of what was judged."""


def results(said: Sequence[Judgement], key: TestKey) -> Results:
    """Return the results of those whose answers count.

    Raises:
        UsageError: nobody's do, or pairs do not connect the systems.
    """
    if not said:
        raise UsageError("no answer is left: see above why. Keep all raters with --keep-all")
    numbers = _numbers(said, key)
    names = sorted({name for one in said for name in one.systems})
    agreement = alpha(numbers.value, numbers.unit, SCALES[key.kind])
    made = _pairs(said, numbers, names, key) if key.kind == "ab" else _scores(said, numbers, names, key)
    never = [name for name in key.judged if name not in names]
    notes = [f"{name} was not rated yet." for name in never]
    if len(np.unique(numbers.rater)) < 2:
        notes.append("One rater alone: no interval, which would be of people.")
    return msgspec.structs.replace(made, agreement=agreement, notes=(*made.notes, *notes))


def _numbers(said: Sequence[Judgement], key: TestKey) -> _Numbers:
    def index(names: Sequence[object]) -> np.ndarray:
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        return np.array([places[name] for name in names])

    return _Numbers(
        np.array([one.value for one in said]), index([one.rater for one in said]),
        index([key.clusters.get(one.clip, one.clip) for one in said]), index([(one.clip, one.systems) for one in said]),
    )  # fmt: skip


def _scores(said: Sequence[Judgement], numbers: _Numbers, names: Sequence[str], key: TestKey) -> Results:
    of = np.array([names.index(one.systems[0]) for one in said])
    means, influence = [], np.zeros((len(said), len(names)))
    for place in range(len(names)):
        mine = of == place
        means.append(mean(numbers.value[mine], numbers.rater[mine], numbers.item[mine]))
        influence[mine, place] = (numbers.value[mine] - means[place].value) / mine.sum()
    differences = {}
    for i, j in combinations(range(len(names)), 2):
        contrast = np.zeros(len(names))
        contrast[i], contrast[j] = 1, -1
        both = (of == i) | (of == j)
        value = means[i].value - means[j].value
        differences[i, j] = linear(value, influence[both], contrast, numbers.rater[both], numbers.item[both])
    scored = [
        Scored(name, _role(key, name), int((of == place).sum()), means[place]) for place, name in enumerate(names)
    ]
    return _ordered(key, scored, differences, names)


def _pairs(said: Sequence[Judgement], numbers: _Numbers, names: Sequence[str], key: TestKey) -> Results:
    first, second = (np.array([names.index(one.systems[side]) for one in said]) for side in (0, 1))
    fitted, note = _fitted(Compared(first, second, numbers.value, numbers.rater, numbers.item), len(names))
    lost, won = (fitted.never_lost, fitted.never_won) if fitted else ((), ())
    sided = dict.fromkeys(lost, "never lost") | dict.fromkeys(won, "never won")
    scored = []
    for place, name in enumerate(names):
        points = np.where(first == place, (numbers.value + 1) / 2, (1 - numbers.value) / 2)
        mine = (first == place) | (second == place)
        share = mean(points[mine], numbers.rater[mine], numbers.item[mine])
        worth = fitted.worth[place] if fitted else None
        scored.append(Scored(name, _role(key, name), int(mine.sum()), share, worth, sided.get(place, "")))
    differences = fitted.differences if fitted else {}
    made = _ordered(key, scored, differences, names)
    sides = np.array([one.left is not None for one in said])
    left = None
    if sides.any():
        stood = np.array([float(bool(one.left)) for one in said])
        left = mean(stood[sides], numbers.rater[sides], numbers.item[sides])
    return msgspec.structs.replace(made, ties=float((numbers.value == 0).mean()), left=left, notes=note)


def _fitted(found: Compared, systems: int) -> tuple[Strengths | None, tuple[str, ...]]:
    """Fit strengths, or say why there are none yet: shares can be told in any case."""
    try:
        return fit(found, systems), ()
    except UsageError as apart:
        return None, (f"No strengths: {apart}.",)


def _ordered(
    key: TestKey, scored: Sequence[Scored], differences: dict[tuple[int, int], TwoWay], names: Sequence[str]
) -> Results:
    """Put the best first, and let every difference be of the better less the worse."""
    ranked = sorted(scored, key=lambda one: -(one.worth or one.score).value)
    made = []
    for a, b in combinations([one.name for one in ranked] if differences else [], 2):
        i, j = names.index(a), names.index(b)
        value = differences[i, j] if i < j else _turned(differences[j, i])
        made.append(Difference(a, b, value, None))
    adjusted = holm([one.value.p for one in made])
    told = tuple(msgspec.structs.replace(one, p=p) for one, p in zip(made, adjusted, strict=True))
    return Results(kind=key.kind, systems=tuple(ranked), differences=told, agreement=Alpha(None))


def _turned(one: TwoWay) -> TwoWay:
    low, high = (None if end is None else -end for end in (one.high, one.low))
    return msgspec.structs.replace(one, value=-one.value, low=low, high=high)


def _role(key: TestKey, name: str) -> Role:
    return next(system.role for system in key.systems if system.name == name)
