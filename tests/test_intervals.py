"""Intervals: closed forms, undefined cases, and whether 95 % means 95 %."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsseval.statistics.intervals import (
    Estimate,
    jackknife,
    jackknife_difference,
    ratio,
    ratio_difference,
)

T23 = 2.0686576104190406  # 97.5 % point of Student's t with 23 degrees of freedom (any table).


def test_mean_of_independent_clips_is_the_textbook_interval():
    x = np.random.default_rng(0).normal(3.0, 2.0, 24)
    found = ratio(x, np.ones(24), [str(i) for i in range(24)])
    se = x.std(ddof=1) / math.sqrt(24)
    assert found.value == pytest.approx(x.mean(), rel=1e-12)
    assert found.se == pytest.approx(se, rel=1e-12)
    assert found.low == pytest.approx(x.mean() - T23 * se, rel=1e-9)
    assert found.high == pytest.approx(x.mean() + T23 * se, rel=1e-9)
    assert found.method == "linearised t(23)"


def test_corpus_wer_is_errors_over_words():
    errors, words = np.array([1, 0, 3, 2]), np.array([6, 6, 4, 10])
    found = ratio(errors / words, words, ["a", "b", "c", "d"])
    assert found.value == pytest.approx(6 / 26)


def test_repeating_each_clip_within_its_cluster_changes_nothing():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=12), rng.uniform(1, 5, 12)
    names = [str(i) for i in range(12)]
    once, thrice = ratio(x, w, names), ratio(np.repeat(x, 3), np.repeat(w, 3), np.repeat(names, 3).tolist())
    assert thrice.value == pytest.approx(once.value)
    assert thrice.se == pytest.approx(once.se)


def test_clips_without_weight_do_not_count_as_clusters():
    with_empty = ratio([1.0, 2.0, 4.0, 9.0], [1, 1, 1, 0], ["a", "b", "c", "d"])
    without = ratio([1.0, 2.0, 4.0], [1, 1, 1], ["a", "b", "c"])
    assert with_empty == without


@pytest.mark.parametrize(
    ("values", "weights", "clusters", "value", "says"),
    [
        ([], [], [], None, "no clips"),
        ([1.0, 2.0], [0, 0], ["a", "b"], None, "no weight"),
        ([1.0, 3.0], [1, 1], ["a", "a"], 2.0, "one cluster"),
    ],
)
def test_undefined_is_none_with_a_reason(values, weights, clusters, value, says):
    found = ratio(values, weights, clusters)
    assert found.value == value
    assert (found.se, found.low, found.high) == (None, None, None)
    assert says in found.method


@pytest.mark.parametrize(
    ("values", "weights", "clusters"),
    [([1.0], [1.0, 2.0], ["a"]), ([math.nan], [1.0], ["a"]), ([1.0], [-1.0], ["a"]), ([1.0], [1.0], [])],
)
def test_bad_input_is_refused(values, weights, clusters):
    with pytest.raises(ValueError):
        ratio(values, weights, clusters)


def test_jackknife_of_a_mean_is_its_standard_error():
    x = np.random.default_rng(2).normal(size=20)
    found = jackknife(float(x.mean()), [float(np.delete(x, i).mean()) for i in range(20)])
    assert found.value == float(x.mean())
    assert found.se == pytest.approx(x.std(ddof=1) / math.sqrt(20))
    assert found.method == "jackknife t(19)"


def test_jackknife_without_groups_or_with_an_undefined_one_has_no_error():
    for without in ([], [1.0], [1.0, math.nan]):
        found = jackknife(1.5, without)
        assert found.value == 1.5
        assert found.se is None
        assert found.low is None
    assert jackknife(math.inf, [1.0, 2.0]).value is None


def test_a_difference_with_itself_is_zero_and_certain():
    x, w, c = [0.2, 0.5, 0.9], [3, 4, 5], ["a", "b", "c"]
    zero = ratio_difference((x, x), (w, w), c)
    assert (zero.value, zero.se) == (0.0, 0.0)
    zero = jackknife_difference((2.0, 2.0), ([1.9, 2.1, 2.0], [1.9, 2.1, 2.0]))
    assert (zero.value, zero.se) == (0.0, 0.0)


def test_pairing_with_equal_weights_is_the_mean_of_differences():
    rng = np.random.default_rng(3)
    a = rng.normal(size=30)
    b = a + rng.normal(0.1, 0.05, 30)
    names = [str(i // 2) for i in range(30)]
    ones = np.ones(30)
    paired, direct = ratio_difference((a, b), (ones, ones), names), ratio(a - b, ones, names)
    assert paired.value == pytest.approx(direct.value)
    assert paired.se == pytest.approx(direct.se)
    assert paired.se < ratio(a, ones, names).se / 5


def test_unpaired_groups_are_refused():
    with pytest.raises(ValueError):
        jackknife_difference((1.0, 2.0), ([1.0, 2.0], [1.0]))


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e4), st.sampled_from("abcde")), max_size=30),
)
def test_never_nan(rows):
    found = ratio([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    for number in (found.value, found.se, found.low, found.high):
        assert number is None or math.isfinite(number)


def coverage(draws: int, clusters: int, seed: int) -> tuple[float, float]:
    """Share of intervals that hold the truth: of a clustered WER, and of a paired difference of two."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 5, clusters)
    names = np.repeat(np.arange(clusters), sizes).astype(str).tolist()
    hits, paired_hits = 0, 0
    for _ in range(draws):
        ease = np.repeat(rng.beta(6, 18, clusters), sizes)  # Mean 0.25; clips of a voice are alike.
        words = rng.integers(5, 12, len(names))
        a, b = rng.binomial(words, ease), rng.binomial(words, 0.8 * ease)
        one = ratio(a / words, words, names)
        two = ratio_difference((a / words, b / words), (words, words), names)
        hits += holds(one, 0.25)
        paired_hits += holds(two, 0.05)
    return hits / draws, paired_hits / draws


def holds(found: Estimate, truth: float) -> bool:
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def test_intervals_hold_the_truth_quickly():
    single, paired = coverage(draws=200, clusters=24, seed=4)
    assert 0.89 <= single <= 0.99
    assert 0.89 <= paired <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [8, 24, 48])
def test_intervals_hold_the_truth(clusters):
    single, paired = coverage(draws=1000, clusters=clusters, seed=5)
    # Three standard errors of a share of 1,000 are 2.1 points; few and unequal clusters cost two more.
    assert 0.92 <= single <= 0.975
    assert 0.92 <= paired <= 0.975


def frechet_1d(x: np.ndarray) -> float:
    """Fréchet distance of a sample to N(0, 1)."""
    return float(x.mean() ** 2 + (x.std() - 1.0) ** 2)


@pytest.mark.slow
def test_jackknife_error_of_a_distance_is_the_sampling_error():
    rng = np.random.default_rng(6)
    values, errors = [], []
    for _ in range(1000):
        x = rng.normal(0.7, 1.3, 200)
        groups = np.arange(200) % 20
        found = jackknife(frechet_1d(x), [frechet_1d(x[groups != g]) for g in range(20)])
        values.append(found.value)
        errors.append(found.se)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.08)
