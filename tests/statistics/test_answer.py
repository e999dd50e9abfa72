"""Three answers: what each needs, that every place gives the same one, and how often they are wrong."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from support.fake_plugin import ROOT
from support.synthetic_gates import by_name, made, rewrite, rules
from support.synthetic_runs import CLAP, sealed
from vsseval.statistics.answer import FEWEST, Evidence, answer, conclusion, least_that_counts, sentence, short
from vsseval.statistics.best import best_systems
from vsseval.statistics.bounds_check import check_bounds
from vsseval.statistics.clustered import ClusterSums, skew_corrected, unskewed
from vsseval.statistics.compare import compare
from vsseval.statistics.delta import Delta
from vsseval.statistics.gate import gate
from vsseval.statistics.intervals import interval_ends, ratio, ratio_difference
from vsseval.statistics.jackknife import jackknife_difference
from vsseval.statistics.planning import StandardError
from vsseval.store.record import load_run, write_aggregates
from vsseval.tables.comparison import win


def delta(difference, low, high, se=0.01, clips=100, **more):
    known = {
        "metric": "m@x",
        "a": "a",
        "b": "b",
        "benchmark": "x",
        "direction": "higher",
        "n": clips,
        "clusters": clips,
    }
    return Delta(**{**known, "difference": difference, "low": low, "high": high, "se": se, **more})


def test_an_interval_clear_of_zero_is_seen_to_the_side_that_is_asked_about():
    clear = delta(0.1, 0.08, 0.12)
    assert answer(clear, 0.05).kind == answer(clear, 0.05, of="a").kind == "seen"
    assert answer(clear, 0.05, of="b").kind == "not seen"  # b is shown to be the worse one
    lower = msgspec.structs.replace(clear, direction="lower")
    assert (answer(lower, 0.05, of="a").kind, answer(lower, 0.05, of="b").kind) == ("not seen", "seen")


def test_not_seen_needs_an_interval_that_leaves_out_what_counts_a_fair_chance_and_enough_clips():
    near = delta(0.0, -0.02, 0.02)
    found = answer(near, 0.05)
    assert (found.kind, found.clips) == ("not seen", None)
    assert found.power == pytest.approx(stats.nct.sf(stats.t.ppf(0.975, 99), 99, 5.0), abs=1e-6)
    assert answer(near, 0.019).kind == "cannot tell"  # the interval reaches beyond
    assert answer(delta(-0.03, -0.05, -0.01, se=0.01), 0.02, of="a").kind == "cannot tell"  # 2 errors: one time in two
    few = answer(delta(0.0, -0.02, 0.02, clips=FEWEST - 1), 0.05)
    assert (few.kind, few.clips) == ("cannot tell", FEWEST)
    assert answer(delta(0.0, -0.02, 0.02, clips=FEWEST), 0.05).kind == "not seen"
    assert answer(near, 0.0).kind == "cannot tell"  # nothing is known of what counts


def test_clips_of_one_cluster_are_one_and_of_a_distance_they_count_themselves():
    pairs = answer(delta(0.0, -0.02, 0.02, clips=40, clusters=20), 0.05)
    assert (pairs.kind, pairs.clips) == ("cannot tell", 2 * FEWEST)
    sets = delta(0.0, -0.02, 0.02, clips=40, clusters=20, grouped=True)
    assert answer(sets, 0.05).kind == "not seen"


@pytest.mark.parametrize(("value", "least"), [(0.0, 0.02), (0.015, 0.02), (0.04, 0.03), (0.01, 0.02)])
def test_so_many_clips_as_are_said_would_tell(value, least):
    found = answer(delta(value, value - 0.05, value + 0.05, se=0.025), least)
    assert (found.kind, found.clips > 100) == ("cannot tell", True)
    se = 0.025 * np.sqrt(100 / found.clips)
    half = stats.t.ppf(0.975, found.clips - 1) * se
    far = max(value, least - value) if value < least else value
    assert far > half  # at that many clips, either zero or what counts is left out
    assert far == pytest.approx(half + 0.84 * se, rel=0.35)


def test_no_interval_is_no_verdict_and_has_its_reason():
    one = delta(0.3, None, None, se=None, clips=1, method="no interval: one cluster")
    found = answer(one, 0.1)
    assert (found.kind, found.clips, found.power) == ("cannot tell", None, None)
    assert sentence(found) == "cannot tell with 1 clip (no interval: one cluster)"
    assert short(found) == "?"
    none = Delta(metric="m", a="a", b="b", benchmark="x", direction="lower", reason="no clips in common")
    assert sentence(answer(none, 0.1)) == "cannot tell with 0 clips (no clips in common)"


def test_the_words_have_displayed_units_power_and_clips():
    known = {"scale": 100.0, "decimals": 1, "unit": "%"}
    unseen = answer(delta(0.0, -0.02, 0.02), 0.05)
    assert sentence(unseen, **known) == "not seen, although 100 clips show 5.00 % with a chance of 1.00"
    open_ = answer(delta(0.0, -0.06, 0.06, se=0.03), 0.05)
    assert sentence(open_, **known) == f"cannot tell with 100 clips (about {open_.clips} would)"
    assert short(open_) == f"?\N{NO-BREAK SPACE}{open_.clips}"
    assert (short(unseen), sentence(answer(delta(1, 0.9, 1.1), 0.05))) == ("not seen", "seen")


def test_a_tenth_of_the_greatest_answer_counts_or_of_the_value_where_nothing_answers():
    great, small = delta(3.0, 2.0, 4.0, p=0.001), delta(0.2, 0.1, 0.3, p=0.001)
    assert least_that_counts(5.0, [small, great]) == pytest.approx(0.3)
    chance, away = delta(9.0, 0.1, 18.0, p=0.04), delta(-9.0, -10.0, -8.0, p=0.001)
    flat = delta(0.0, -1.0, 1.0, p=0.5)
    assert least_that_counts(5.0, [small, chance, flat, away]) == pytest.approx(
        0.02
    )  # 0.04 is 0.08 of two that are left
    assert least_that_counts(-5.0, []) == pytest.approx(0.5)
    assert least_that_counts(None, []) == 0.0


def test_a_gate_decides_by_its_margin_alone():
    spread = StandardError(1.0, 4, 4, grouped=False)
    assert conclusion(Evidence(-3.0, 0.2, seen=False, spread=spread), 0.5, 4, chance=0.0, fewest=0).kind == "not seen"
    assert conclusion(Evidence(-3.0, 0.6, seen=False, spread=spread), 0.5, 4, chance=0.0, fewest=0).kind != "not seen"


# One rule of significance

SHAPES = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "long tail": lambda rng, n: rng.lognormal(0, 1, n) - rng.choice([0.5, 1.0, 1.6]),
    "few far": lambda rng, n: np.where(rng.random(n) < 0.1, rng.uniform(-2, 2, n), rng.normal(0.05, 0.1, n)),
    "mostly equal": lambda rng, n: np.where(rng.random(n) < 0.15, rng.choice([-0.2, 0.5], n), 0.0),
    "rounded": lambda rng, n: rng.integers(-1, 3, n) / 6,
    "all alike": lambda rng, n: np.full(n, rng.choice([-0.25, 0.5])),
    "shifted": lambda rng, n: rng.normal(rng.choice([0.3, 0.6]), 1, n),
}


@settings(deadline=None)  # scipy is imported in the first case
@given(
    shape=st.sampled_from([*SHAPES]), clips=st.sampled_from([1, 2, 3, 5, 6, 7, 8, 12, 48, 99, 100, 300, 1000]),
    alone=st.booleans(), seed=st.integers(0, 2**32 - 1), flipped=st.booleans(),
)  # fmt: skip
def test_p_interval_win_and_answer_say_the_same_of_data_of_any_shape(shape, clips, alone, seed, flipped):
    rng = np.random.default_rng(seed)
    gap = SHAPES[shape](rng, clips) * (-1 if flipped else 1)
    base = rng.normal(0, 1, clips)
    clusters = np.arange(clips) if alone else np.arange(clips) // 2
    weights = np.ones(clips) if rng.random() < 0.5 else rng.integers(1, 9, clips).astype(float)
    found = ratio_difference((base + gap, base), (weights, weights), clusters)
    one = delta(found.value, found.low, found.high, found.se, clips, clusters=int(clusters[-1]) + 1, p=found.p,
                p_holm=found.p, method=found.method)  # fmt: skip
    said = answer(one, 0.1)
    if found.p is None:
        assert found.low is None
        assert (one.better, one.significant, said.kind, win(one, said)) == (None, None, "cannot tell", "?")
        return
    assert found.low <= found.value <= found.high
    assume(abs(found.p - 0.05) > 1e-9)
    clear = not found.low <= 0 <= found.high
    assert clear == (found.p < 0.05)
    assert one.better == one.significant == ({True: "a", False: "b"}[found.value > 0] if clear else None)
    assert (said.kind == "seen") == clear
    assert win(one, said) == ({"a": "A", "b": "B"}[one.better] if clear else "=" if said.kind == "not seen" else "?")
    assert [answer(one, 0.1, of=side).kind == "seen" for side in "ab"] == [one.better == side for side in "ab"]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 60))
def test_the_statistic_without_skewness_turns_the_interval_round(seed, size):
    rng = np.random.default_rng(seed)
    sums = ClusterSums(rng.lognormal(0, 1, size) - rng.uniform(0, 3), np.ones(size))
    value, influence = sums.ratio(), sums.influence()
    bar = stats.t.ppf(0.975, size - 1)
    ends = skew_corrected(value, influence)
    assert (ends.low > 0) == (unskewed(value, influence) > bar)
    assert (ends.high < 0) == (unskewed(value, influence) < -bar)


def test_p_is_students_without_skewness_and_of_a_distance_that_of_its_jackknife():
    x = np.repeat(np.random.default_rng(3).normal(0.2, 1.0, 20), 2) * np.tile([1, 1], 20)
    gaps = np.concatenate([x, 0.4 - x])  # symmetric about 0.2
    found = ratio_difference((gaps, np.zeros(80)), (np.ones(80), np.ones(80)), np.arange(80))
    assert found.p == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue, rel=1e-4)
    single = list(np.random.default_rng(0).normal(1.0, 0.02, 20))
    gap = jackknife_difference((1.0, 0.9), (single, [0.9] * 20))
    assert gap.p == pytest.approx(2 * stats.t.sf(abs(gap.value / gap.se), 19))
    assert ratio([1.0, 2.0], [1, 1], ["a", "b"]).p is None


def test_what_is_the_same_everywhere_is_a_difference_from_six_clusters_on():
    for clips in (2, 5, 6, 40):
        found = ratio_difference(([0.5] * clips, [1.0] * clips), ([1] * clips,) * 2, np.arange(clips))
        assert found.value == -0.5
        if clips < 6:
            assert (found.low, found.p) == (None, None)
            assert f"all {clips} clusters differ by the same" in found.method
        else:
            assert (found.low, found.high, found.p) == (-0.5, -0.5, 2.0 ** (1 - clips))
    equal = ratio_difference(([0.5] * 3, [0.5] * 3), ([1] * 3,) * 2, np.arange(3))
    assert (equal.value, equal.low, equal.high, equal.p) == (0.0, 0.0, 0.0, 1.0)


def test_the_two_words_and_a_hundred_others_that_once_won_with_an_interval_over_zero():
    """A p of 0.016 by exchanging signs stood beside an interval that held zero: p is the interval's own now."""
    gaps = np.array([-0.02] * 11 + [-1.5])
    found = ratio_difference((gaps, np.zeros(12)), (np.ones(12), np.ones(12)), np.arange(12))
    assert found.low < 0 < found.high
    assert found.p > 0.05


