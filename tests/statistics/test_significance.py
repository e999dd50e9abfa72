"""Adjustments: of p values for their number, of a standardised difference for few clips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsseval.statistics.significance import hedges, holm


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
