"""Student's t, held to scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import nctdtr, stdtr, stdtrit

from vsseval.statistics.student import power, quantile, two_sided

DEGREES = st.integers(1, 400) | st.integers(400, 200_000) | st.integers(2990, 3010)


@given(DEGREES, st.floats(1e-3, 60.0))
def test_tails_are_those_of_scipy_to_nine_digits(degrees, t):
    other = 2.0 * float(stdtr(degrees, -t))
    assert two_sided(t, degrees) == pytest.approx(other, rel=1e-9, abs=1e-290)


@given(DEGREES, st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999]))
def test_quantiles_are_those_of_scipy_to_ten_digits(degrees, level):
    assert quantile(degrees, level) == pytest.approx(float(stdtrit(degrees, 0.5 + level / 2)), rel=1e-10)


@given(st.integers(1, 60) | st.integers(60, 100_000), st.floats(0.0, 6.0), st.sampled_from([0.95, 0.99]))
def test_the_power_is_that_of_scipy_to_nine_digits(degrees, errors, level):
    bar = quantile(degrees, level)
    other = 1.0 - nctdtr(degrees, errors, bar) + nctdtr(degrees, errors, -bar)
    assert power(errors, degrees, bar) == pytest.approx(float(other), abs=1e-9)


def test_the_power_of_no_difference_is_the_level_and_of_a_great_one_is_certain():
    for degrees in (1, 4, 100, 10**9):
        bar = quantile(degrees)
        assert power(0.0, degrees, bar) == pytest.approx(0.05, rel=1e-8)
        assert power(bar + 12.0, degrees, bar) > 0.6
    assert power(quantile(100) + 12.0, 100, quantile(100)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("degrees", [1, 2, 19, 100, 5000])
def test_ends(degrees):
    assert two_sided(0.0, degrees) == 1.0
    assert two_sided(math.inf, degrees) == 0.0
    assert two_sided(quantile(degrees), degrees) == pytest.approx(0.05, rel=1e-12)
