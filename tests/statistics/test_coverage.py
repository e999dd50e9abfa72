"""Whether 95 % means 95 %: intervals hold the truth in 93 to 97 % of simulated benchmarks of 48, 500, 5,000 clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vsseval.metrics.frechet import frechet_distance
from vsseval.statistics.clustered import ClusterSums, bca, resamples, skew_corrected, student
from vsseval.statistics.intervals import interval_ends, ratio, ratio_difference
from vsseval.statistics.jackknife import PAIRS_BELOW, jackknife, jackknife_difference, jackknife_variance, neighbours
from vsseval.statistics.student import quantile

DRAWS = 2000
SIZES = (48, 500, 5000)
Draw = Callable[[np.random.Generator, tuple[int, int]], list[ClusterSums]]


def similarity(rng, shape):
    """Cosines of speakers: most near 0.9, few far below."""
    x = 1 - rng.gamma(2.0, 0.05, shape)
    return [ClusterSums(x, np.ones(shape))]


def agreement(rng, shape):
    """Scores of captions: as good as normal."""
    return [ClusterSums(rng.normal(0.5, 0.1, shape), np.ones(shape))]


def desync(rng, shape):
    """Offsets: nine in ten within a frame or two, one in ten anywhere within 2 s (skewness 3, as measured)."""
    far = rng.random(shape) < 0.1
    return [ClusterSums(np.where(far, rng.uniform(0, 2, shape), np.abs(rng.normal(0, 0.05, shape))), np.ones(shape))]


def desync_pair(rng, shape, one=0.05, two=0.05):
    """Two systems; one clip in twenty is hard for both, as many for either alone."""
    both = rng.random(shape) < 0.05
    sides = [
        np.where(both | (rng.random(shape) < own), rng.uniform(0, 2, shape), np.abs(rng.normal(0, 0.05, shape)))
        for own in (one, two)
    ]
    return [ClusterSums(x, np.ones(shape)) for x in sides]


def desync_unlike(rng, shape):
    """The same, where one of them fails on two clips more in twenty."""
    return desync_pair(rng, shape, 0.15)


def agreement_pair(rng, shape):
    """Two systems that differ as little as two seeds of one."""
    hard = rng.normal(0.5, 0.1, shape)
    return [ClusterSums(hard + rng.normal(0, 0.05, shape), np.ones(shape)) for _ in range(2)]


def errors(rng, shape, rate=0.25, alike=24.0):
    """Word errors of one sentence a cluster, 5 to 12 words each; sentences differ in how hard they are."""
    words = rng.integers(5, 13, shape)
    ease = rng.beta(rate * alike, (1 - rate) * alike, shape)
    return [ClusterSums(rng.binomial(words, ease).astype(float), words.astype(float))]


def few_errors(rng, shape):
    """The same at 5 %: most sentences without any."""
    return errors(rng, shape, 0.05, 16.0)


def errors_of_speakers(rng, shape):
    """Two sentences a speaker, who is easy or hard to understand in both: half as many clusters as clips."""
    draws, clips = shape
    words = rng.integers(5, 13, (draws, clips // 2, 2))
    ease = rng.beta(6, 18, (draws, clips // 2, 1))
    return [ClusterSums(rng.binomial(words, ease).sum(-1).astype(float), words.sum(-1).astype(float))]


def errors_pair(rng, shape):
    """Two systems on the same speakers, the second with a fifth fewer errors."""
    draws, clips = shape
    words = rng.integers(5, 13, (draws, clips // 2, 2))
    ease = rng.beta(6, 18, (draws, clips // 2, 1))
    return [
        ClusterSums(rng.binomial(words, part * ease).sum(-1).astype(float), words.sum(-1).astype(float))
        for part in (1.0, 0.8)
    ]


NEAR = 0.05 * np.sqrt(2 / np.pi)
TRUTHS = {
    agreement: 0.5,
    agreement_pair: 0.0,
    similarity: 0.9,
    desync: 0.9 * NEAR + 0.1,
    desync_pair: 0.0,
    desync_unlike: 0.95 * 0.1 * (1 - NEAR),
    errors: 0.25,
    few_errors: 0.05,
    errors_of_speakers: 0.25,
    errors_pair: 0.05,
}


def covered(draw: Draw, clips: int, truth: float, ends=interval_ends, draws: int = DRAWS) -> float:
    """Per cent of draws whose interval holds the truth."""
    rng, hits = np.random.default_rng([clips, len(draw.__name__)]), 0
    step = min(draws, 1_000_000 // clips)
    for _ in range(draws // step):
        sides = draw(rng, (step, clips))
        value, influence = sides[0].ratio(), sides[0].influence()
        if len(sides) > 1:
            value, influence = value - sides[1].ratio(), influence - sides[1].influence()
        found = ends(value, influence, sides)[0]
        hits += int(((found.low <= truth) & (truth <= found.high)).sum())
    return 100 * hits / (draws // step * step)


@pytest.mark.parametrize("clips", SIZES)
@pytest.mark.parametrize("draw", TRUTHS, ids=lambda draw: draw.__name__)
def test_means_ratios_and_their_differences_are_covered(draw, clips):
    assert 93 <= covered(draw, clips, TRUTHS[draw]) <= 97


def test_what_is_simulated_is_what_is_reported():
    rng = np.random.default_rng(0)
    for clips in (4, 48, 500, 2400):
        (a, b), names = errors_pair(rng, (1, clips)), [f"{i:04d}" for i in range(clips // 2)]
        ends, method = interval_ends(a.ratio() - b.ratio(), a.influence() - b.influence(), [a, b])
        values, weights = [(side.y / side.x)[0] for side in (a, b)], [side.x[0] for side in (a, b)]
        found = ratio_difference(tuple(values), tuple(weights), names)
        assert found.method == f"paired {method}"
        assert (found.low, found.high) == pytest.approx((ends.low[0], ends.high[0]))
        (ends, method) = interval_ends(a.ratio(), a.influence(), [a])
        assert ratio(values[0], weights[0], names).low == pytest.approx(ends.low[0])


def by_student(value, influence, sides):
    return student(value, influence), ""


def by_skewness(value, influence, sides):
    return skew_corrected(value, influence), ""


def by_bca(value, influence, sides):
    counts = resamples(influence.shape[-1])
    drawn = [side.ratio(counts) for side in sides]
    return bca(value, influence, drawn[0] if len(drawn) == 1 else drawn[0] - drawn[1]), ""


def test_with_few_clusters_of_a_skewed_metric_neither_student_nor_bca_reach_it():
    found = {rule: covered(desync, 48, TRUTHS[desync], rule) for rule in (by_student, by_bca, by_skewness)}
    assert found[by_student] < 91
    assert found[by_bca] < 94
    assert 94 < found[by_skewness] < 97


def test_with_some_hundred_bca_is_nearest():
    found = {rule: abs(covered(desync, 200, TRUTHS[desync], rule) - 95) for rule in (by_student, by_bca, by_skewness)}
    assert found[by_bca] < found[by_skewness]
    assert found[by_bca] < 2


def test_of_differences_with_far_clips_to_both_sides_skewness_is_no_guide():
    found = {rule: covered(desync_pair, 48, 0.0, rule) for rule in (by_student, by_bca, by_skewness)}
    assert found[by_bca] < 90
    assert found[by_skewness] < 90
    assert 94 < found[by_student] < 97


def test_no_interval_covers_what_no_clip_shows():
    """One clip in thirty is far off: of 48 clips, one set in five holds none, and nothing in it tells."""

    def rare(rng, shape):
        far = rng.random(shape) < 1 / 30
        return [ClusterSums(np.where(far, rng.uniform(0, 2, shape), 0.02), np.ones(shape))]

    found = covered(rare, 48, 29 / 30 * 0.02 + 1 / 30)
    assert 65 < found < 100 * (1 - (29 / 30) ** 48)


D, PATCHES, GROUPS = 6, 4, 20


def frechet(parts: np.ndarray, one: slice, two: slice) -> np.ndarray:
    """Fréchet distances of stacked moments (..., 1 + d + d * d), for two blocks of the joint vector."""
    wide = round((np.sqrt(4 * parts.shape[-1] - 3) - 1) / 2)
    n, total, outer = parts[..., :1], parts[..., 1 : wide + 1], parts[..., wide + 1 :]
    mean = total / n
    cov = outer.reshape(*parts.shape[:-1], wide, wide) - n[..., None] * mean[..., :, None] * mean[..., None, :]
    cov = cov / (n[..., None] - 1)
    a, b = cov[..., one, one], cov[..., two, two]
    spread, axes = np.linalg.eigh(a)
    root = (axes * np.sqrt(spread)[..., None, :]) @ np.swapaxes(axes, -1, -2)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum(-1)
    apart = np.square(mean[..., one] - mean[..., two]).sum(-1)
    return apart + np.trace(a, axis1=-2, axis2=-1) + np.trace(b, axis1=-2, axis2=-1) - 2 * cross


def kept_sums(rng, draws: int, clips: int, far: float) -> np.ndarray:
    """Moments (draws, groups, 1 + 3 d + 9 d * d) of two systems and their reference, which have much in common."""
    wide = 3 * D
    mixed = np.eye(wide)
    mixed[D:, :D] = 0.7 * np.vstack([np.eye(D), np.eye(D)])
    mixed[:D] *= np.sqrt(1.49)
    centre = far * np.repeat((0.0, 1.0, 1.3), D)
    sizes = np.bincount(np.arange(clips) % GROUPS) * PATCHES
    found = [_moments(rng, draws, size, mixed, centre) for size in sizes]
    return np.stack(found, 1)


def _moments(rng, draws: int, size: int, mixed: np.ndarray, centre: np.ndarray) -> np.ndarray:
    wide = len(centre)
    if size <= 2 * wide:
        x = rng.standard_normal((draws, size, wide)) @ mixed.T + centre
        total, outer = x.sum(1), np.swapaxes(x, 1, 2) @ x
    else:  # their distribution is known: a mean and, by Bartlett's decomposition, a Wishart matrix
        lower = np.tril(rng.standard_normal((draws, wide, wide)), -1)
        lower[:, range(wide), range(wide)] = np.sqrt(rng.chisquare(size - 1 - np.arange(wide), (draws, wide)))
        lower = mixed @ lower
        mean = rng.standard_normal((draws, wide)) @ mixed.T / np.sqrt(size) + centre
        total, outer = size * mean, lower @ np.swapaxes(lower, 1, 2) + size * mean[:, :, None] * mean[:, None, :]
    return np.concatenate([np.full((draws, 1), float(size)), total, outer.reshape(draws, -1)], 1)


def left_out(parts: np.ndarray, clips: int) -> list[np.ndarray]:
    """Moments of all groups, without one, and (of few clips) without a pair."""
    whole = parts.sum(1)
    some = [whole, whole[:, None] - parts]
    if clips < PAIRS_BELOW:
        first, second = np.array(neighbours(GROUPS)).T
        some.append(whole[:, None] - parts[:, first] - parts[:, second])
    return some


@pytest.mark.parametrize("clips", SIZES)
@pytest.mark.parametrize("far", [0.3, 0.05], ids=["far", "near"])
def test_distances_and_their_differences_are_covered(clips, far):
    """For the value that so many clips give on average: that of infinitely many is smaller (see docs)."""
    rng, step = np.random.default_rng(clips), DRAWS // 20
    reference, a, b = (slice(D * i, D * i + D) for i in range(3))
    found: list[list[np.ndarray]] = [[], []]
    for _ in range(20):
        stacks = left_out(kept_sums(rng, step, clips, far), clips)
        one = [frechet(parts, reference, a) for parts in stacks]
        two = [frechet(parts, reference, b) for parts in stacks]
        found[0].append(np.concatenate([part.reshape(step, -1) for part in one], 1))
        found[1].append(np.concatenate([(x - y).reshape(step, -1) for x, y in zip(one, two, strict=True)], 1))
    for rows in map(np.concatenate, found):
        full, single, double = rows[:, 0], rows[:, 1 : GROUPS + 1], rows[:, GROUPS + 1 :]
        half = quantile(GROUPS - 1) * np.sqrt(jackknife_variance(full, single, double if double.size else None))
        assert 93 <= 100 * np.mean(np.abs(full - full.mean()) <= half) <= 97


def test_the_simulated_distance_is_the_metric_and_its_interval_the_one_reported():
    rng = np.random.default_rng(3)
    stacks = left_out(kept_sums(rng, 2, 48, 0.3), 48)
    x = rng.normal(size=(50, 2 * D))
    parts = np.concatenate([[50.0], x.sum(0), (x.T @ x).ravel()])
    mean, cov = x.mean(0), np.cov(x.T)
    one, two = slice(0, D), slice(D, 2 * D)
    expected = frechet_distance(mean[one], cov[one, one], mean[two], cov[two, two])
    assert frechet(parts, one, two) == pytest.approx(expected)
    full, single, double = ([frechet(p, one, block) for block in (two, slice(2 * D, 3 * D))] for p in stacks)
    variance = jackknife_variance(full[0], single[0], double[0])
    pairs = [dict(zip(neighbours(GROUPS), side[0].tolist(), strict=True)) for side in double]
    found = jackknife(float(full[0][0]), single[0][0].tolist(), pairs[0])
    assert found.se == pytest.approx(np.sqrt(variance[0]))
    gap = jackknife_difference(
        (float(full[0][0]), float(full[1][0])), (single[0][0].tolist(), single[1][0].tolist()), (pairs[0], pairs[1])
    )
    variance = jackknife_variance(full[0] - full[1], single[0] - single[1], double[0] - double[1])
    assert gap.se == pytest.approx(np.sqrt(variance[0]))
