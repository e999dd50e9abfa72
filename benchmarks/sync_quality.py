"""What `desync@onset` makes of real recordings: their own sound, other clips' sounds, noise, and sounds that are moved.

    python benchmarks/sync_quality.py FOLDER... [--others 20] [--seed 0] [--clips]

Every video of the folders with a sound track of its own, and at least 1.5 s of both, is a clip; what is left out is
named. The first table has the mean value in seconds with the own sound, with sounds drawn among the other clips and
with white noise, the paired differences with their 95 % intervals (bootstrap over clips), and the share of own sounds
whose value is below 0.2 s. The second says how often the estimate follows, within 0.1 s, when the sound is moved (both
are cut, nothing is filled in). The third sets confidence beside how often the lag was wrong: not within 0.2 s of
zero, or of the move. Recordings that are truly apart, a cannon far away, count as wrong. There, the confidence of a
recording is that of a logistic function fitted to all recordings but it (`leave one out`); the coefficients of the
fit to all are printed, which are to be those of `vsseval.metrics.desync`.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.extractors import onset
from vsseval.media import Audio, Video, load_audio

SUFFIXES = {".mp4", ".mpg", ".mkv", ".webm", ".avi", ".mov"}
MOVES = (-1.0, -0.4, -0.2, -0.1, 0.1, 0.2, 0.4, 1.0)
"""Seconds by which sounds are made late."""
NEAR, FOLLOWS = 0.2, 0.1
LEAST = 1.5
"""Seconds of sound and picture."""
STEPS = (0.0, 0.3, 0.4, 0.5, 0.6, 1.0)
"""Edges of the classes of confidence."""

Arrays = dict[str, Any]


RIDGE = 1.0
"""Penalty of the fit: half the sum of squares of the coefficients, the constant's aside."""


class Judged(NamedTuple):
    """What the estimate of one recording, moved or not, says of itself, and whether it is right."""

    clip: int
    move: float
    repeated: float
    rival: float
    right: bool


class Clip(NamedTuple):
    """One recording's features."""

    name: str
    sound: Arrays
    picture: Arrays


def clips(folders: list[Path]) -> list[Clip]:
    """Extract all that can be measured; name the rest on stderr."""
    found: list[Clip] = []
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        try:
            sound, picture = (
                plugins.load("extractors", "onset")().extract(load_audio(path)),
                plugins.load("extractors", "motion")().extract(Video(path)),
            )
        except Unmeasurable as error:
            print(f"left out: {path}: {error}", file=sys.stderr)
            continue
        if min(len(sound["level"]), len(picture["tiles"])) < LEAST * onset.ENVELOPE_RATE:
            print(f"left out: {path}: shorter than {LEAST} s", file=sys.stderr)
            continue
        found.append(Clip(str(path), dict(sound), dict(picture)))
    return found


def moved(clip: Clip, seconds: float) -> tuple[Arrays, Arrays] | None:
    """Return sound and picture with the sound late by `seconds`; None where less than `LEAST` is left."""
    steps = round(seconds * onset.ENVELOPE_RATE)
    count = min(len(clip.sound["level"]), len(clip.picture["tiles"])) - abs(steps)
    if count < LEAST * onset.ENVELOPE_RATE:
        return None
    first, second = max(-steps, 0), max(steps, 0)
    sound = {name: clip.sound[name][first : first + count] for name in ("flux", "level")}
    rate = {"rate": clip.sound["rate"]}
    return sound | rate, {"tiles": clip.picture["tiles"][second : second + count]} | rate