def of_gap(folder, name, base, gap):
    """A run whose CLAP score is given, clip by clip; each clip a cluster of its own."""
    values = base + gap
    run = made(folder, name, metrics=(CLAP,), clips=values.size)
    rewrite(run, lambda row: msgspec.structs.replace(
        row, value=float(values[int(row.sample_id[4:])]), cluster=row.sample_id))  # fmt: skip
    found = ratio(values, np.ones(values.size), np.arange(values.size))
    cells = [msgspec.structs.replace(cell, value=found.value, se=found.se, low=found.low, high=found.high)
             for cell in run.aggregates]  # fmt: skip
    write_aggregates(run.path, cells)
    sealed(run.path)
    return load_run(run.path)


@pytest.mark.parametrize("clips", [6, 12, 48])
@pytest.mark.parametrize("shape", SHAPES)
def test_bold_win_dagger_and_gate_follow_one_rule(tmp_path, shape, clips):
    rng = np.random.default_rng([len(shape), clips])
    base = rng.normal(0, 1, clips)
    gap = SHAPES[shape](rng, clips)
    a, b = of_gap(tmp_path, "reference", base, gap), of_gap(tmp_path, "noise", base, 0 * gap)
    (one,) = compare(a, b)
    ends, _ = interval_ends(np.mean(gap), (gap - gap.mean()) / clips, [ClusterSums(gap, np.ones(clips))] * 2)
    if gap.std() > 0:
        assert (one.low, one.high) == pytest.approx((float(ends.low), float(ends.high)))
    best = best_systems([a, b], CLAP).best
    assert best is {"a": a, "b": b, None: None}[one.better]
    (check, *_) = [c for c in check_bounds({"reference": a, "noise": b}, [CLAP.id]) if c.bound == "noise"]
    assert (check.status == "seen") == (one.better == "a")
    for run, base_run, side in ((a, b, "b"), (b, a, "a")):
        margin = by_name(gate(run, base_run, rules(clap_score={"margin": 0.0})))["clap_score@toy margin"]
        assert (margin.status == "regression") == (one.better == side)
        assert (margin.answer.kind == "seen") == (one.better == side)


