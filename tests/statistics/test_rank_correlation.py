"""Spearman and Kendall: equal to scipy's, with ties, for any multiplicities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vsseval.statistics.rank_correlation import of_rows, of_weights


@pytest.mark.parametrize("size", [2, 3, 8, 60])
@pytest.mark.parametrize("distinct", [2, 4, 1000])
def test_both_coefficients_are_those_of_scipy(size, distinct):
    rng = np.random.default_rng(size * distinct)
    x = rng.integers(0, distinct, size).astype(float)
    y = x + rng.integers(0, distinct, size)
    weights = np.vstack([np.ones(size), rng.multinomial(size, np.ones(size) / size, 6)]).astype(float)
    found = of_weights(x, y, weights)
    for row, often in enumerate(weights):
        drawn = np.repeat(np.arange(size), often.astype(int))
        a, b = x[drawn], y[drawn]
        if np.ptp(a) == 0 or np.ptp(b) == 0:
            assert np.isnan(found.spearman[row])
            assert np.isnan(found.kendall[row])
            continue
        expected = stats.spearmanr(a, b).statistic, stats.kendalltau(a, b).statistic
        assert (found.spearman[row], found.kendall[row]) == pytest.approx(expected, abs=1e-12)
        assert tuple(map(float, of_rows(a, b))) == pytest.approx(expected, abs=1e-12)


def test_many_rows_at_once_are_each_their_own():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 5, 9))
    found = of_rows(x, y)
    assert found.kendall == pytest.approx([stats.kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)])


def test_perfect_agreement_is_one_and_no_more():
    x = np.arange(7) / 3
    assert of_rows(x, x**3) == (1.0, 1.0)
    assert of_rows(x, -x) == (-1.0, -1.0)
