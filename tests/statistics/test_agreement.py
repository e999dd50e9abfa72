"""Agreement of metrics with people: what it is worth, that its interval covers, and what nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vsseval.statistics import agreement as module
from vsseval.statistics.agreement import Rated, agreement, answered
from vsseval.statistics.agreement_verdict import LEVELS


def drawn(rng, systems, clips, rho):
    """Return ratings and values whose systems and clips both differ, and both agree to some degree."""

    def related(shape, by):
        first = rng.normal(size=shape)
        return first, by * first + np.sqrt(1 - by**2) * rng.normal(size=shape)

    (good, ours), (easy, easy_for_us) = related((systems, 1), rho), related((1, clips), 0.5)
    noise, our_noise = related((systems, clips), 0.4)
    return good + easy + 1.5 * noise, ours + easy_for_us + 1.5 * our_noise


def rated(human, metric, clusters=None, whole=None):
    labels = np.arange(human.shape[1]) if clusters is None else clusters
    return Rated(human, metric, np.ones_like(human), labels, whole)


def told(human, metric, levels=LEVELS, **more):
    return agreement("m@r", rated(human, metric, **more), answered(human), levels)


def test_values_are_those_of_the_definitions():
    human, metric = drawn(np.random.default_rng(1), 6, 20, 0.8)
    human[2, 3] = np.nan
    systems, clips, pairs = told(human, metric)
    there = np.isfinite(human)
    ours = np.where(there, metric, np.nan)
    means = [np.nanmean(side, 1) for side in (human, ours)]
    assert systems.spearman.value == pytest.approx(stats.spearmanr(*means).statistic)
    assert systems.kendall.value == pytest.approx(stats.kendalltau(*means).statistic)
    assert clips.spearman.value == pytest.approx(stats.spearmanr(human[there], metric[there]).statistic)
    assert clips.kendall.value == pytest.approx(stats.kendalltau(human[there], metric[there]).statistic)
    signs = [
        np.sign(human[i, c] - human[j, c]) * np.sign(metric[i, c] - metric[j, c])
        for c in range(20) for i in range(6) for j in range(i) if there[i, c] and there[j, c]
    ]  # fmt: skip
    assert (pairs.n, pairs.kendall.value) == (len(signs), pytest.approx(np.mean(signs)))
    assert (systems.n, clips.n, clips.clips, clips.clusters) == (6, 119, 20, 20)


@pytest.mark.parametrize(("systems", "clips", "rho"), [(5, 30, 0.7), (8, 30, 0.0), (8, 30, 0.95), (16, 12, 0.7)])
def test_intervals_of_systems_hold_what_so_many_clips_show_of_many_systems(systems, clips, rho, monkeypatch):
    monkeypatch.setattr(module, "RESAMPLES", 200)
    rng = np.random.default_rng(7)
    many = [drawn(rng, 1200, clips, rho) for _ in range(6)]
    truth = np.mean([stats.spearmanr(a.mean(1), b.mean(1)).statistic for a, b in many])
    tau = np.mean([stats.kendalltau(a.mean(1), b.mean(1)).statistic for a, b in many])
    held = []
    for _ in range(150):
        (found,) = told(*drawn(rng, systems, clips, rho), ["system"])
        held.append((
            found.spearman.low <= truth <= found.spearman.high, found.kendall.low <= tau <= found.kendall.high,
        ))  # fmt: skip
    # 95 % less three standard errors of 150 draws; the interval is wide where clips are few (docs/statistics.md).
    assert (np.mean(held, 0) >= 0.9).all()


def test_intervals_over_clips_of_few_systems_are_for_these_systems(monkeypatch):
    monkeypatch.setattr(module, "RESAMPLES", 200)
    rng = np.random.default_rng(3)
    good, ours = np.array([[0.0], [1.0]]), np.array([[0.3], [0.6]])

    def these(clips):
        easy, noise = rng.normal(size=(1, clips)), rng.normal(size=(2, clips))
        return good + easy + noise, ours + 0.7 * easy + 0.3 * noise + rng.normal(size=(2, clips))

    human, metric = these(20_000)
    truth = stats.spearmanr(human.ravel(), metric.ravel()).statistic
    share = np.mean(np.sign(human[0] - human[1]) * np.sign(metric[0] - metric[1]))
    held = []
    for _ in range(200):
        _, clips, pairs = told(*these(40))
        held.append((
            clips.spearman.low <= truth <= clips.spearman.high, pairs.kendall.low <= share <= pairs.kendall.high,
        ))  # fmt: skip
    assert "for these 2 systems alone" in clips.method
    assert ((np.mean(held, 0) >= 0.91) & (np.mean(held, 0) <= 0.99)).all()


def test_four_systems_cannot_tell_and_five_that_agree_can():
    rng = np.random.default_rng(5)
    for size, verdict in ((4, "cannot tell"), (8, "agrees")):
        human = np.arange(size)[:, None] * 3.0 + rng.normal(size=(size, 30))
        found = told(human, human + 0.1 * rng.normal(size=human.shape))[0]
        assert (found.verdict, found.spearman.value) == (verdict, 1.0)
        assert (found.spearman.low is None) == (size == 4)
        opposite = told(human, -human)[0]
        assert opposite.verdict == ("cannot tell" if size == 4 else "opposes")
    assert told(human[:4], human[:4])[0].would == 5


def test_chance_is_rarely_taken_for_agreement(monkeypatch):
    monkeypatch.setattr(module, "RESAMPLES", 200)
    rng = np.random.default_rng(11)
    verdicts = []
    for _ in range(150):
        human, metric = rng.normal(size=(2, 8, 1)) + rng.normal(size=(2, 8, 20))
        verdicts.append(told(human, metric, ["system"])[0].verdict)
    assert np.mean([verdict in {"agrees", "opposes"} for verdict in verdicts]) <= 0.07


def test_many_clips_without_a_correlation_show_that_there_is_none():
    human, metric = np.random.default_rng(2).normal(size=(2, 8, 200))
    clips = told(human, metric)[1]
    assert clips.verdict == "none seen"
    few = told(human[:, :4], metric[:, :4])[1]
    assert few.verdict == "cannot tell"
    assert few.would is None or few.would > 4


def test_a_distance_speaks_of_systems_alone():
    human, _ = drawn(np.random.default_rng(4), 7, 12, 0.0)
    nothing = np.full_like(human, np.nan)
    systems, clips, pairs = told(human, nothing, whole=human.mean(1))
    assert systems.spearman.value == 1.0
    assert systems.method.endswith("systems, and the clips that people rated, percentiles")
    assert clips.kendall.value is None
    assert "says nothing of one clip" in clips.reason
    assert pairs.kendall.value is None


def test_what_is_equal_everywhere_or_one_cluster_has_no_interval():
    human, metric = drawn(np.random.default_rng(6), 6, 9, 0.5)
    assert told(human, np.ones_like(metric))[1].reason == "all values are equal"
    alone = told(human, metric, clusters=np.zeros(9, int))
    assert alone[1].kendall.low is None
    assert "1 clusters of clips: 6 at least" in alone[1].reason
    assert told(human, np.ones_like(metric))[2].reason.endswith("every pair the same value")
    assert told(human[:1], metric[:1])[0].reason == "only 1 of 1 systems have both a rating and a value"


def test_the_same_numbers_give_the_same_interval():
    human, metric = drawn(np.random.default_rng(8), 6, 9, 0.5)
    assert told(human, metric) == told(human.copy(), metric.copy())
