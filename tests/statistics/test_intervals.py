"""Intervals: closed forms, undefined cases, and what they are cut to."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from support.synthetic_runs import CLAP, FAD
from vsseval.statistics.clustered import ClusterSums, bca, resamples, skewness
from vsseval.statistics.estimate import Estimate, cut_to_range
from vsseval.statistics.intervals import ratio, ratio_difference
from vsseval.statistics.jackknife import jackknife, jackknife_difference, neighbours

T23 = 2.0686576104190406  # 97.5 % point of Student's t with 23 degrees of freedom (any table).


def test_mean_of_symmetric_clips_is_the_textbook_interval():
    x = np.random.default_rng(0).normal(0.0, 2.0, 12)
    x = np.concatenate([3 + x, 3 - x])  # no skewness, so none to correct
    found = ratio(x, np.ones(24), [str(i) for i in range(24)])
    se = x.std(ddof=1) / math.sqrt(24)
    assert found.value == pytest.approx(x.mean(), rel=1e-12)
    assert found.se == pytest.approx(se, rel=1e-12)
    assert found.low == pytest.approx(x.mean() - T23 * se, rel=1e-5)
    assert found.high == pytest.approx(x.mean() + T23 * se, rel=1e-5)
    assert found.method == "linearised t(23), corrected for skewness"


@pytest.mark.parametrize(
    ("clusters", "method"),
    [
        (2, "linearised t(1)"),
        (7, "linearised t(6)"),
        (8, "linearised t(7), corrected for skewness"),
        (99, "linearised t(98), corrected for skewness"),
        (100, "BCa bootstrap of 100 clusters"),
        (999, "BCa bootstrap of 999 clusters"),
        (1000, "linearised t(999)"),
    ],
)
def test_the_number_of_clusters_chooses_the_estimator(clusters, method):
    x = np.random.default_rng(clusters).exponential(size=clusters)
    names = [str(i) for i in range(clusters)]
    found = ratio(x, np.ones(clusters), names)
    assert found.method == method
    assert found.low < found.value < found.high
    assert ratio(x, np.ones(clusters), names) == found


@pytest.mark.parametrize(
    ("clusters", "method"),
    [
        (7, "paired linearised t(6)"),
        (8, "paired linearised t(7), widened for skewness"),
        (999, "paired linearised t(998), widened for skewness"),
        (1000, "paired linearised t(999)"),
    ],
)
def test_a_difference_is_never_narrower_than_student_has_it(clusters, method):
    x, w = np.random.default_rng(clusters).exponential(size=(2, clusters)), np.ones(clusters)
    found = ratio_difference((x[0], x[1] ** 2), (w, w), [str(i) for i in range(clusters)])
    assert found.method == method
    half = stats.t.ppf(0.975, clusters - 1) * found.se
    assert found.low <= found.value - half * (1 - 1e-9)
    assert found.high >= found.value + half * (1 - 1e-9)


def test_ends_reach_further_to_the_side_of_the_long_tail():
    for clusters in (24, 300):
        x = np.random.default_rng(7).exponential(size=clusters)
        found = ratio(x, np.ones(clusters), [str(i) for i in range(clusters)])
        assert found.high - found.value > found.value - found.low
        turned = ratio(-x, np.ones(clusters), [str(i) for i in range(clusters)])
        # The same clips the other way about: exactly for the closed form, up to rounding for the resamples.
        assert turned.low == pytest.approx(-found.high, rel=1e-3)
        assert turned.high == pytest.approx(-found.low, rel=1e-3)


def test_skewness_is_that_of_scipy_and_of_nothing_0():
    x = np.random.default_rng(8).exponential(size=30)
    assert skewness(x - x.mean()) == pytest.approx(stats.skew(x))
    assert skewness(1e-200 * (x - x.mean())) == pytest.approx(stats.skew(x))
    assert skewness(np.zeros(5)) == 0.0


def test_bca_is_that_of_scipy():
    x = np.random.default_rng(9).gamma(2.0, size=150)
    sums = ClusterSums(x, np.ones(150))
    found = bca(sums.ratio(), sums.influence(), sums.ratio(resamples(150)))
    other = stats.bootstrap((x,), np.mean, n_resamples=20_000, method="BCa", rng=1).confidence_interval
    width = other.high - other.low
    assert abs(found.low - other.low) < 0.04 * width
    assert abs(found.high - other.high) < 0.04 * width


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
    assert thrice.high == pytest.approx(once.high)


def test_clips_without_weight_do_not_count_as_clusters():
    with_empty = ratio([1.0, 2.0, 4.0, 9.0], [1, 1, 1, 0], ["a", "b", "c", "d"])
    without = ratio([1.0, 2.0, 4.0], [1, 1, 1], ["a", "b", "c"])
    assert with_empty == without


@pytest.mark.parametrize("clusters", [3, 30, 300])
def test_clips_that_do_not_differ_have_an_interval_of_no_width(clusters):
    found = ratio(np.full(clusters, 0.1), np.full(clusters, 6.0), [str(i) for i in range(clusters)])
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("values", "weights", "clusters", "value", "says"),
    [
        ([], [], [], None, "no clips"),
        ([1.0, 2.0], [0, 0], ["a", "b"], None, "no weight"),
        ([1.0, 3.0], [1, 1], ["a", "a"], 2.0, "one cluster"),
        ([1.0], [1], ["a"], 1.0, "one cluster"),
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
    single = [float(np.delete(x, i).mean()) for i in range(20)]
    found = jackknife(float(x.mean()), single)
    assert found.value == float(x.mean())
    assert found.se == pytest.approx(x.std(ddof=1) / math.sqrt(20))
    assert found.method == "jackknife t(19)"
    # A mean has no second order: leaving out pairs takes nothing off.
    pairs = {pair: float(np.delete(x, pair).mean()) for pair in neighbours(20)}
    corrected = jackknife(float(x.mean()), single, pairs)
    assert corrected.se == pytest.approx(found.se)
    assert corrected.method == "jackknife t(19), pairs"


def test_pairs_are_a_ring_of_as_many_as_there_are_groups():
    assert neighbours(3) == []
    assert neighbours(4) == [(0, 1), (1, 2), (2, 3), (0, 3)]
    assert len(neighbours(20)) == 20


def test_jackknife_without_groups_or_with_an_undefined_one_has_no_error():
    for without in ([], [1.0], [1.0, math.nan]):
        found = jackknife(1.5, without)
        assert found.value == 1.5
        assert found.se is None
        assert found.low is None
    assert jackknife(math.inf, [1.0, 2.0]).value is None
    lacking = jackknife(1.5, [1.4, 1.6, 1.5, 1.5], {(0, 1): math.nan})
    assert lacking.method == "jackknife t(3)"


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


def test_ends_are_cut_to_what_the_metric_can_be():
    spec = msgspec.structs.replace(FAD, minimum=0.0)
    made = Estimate(value=0.1, se=0.1, low=-0.1, high=0.3, method="jackknife t(19)")
    cut = cut_to_range(made, spec)
    assert (cut.value, cut.se, cut.low, cut.high) == (0.1, 0.1, 0.0, 0.3)
    assert cut_to_range(made, FAD) == made
    assert cut_to_range(made, spec, difference=True) == made
    cosine = msgspec.structs.replace(CLAP, minimum=-1.0, maximum=1.0)
    wide = Estimate(value=0.9, se=0.9, low=-2.5, high=2.7, method="linearised t(1)")
    assert (cut_to_range(wide, cosine).low, cut_to_range(wide, cosine).high) == (-1.0, 1.0)
    assert (cut_to_range(wide, cosine, difference=True).low, cut_to_range(wide, cosine, difference=True).high) == (
        -2.0,
        2.0,
    )
    nothing = Estimate(value=None, se=None, low=None, high=None, method="undefined: no clips")
    assert cut_to_range(nothing, cosine) == nothing


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e4), st.sampled_from("abcdefghijk")), max_size=40),
)
def test_never_nan(rows):
    values, weights, clusters = [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]
    reverse = values[::-1], weights[::-1]
    for found in (
        ratio(values, weights, clusters),
        ratio_difference((values, reverse[0]), (weights, reverse[1]), clusters),
    ):
        for number in (found.value, found.se, found.low, found.high):
            assert number is None or math.isfinite(number)