def interval(values: np.ndarray, rng: np.random.Generator) -> str:
    """Return the mean of values with its bootstrap 95 % interval."""
    means = values[rng.integers(0, len(values), (10_000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():+.2f} [{low:+.2f}, {high:+.2f}]"


def noise_like(clip: Clip, rng: np.random.Generator) -> Arrays:
    """Return the features of white noise as long as the clip's picture."""
    samples = 0.1 * rng.standard_normal(len(clip.picture["tiles"]) * onset.RATE // onset.ENVELOPE_RATE)
    return dict(plugins.load("extractors", "onset")().extract(Audio(samples, onset.RATE)))


def quality(found: list[Clip], others: int, rng: np.random.Generator) -> tuple[list[Any], np.ndarray]:
    """Print the first table; return the scores of own sounds, and what others' say of themselves, (n * others, 2)."""
    metric = plugins.load("metrics", "desync@onset")()
    begun = time.process_time()
    own = [metric.score(clip.sound, clip.picture) for clip in found]
    took = (time.process_time() - begun) / len(found)
    mismatched = [
        [
            metric.score(found[j].sound, clip.picture)
            for j in rng.choice(np.delete(np.arange(len(found)), i), min(others, len(found) - 1), replace=False)
        ]
        for i, clip in enumerate(found)
    ]
    noise = np.array([metric.score(noise_like(clip, rng), clip.picture).value for clip in found])
    values = np.array([score.value for score in own])
    theirs = np.array([np.mean([score.value for score in row]) for row in mismatched])
    print("| clips | own | others | own - others | noise | own - noise | own < 0.2 s | CPU |")
    print(
        f"|---|---|---|---|---|---|---|---|\n| {len(found)} | {values.mean():.2f} | {theirs.mean():.2f} "
        f"| {interval(values - theirs, rng)} | {noise.mean():.2f} | {interval(values - noise, rng)} "
        f"| {np.mean(values < NEAR):.0%} | {took * 1e3:.0f} ms |\n"
    )
    flat = [score for row in mismatched for score in row]
    return own, np.array([[s.detail["repeated"], s.detail["rival"]] for s in flat])


def judged(number: int, move: float, score: Any) -> Judged:
    """Return what a score says of itself, and whether it is right."""
    detail = score.detail
    return Judged(number, move, detail["repeated"], detail["rival"], abs(detail["offset"] - move) < NEAR)


def moves(found: list[Clip], own: list[Any]) -> list[Judged]:
    """Print the second table; return what all moved sounds say of themselves."""
    metric = plugins.load("metrics", "desync@onset")()
    rows, follows = [], []
    for seconds in MOVES:
        row = []
        for number, (clip, before) in enumerate(zip(found, own, strict=True)):
            parts = moved(clip, seconds)
            if parts is None:
                continue
            score = metric.score(*parts)
            row.append(abs(score.detail["offset"] - before.detail["offset"] - seconds) < FOLLOWS)
            rows.append(judged(number, seconds, score))
        follows.append(np.mean(row))
    print(f"| sound late by, s | {' | '.join(f'{seconds:+g}' for seconds in MOVES)} |\n{'|---' * (len(MOVES) + 1)}|")
    print(f"| estimate follows | {' | '.join(f'{share:.0%}' for share in follows)} |\n")
    return rows


def features(repeated: np.ndarray, rival: np.ndarray) -> np.ndarray:
    """Return what the logistic function is of, (n, 3): a constant, and what `confidence` takes."""
    return np.stack([np.ones(len(repeated)), np.log1p(repeated), rival], axis=1)


def fitted(x: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the coefficients of a logistic regression, (3,), by Newton's method."""
    weights, penalty = np.zeros(x.shape[1]), RIDGE * np.diag([0.0, *[1.0] * (x.shape[1] - 1)])
    for _ in range(50):
        p = probability(x, weights)
        slope = x.T @ (p - right) + penalty @ weights
        weights -= np.linalg.solve((x.T * (p * (1 - p))) @ x + penalty, slope)
    return weights


def probability(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the logistic function of features (n, 3)."""
    return np.asarray(1 / (1 + np.exp(-x @ weights)))


def calibration(rows: list[Judged], others: np.ndarray) -> None:
    """Print the third table."""
    clip, right = np.array([row.clip for row in rows]), np.array([row.right for row in rows])
    unmoved = np.array([row.move == 0 for row in rows])
    x = features(np.array([row.repeated for row in rows]), np.array([row.rival for row in rows]))
    sure = np.empty(len(rows))
    for number in np.unique(clip):
        left_out = clip == number
        sure[left_out] = probability(x[left_out], fitted(x[~left_out], right[~left_out]))
    weights = fitted(x, right)
    theirs = probability(features(*others.T), weights)
    print("| confidence, leave one out | own and moved | mean | wrong | own alone | wrong | others' sounds |")
    print("|---" * 7 + "|")
    for low, high in [*itertools.pairwise(STEPS), (STEPS[-3], STEPS[-1])]:
        chosen, alone = (sure >= low) & (sure < high), (sure >= low) & (sure < high) & unmoved
        if not chosen.any():
            continue
        wrong = f"{np.sum(~right[alone])}" if alone.any() else "-"
        share = np.mean((theirs >= low) & (theirs < high))
        print(
            f"| {low:g} to {high:g} | {chosen.sum()} | {sure[chosen].mean():.2f} | {1 - right[chosen].mean():.0%} "
            f"| {alone.sum()} | {wrong} | {share:.0%} |"
        )
    above, below = sure[right], sure[~right]
    sorted_right = np.mean((above[:, None] > below) + 0.5 * (above[:, None] == below))
    print(f"\nA right lag is surer than a wrong one in {sorted_right:.0%} of pairs.")
    print(f"Fit to all: {', '.join(f'{weight:.2f}' for weight in weights)}.")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--others", type=int, default=20, help="sounds of other clips for each picture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", action="store_true", help="print the score of every clip, too")
    options = parser.parse_args()
    found = clips(options.folders)
    if len(found) < 2:
        raise SystemExit(f"{len(found)} clips with picture and sound: two and more are needed")
    rng = np.random.default_rng(options.seed)
    own, others = quality(found, options.others, rng)
    unmoved = [judged(number, 0.0, score) for number, score in enumerate(own)]
    calibration(unmoved + moves(found, own), others)
    if options.clips:
        print("\n| clip | value | offset | confidence |\n|---|---|---|---|")
        for clip, score in zip(found, own, strict=True):
            offset, sure = score.detail["offset"], score.detail["confidence"]
            print(f"| {clip.name} | {score.value:.2f} | {offset:+.3f} | {sure:.2f} |")


if __name__ == "__main__":
    main()
