"""Tests of differences: exact where it can be counted, and right as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from vsseval.statistics.clustered import ClusterSums
from vsseval.statistics.significance import hedges, holm, sign_flip, t_test


def sums(values, weights=None):
    values = np.asarray(values, float)
    weights = np.ones_like(values) if weights is None else np.asarray(weights, float)
    return ClusterSums(values * weights, weights)


def test_up_to_14_clusters_every_pattern_of_signs_is_counted():
    found = sign_flip(sums([1.0, 2.0, 3.0, 4.0, 5.0]), sums(np.zeros(5)))
    assert found.p == 2 / 2**5  # all to one side, or all to the other
    assert found.method == "all sign flips of 5 clusters"
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 11))
    other = stats.permutation_test(
        (a, b), lambda x, y, axis: (x - y).mean(axis), permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip(sums(a), sums(b)).p == pytest.approx(other.pvalue)


def test_of_many_clusters_patterns_are_drawn_and_p_is_never_0():
    rng = np.random.default_rng(1)
    a = rng.normal(0.3, 1.0, 60)
    found = sign_flip(sums(a), sums(np.zeros(60)))
    assert found.p == pytest.approx(stats.ttest_1samp(a, 0).pvalue, abs=0.01)
    assert found == sign_flip(sums(a), sums(np.zeros(60)))
    assert sign_flip(sums(a + 9), sums(np.zeros(60))).p == 1e-4


def test_exchanging_systems_exchanges_their_weights_too():
    a, b = sums([0.5, 0.2], [6, 4]), sums([0.1, 0.3], [5, 8])
    observed = abs(float(a.ratio() - b.ratio()))
    swapped = (a.y[0] + b.y[1]) / (a.x[0] + b.x[1]) - (b.y[0] + a.y[1]) / (b.x[0] + a.x[1])
    assert sign_flip(a, b).p == (1.0 if abs(swapped) >= observed else 0.5)


def test_no_difference_and_one_cluster_are_no_evidence():
    same = sums([0.1, 0.4, 0.2])
    assert sign_flip(same, same).p == 1.0
    assert sign_flip(sums([5.0]), sums([1.0])).p == 1.0


def test_the_level_is_kept_for_skewed_differences():
    """Of 2,000 comparisons without a difference, one in twenty is called one, or fewer."""
    rng, rejected = np.random.default_rng(2), 0
    for _ in range(2000):
        a, b = rng.lognormal(size=(2, 12))
        rejected += sign_flip(sums(a), sums(b)).p <= 0.05
    assert 0.035 <= rejected / 2000 <= 0.06


def test_students_test_is_that_of_scipy():
    x = np.random.default_rng(3).normal(0.2, 1.0, 200)
    found = t_test(float(x.mean()), float(x.std(ddof=1) / math.sqrt(200)), 199, "paired")
    assert found.p == pytest.approx(stats.ttest_1samp(x, 0).pvalue)
    assert found.method == "paired t(199)"
    assert t_test(0.0, 0.0, 5, "paired").p == 1.0
    assert t_test(0.1, 0.0, 5, "paired").p == 0.0


def test_holms_adjustment_is_that_of_his_example():
    # Holm 1979 as worked in any textbook: 0.01 * 4, 0.02 * 3 -> max, 0.03 * 2 -> max, 0.04.
    assert holm([0.04, 0.01, None, 0.03, 0.02]) == pytest.approx([0.06, 0.04, None, 0.06, 0.06])
    assert holm([]) == []
    assert holm([None]) == [None]
    assert holm([0.6, 0.9]) == [1.0, 1.0]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=25))
def test_holm_is_at_least_the_value_and_keeps_the_order(values):
    adjusted = holm(values)
    pairs = sorted((p, q) for p, q in zip(values, adjusted, strict=True) if p is not None and q is not None)
    assert all(p <= q <= 1 for p, q in pairs)
    assert [q for _, q in pairs] == sorted(q for _, q in pairs)
    assert all((p is None) == (q is None) for p, q in zip(values, adjusted, strict=True))


def test_hedges_correction_shrinks_few():
    assert hedges(1.0, 9) == pytest.approx(1 - 3 / 35)
    assert hedges(1.0, 10**6) == pytest.approx(1.0)
