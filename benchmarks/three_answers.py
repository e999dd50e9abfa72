"""Simulates how often the three answers of vsseval are wrong, and prints a Markdown table (docs/statistics.md).

    python benchmarks/three_answers.py [--draws 4000]

Two kinds of truth: no difference at all, where "seen" is false, to either side; and a difference that just counts (a
tenth of what the metric can move by), where "not seen" is false. The rules are those of `vsseval.statistics`, applied
to many draws at once; `tests/statistics/test_answer.py` holds that both say the same, and runs a share of this.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from vsseval.statistics.answer import CHANCE, FEWEST
from vsseval.statistics.clustered import ClusterSums, standard_error
from vsseval.statistics.estimate import ALIKE, LEVEL
from vsseval.statistics.intervals import interval_ends
from vsseval.statistics.jackknife import jackknife_variance, neighbours
from vsseval.statistics.planning import PowerSettings, detectable
from vsseval.statistics.student import quantile

CLIPS = (6, 12, 48, 500)
SEED = 14
AT_ONCE = 400_000
"""Clips that are drawn at a time."""


class Found(NamedTuple):
    """What was found in many draws, each of shape (draws,); differences turned so that positive is worse."""

    value: np.ndarray
    se: np.ndarray
    low: np.ndarray
    high: np.ndarray
    known: np.ndarray
    """There is an interval."""
    units: int
    """Clusters, or groups of a distance."""
    enough: int
    """What is held against `FEWEST`: clusters; of a distance, clips."""


class Rates(NamedTuple):
    """Shares of draws, in per cent."""

    seen: float
    unseen: float

    @property
    def open(self) -> float:
        """Of those that cannot tell."""
        return 100.0 - self.seen - self.unseen


def judged(found: Found, least: float, *, either: bool) -> Rates:
    """Return the answers; `either`: a difference to either side is seen, as `compare` does."""
    seen = found.known & ((found.low > 0) | (either & (found.high < 0)))
    bar = detectable(found.units - 1, PowerSettings(power=CHANCE)) if found.units > 1 else np.inf
    suffices = (found.se * bar <= least) & (found.enough >= FEWEST)
    unseen = ~seen & found.known & (found.high <= least) & suffices
    if either:
        unseen &= found.low >= -least
    return Rates(100 * float(seen.mean()), 100 * float(unseen.mean()))


# Metrics that have a value for each clip: a draw returns the sums of the degraded recordings, and of the recordings


def even(rng, shape, effect):
    """As the agreement of sound and caption: clips differ in how hard they are, noise is normal; all move alike."""
    hard = rng.normal(0.5, 0.1, shape)
    sides = [hard + rng.normal(0, 0.05, shape) for _ in range(2)]
    return [ClusterSums(sides[0] + effect, np.ones(shape)), ClusterSums(sides[1], np.ones(shape))]


def one_in_ten(rng, shape, effect):
    """As the similarity of a voice: nothing moves but for noise, save one clip in ten, which changes wholly (by 1)."""
    changed = rng.random(shape) < effect
    sides = [rng.normal(0, 0.01, shape) for _ in range(2)]
    return [ClusterSums(sides[0] + changed, np.ones(shape)), ClusterSums(sides[1], np.ones(shape))]


def far_off(rng, shape, effect):
    """As desync: some clips are up to 2 s off by chance, half of these in both; the fault throws one more in ten."""
    both = rng.random(shape) < 0.05
    sides = []
    for more in (effect, 0.0):
        far = both | (rng.random(shape) < 0.05) | (rng.random(shape) < more / 0.9)
        sides.append(np.where(far, rng.uniform(0, 2, shape), np.abs(rng.normal(0, 0.05, shape))))
    return [ClusterSums(side, np.ones(shape)) for side in sides]


def words(rng, shape, effect):
    """Word errors, two sentences of a speaker: 5 % of words by chance; one sentence in ten is lost as a whole."""
    draws, clips = shape
    count = rng.integers(5, 13, (draws, clips // 2, 2))
    ease = rng.beta(0.8, 15.2, (draws, clips // 2, 1))
    errors = [rng.binomial(count, np.broadcast_to(ease, count.shape)) for _ in range(2)]
    errors[0] = np.where(rng.random(count.shape) < effect / 0.95, count, errors[0])
    return [ClusterSums(side.sum(-1).astype(float), count.sum(-1).astype(float)) for side in errors]


PER_CLIP = {"even": even, "one in ten": one_in_ten, "far off": far_off, "words": words}
"""Name -> metric; of all of these 0.1 is a tenth of what they can move by (`even`: of its value, 0.5)."""
LEAST = {"even": 0.05, "one in ten": 0.1, "far off": 0.1, "words": 0.1}


def of_clips(draw, clips: int, effect: float, draws: int) -> Found:
    """Draw many benchmarks of so many clips, and estimate the difference in each."""
    rng = np.random.default_rng([SEED, clips, round(1000 * effect)])
    found = []
    left = draws
    while left:
        some = min(left, max(1, AT_ONCE // clips))
        left -= some
        sides = draw(rng, (some, clips), effect)
        value = sides[0].ratio() - sides[1].ratio()
        influence = sides[0].influence() - sides[1].influence()
        se, (ends, _) = standard_error(influence), interval_ends(value, influence, sides)
        alike = (value != 0) & (se <= ALIKE * np.abs(value))
        low, high = np.where(alike, value, ends.low), np.where(alike, value, ends.high)
        known = ~alike | (2.0 ** (1 - influence.shape[-1]) <= 1 - LEVEL)
        found.append((value, se, low, high, known))
    units = sides[0].x.shape[-1]
    return Found(*(np.concatenate(part) for part in zip(*found, strict=True)), units, units)


# A distance of sets: that of normal distributions with independent dimensions, so that it is quick

WIDE, PATCHES, GROUPS = 6, 4, 20


def distance(sums: np.ndarray) -> np.ndarray:
    """Return Fréchet distances of two systems from a reference, (..., 2), of sums (..., set, 1 + 2 * WIDE)."""
    n = sums[..., :1]
    mean, square = sums[..., 1 : WIDE + 1] / n, sums[..., WIDE + 1 :] / n
    spread = np.sqrt(np.maximum(square - mean**2, 0.0) * n / (n - 1))
    apart = np.square(mean[..., :2, :] - mean[..., 2:, :]) + np.square(spread[..., :2, :] - spread[..., 2:, :])
    return np.asarray(apart.sum(-1))


def of_sets(clips: int, effect: float, draws: int) -> Found:
    """Draw sets of clips of two systems and their reference, which have much in common; leave out groups of clips."""
    rng = np.random.default_rng([SEED, clips, round(1000 * effect)])
    groups = min(GROUPS, clips)
    places = np.arange(clips) % groups
    first, second = np.array(neighbours(groups)).T
    found, left = [], draws
    while left:
        some = min(left, max(1, AT_ONCE // (clips * PATCHES * WIDE)))
        left -= some
        common = rng.standard_normal((some, clips, 1, PATCHES, WIDE))
        own = rng.standard_normal((some, clips, 3, PATCHES, WIDE))
        centre = np.array([np.sqrt(0.25 + effect / WIDE), 0.5, 0.0])[:, None, None]
        x = 0.7 * common + np.sqrt(0.51) * own + centre
        parts = np.concatenate([np.full((some, clips, 3, 1), float(PATCHES)), x.sum(3), np.square(x).sum(3)], -1)
        grouped = np.stack([parts[:, places == group].sum(1) for group in range(groups)], 1)
        whole = grouped.sum(1)
        gaps = [np.subtract(*np.moveaxis(distance(sums), -1, 0)) for sums in (
            whole, whole[:, None] - grouped, whole[:, None] - grouped[:, first] - grouped[:, second]
        )]  # fmt: skip
        found.append((gaps[0], np.sqrt(jackknife_variance(*gaps))))
    value, se = (np.concatenate(part) for part in zip(*found, strict=True))
    half = quantile(groups - 1) * se
    return Found(value, se, value - half, value + half, np.ones(draws, bool), groups, clips)


def trial(clips: int, draws: int) -> dict[str, tuple[Rates, Rates]]:
    """Return, for each metric, the answers where there is no difference and where there is one that just counts."""
    found = {}
    for name, draw in PER_CLIP.items():
        least = LEAST[name]
        nothing, something = (of_clips(draw, clips, effect, draws) for effect in (0.0, least))
        found[name] = judged(nothing, least, either=True), judged(something, least, either=False)
    nothing, something = (of_sets(clips, effect, draws) for effect in (0.0, 0.15))
    # The interval is for what so many clips give on average.
    least = float(something.value.mean())
    found["distance of sets"] = judged(nothing, least, either=True), judged(something, least, either=False)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000)
    draws = parser.parse_args().draws
    print("| | clips | no difference: seen | not seen | cannot tell | one that counts: seen | not seen | cannot tell |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    table = {clips: trial(clips, draws) for clips in CLIPS}
    for name in table[CLIPS[0]]:
        for clips, found in table.items():
            shown = " | ".join(f"{r.seen:.1f} | {r.unseen:.1f} | {r.open:.1f}" for r in found[name])
            print(f"| {name} | {clips} | {shown} |" if clips == CLIPS[0] else f"| | {clips} | {shown} |")


if __name__ == "__main__":
    main()
