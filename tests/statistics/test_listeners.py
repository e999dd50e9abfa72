"""Errors by rater and clip, Bradley and Terry with ties, and the agreement of raters."""

from __future__ import annotations

import numpy as np
import pytest

from vsseval.errors import UsageError
from vsseval.statistics.bradley_terry import Compared, fit
from vsseval.statistics.krippendorff import alpha
from vsseval.statistics.two_way import covariance, mean

WORTH = np.array([0.9, 0.2, -0.4, -0.7])
NU = 0.6


def crossed(raters, clips, rng, of_rater=0.5, of_clip=0.5):
    by_rater, by_clip = rng.normal(0, of_rater, raters), rng.normal(0, of_clip, clips)
    values = 3 + by_rater[:, None] + by_clip[None] + rng.normal(0, 0.7, (raters, clips))
    rater, clip = np.indices(values.shape)
    return values.ravel(), rater.ravel(), clip.ravel()


@pytest.mark.parametrize(("raters", "clips"), [(5, 6), (20, 12)])
def test_intervals_of_means_hold_what_many_raters_would_say_of_many_clips(raters, clips):
    rng = np.random.default_rng(0)
    held = naive = 0
    for _ in range(300):
        values, rater, clip = crossed(raters, clips, rng)
        found = mean(values, rater, clip)
        held += found.low <= 3 <= found.high
        naive += abs(values.mean() - 3) < 1.96 * values.std() / np.sqrt(values.size)
    assert held / 300 > 0.92
    assert naive / 300 < 0.75  # what would be printed if ratings did not depend on each other


def test_where_every_rating_is_a_cluster_the_error_is_the_usual_one():
    values = np.random.default_rng(1).normal(size=50)
    influence = ((values - values.mean()) / values.size)[:, None]
    one = covariance(influence, np.arange(50), np.arange(50))[0, 0]
    assert np.sqrt(one) == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_one_rater_has_no_interval():
    found = mean(np.array([1.0, 2.0, 4.0]), np.zeros(3, int), np.arange(3))
    assert (found.value, found.se, found.low, found.p) == (pytest.approx(7 / 3), None, None, None)


def compared(raters, clips, rng, sd=0.0, worth=WORTH):
    """Answers of raters and clips that have tastes of their own, each pair of systems once."""
    pairs = np.array([(a, b) for a in range(len(worth)) for b in range(a + 1, len(worth))])
    rater, clip, pair = (one.ravel() for one in np.indices((raters, clips, len(pairs))))
    own = worth + rng.normal(0, sd, (raters, 1, len(worth))) + rng.normal(0, sd, (1, clips, len(worth)))
    first, second = pairs[pair].T
    one, other = own[rater, clip, first], own[rater, clip, second]
    chances = np.exp(np.stack([one, other, np.log(NU) + (one + other) / 2], 1))
    drawn = (rng.uniform(size=len(one))[:, None] > np.cumsum(chances / chances.sum(1, keepdims=True), 1)).sum(1)
    return Compared(first, second, np.array([1, -1, 0])[np.minimum(drawn, 2)], rater, clip)


def test_strengths_and_ties_are_recovered():
    found = fit(compared(30, 40, np.random.default_rng(2)), 4)
    assert [one.value for one in found.worth] == pytest.approx(WORTH, abs=0.1)
    assert sum(one.value for one in found.worth) == pytest.approx(0, abs=1e-9)
    assert found.ties.value == pytest.approx(np.log(NU), abs=0.1)
    assert found.differences[0, 3].value == pytest.approx(found.worth[0].value - found.worth[3].value)
    assert found.differences[3, 0].value == pytest.approx(-found.differences[0, 3].value)


@pytest.mark.parametrize("sd", [0.0, 0.5])
def test_intervals_of_strengths_hold_those_of_the_crowd(sd):
    rng = np.random.default_rng(3)
    truth = [one.value for one in fit(compared(60, 60, np.random.default_rng(4), sd), 4).worth]
    held = np.zeros(4)
    for _ in range(50):
        found = fit(compared(10, 12, rng, sd), 4)
        held += [one.low <= true <= one.high for one, true in zip(found.worth, truth, strict=True)]
    assert held.mean() > 45
    assert held.min() > 41


def test_two_systems_have_the_closed_form():
    # Of two systems, wins w and l and t ties: the log ratio of worths is log(w / l), nu is t / sqrt(w l).
    said = np.array([1] * 60 + [-1] * 20 + [0] * 15)
    found = fit(Compared(np.zeros(95, int), np.ones(95, int), said, np.arange(95) % 5, np.arange(95) % 7), 2)
    added = 0.5 / 3
    win, loss, tie = 60 + added, 20 + added, 15 + added
    assert found.differences[0, 1].value == pytest.approx(np.log(win / loss), abs=1e-8)
    assert found.ties.value == pytest.approx(np.log(tie / np.sqrt(win * loss)), abs=1e-8)


def test_who_never_lost_is_named_and_finite():
    said = np.ones(12, int)
    found = fit(Compared(np.zeros(12, int), np.ones(12, int), said, np.arange(12) % 3, np.arange(12) % 4), 2)
    assert (found.never_lost, found.never_won) == ((0,), (1,))
    assert 0 < found.differences[0, 1].value < 10


def test_groups_that_never_met_are_refused():
    first, second = np.array([0, 2] * 4), np.array([1, 3] * 4)
    with pytest.raises(UsageError, match="never compared"):
        fit(Compared(first, second, np.ones(8, int), np.arange(8) % 2, np.arange(8) % 4), 4)


# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers, twelve units.
NOT = np.nan
OBSERVED = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NOT, NOT, NOT], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NOT, 3],
    [NOT, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NOT], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NOT],
])  # fmt: skip


@pytest.mark.parametrize(("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_published_example(scale, published):
    there = np.isfinite(OBSERVED)
    units = np.broadcast_to(np.arange(12), OBSERVED.shape)[there]
    found = alpha(OBSERVED[there], units, scale)
    assert found.value == pytest.approx(published, abs=0.001)
    assert found.units == 11
    assert found.low < found.value < found.high


def test_alpha_of_agreement_of_chance_and_of_nothing():
    units = np.repeat(np.arange(40), 5)
    rng = np.random.default_rng(5)
    assert alpha(units % 4, units, "nominal").value == pytest.approx(1)
    assert abs(alpha(rng.integers(1, 6, 200), units, "ordinal").value) < 0.1
    assert alpha(np.ones(200), units, "interval").value is None
    assert alpha(np.arange(4.0), np.arange(4), "interval").value is None