# How often they are wrong


@pytest.fixture
def simulated(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import three_answers

    return three_answers


@pytest.mark.parametrize("clips", [6, 12, 48, 500])
def test_neither_seen_nor_not_seen_is_wrong_more_than_one_time_in_twenty(simulated, clips):
    draws = 400
    bar = 5 + 3 * 100 * np.sqrt(0.05 * 0.95 / draws)  # three standard errors of so many draws
    for name, (nothing, something) in simulated.trial(clips, draws).items():
        assert nothing.seen <= bar, name
        assert something.unseen <= 5, name


def test_many_clips_give_an_answer(simulated):
    found = simulated.trial(500, 200)
    for name in ("even", "one in ten", "far off", "words"):
        nothing, something = found[name]
        assert nothing.unseen > 85, name
        assert something.seen > 90, name


@pytest.mark.parametrize("clips", [4, 12, 48])
def test_what_is_simulated_is_what_is_answered(simulated, clips):
    seed = [simulated.SEED, clips, 100]
    sides = simulated.one_in_ten(np.random.default_rng(seed), (40, clips), 0.1)
    found = simulated.of_clips(simulated.one_in_ten, clips, 0.1, 40)
    kinds = []
    for place in range(40):
        values = sides[0].y[place], sides[1].y[place]
        est = ratio_difference(values, (np.ones(clips),) * 2, np.arange(clips))
        assert found.known[place] == (est.p is not None)
        if est.p is not None:
            assert (found.low[place], found.high[place]) == pytest.approx((est.low, est.high))
        one = delta(est.value, est.low, est.high, est.se, clips, direction="higher", method=est.method)
        kinds.append(answer(one, 0.1, of="a").kind)
    rates = simulated.judged(found, 0.1, either=False)
    assert (rates.seen, rates.unseen) == pytest.approx(
        (100 * kinds.count("seen") / 40, 100 * kinds.count("not seen") / 40)
    )
