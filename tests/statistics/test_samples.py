"""Several samples of each clip: one row for the clip, and the parts of the error told apart."""

from __future__ import annotations

import json
import math

import msgspec
import numpy as np
import pytest

from vsseval.statistics.intervals import ratio, ratio_difference
from vsseval.statistics.samples import averaged, of_clips, spread_of_sets, spread_of_values
from vsseval.store.replicates import Replicates
from vsseval.store.scores import ScoreRow


def rows_of(values, weights=None, clusters=None):
    """Return a row for each value of an array of clips by samples."""
    weights = np.ones_like(values) if weights is None else weights
    clusters = [f"c{i}" for i in range(len(values))] if clusters is None else clusters
    return [
        ScoreRow(
            sample_id=f"clip{i:05d}", cluster=clusters[i], subset="", seed=seed, metric="m@r", version="1", status="ok",
            value=float(value), weight=float(weights[i, seed]),
        )
        for i, of_clip in enumerate(values) for seed, value in enumerate(of_clip)
    ]  # fmt: skip


def estimate(rows):
    clips = of_clips(rows)
    return ratio([row.value for row in clips], [row.weight for row in clips], [row.cluster for row in clips])


@pytest.mark.parametrize("samples", [2, 3, 8])
@pytest.mark.parametrize(("between", "within"), [(2.0, 0.5), (0.5, 2.0), (1.0, 1.0)])
def test_known_spreads_are_recovered(between, within, samples):
    random = np.random.default_rng(5)
    values = 3 + random.normal(0, between, (4000, 1)) + random.normal(0, within, (4000, samples))
    rows = rows_of(values)
    found = estimate(rows)
    spread = spread_of_values(rows, found.se)
    assert spread.samples == samples
    # Four standard errors of either variance: of means over samples, and within clips.
    mean = between**2 + within**2 / samples
    noise = 4 * math.sqrt(2 / (4000 * (samples - 1))) * within**2
    assert spread.sd_seeds**2 == pytest.approx(within**2, abs=noise)
    slack = 4 * math.sqrt(2 / 4000) * mean + noise / samples
    assert spread.sd_clips**2 == pytest.approx(between**2, abs=slack)
    assert spread.se_clips**2 * 4000 == pytest.approx(between**2, abs=slack)
    assert spread.se_seeds**2 * 4000 * samples == pytest.approx(within**2, abs=noise)
    assert found.se**2 == pytest.approx(spread.se_clips**2 + spread.se_seeds**2, rel=1e-9)


def test_of_equal_weights_it_is_the_analysis_of_variance():
    values = np.random.default_rng(1).normal(0, 1, (12, 3)) + np.arange(12)[:, None]
    mean_square_within = values.var(1, ddof=1).mean()
    mean_square_between = 3 * values.mean(1).var(ddof=1)
    rows = rows_of(values)
    spread = spread_of_values(rows, estimate(rows).se)
    assert spread.sd_seeds**2 == pytest.approx(mean_square_within)
    assert spread.sd_clips**2 == pytest.approx((mean_square_between - mean_square_within) / 3)
    assert spread.se_seeds**2 == pytest.approx(mean_square_within / 36)
    assert spread.se_clips**2 == pytest.approx((mean_square_between - mean_square_within) / 36)


def test_the_part_of_the_seeds_is_what_other_seeds_would_give():
    """With weights: the ratio of the same clips, their samples drawn again, varies by `se_seeds`."""
    random = np.random.default_rng(3)
    truth, weights = random.normal(10, 3, (60, 1)), random.integers(1, 30, (60, 1)) * np.ones((60, 3))
    drawn = [rows_of(truth + random.normal(0, 2, (60, 3)), weights) for _ in range(200)]
    observed = np.std([estimate(rows).value for rows in drawn], ddof=1)
    said = np.mean([spread_of_values(rows, estimate(rows).se).se_seeds for rows in drawn])
    assert said == pytest.approx(observed, rel=0.15)


@pytest.mark.parametrize("difference", [False, True])
def test_intervals_over_clips_hold_the_noise_of_clips_and_samples(difference):
    """New clips and new samples in every draw: 95 % of the intervals hold the truth, of values and of differences."""
    random, held, draws = np.random.default_rng(11), 0, 400
    for _ in range(draws):
        hard = random.normal(0, 1, (48, 1))
        clips = [of_clips(rows_of(hard + random.normal(0, noise, (48, 3)))) for noise in (1.5, 0.5)]
        values, clusters = [[row.value for row in side] for side in clips], [row.cluster for row in clips[0]]
        ones = np.ones(48)
        found = ratio_difference(values, (ones, ones), clusters) if difference else ratio(values[0], ones, clusters)
        held += found.low <= 0 <= found.high
    assert 0.925 <= held / draws <= 0.975


def test_samples_that_do_not_differ_add_nothing_and_clips_that_do_not_differ_neither():
    same = np.repeat(np.arange(5.0)[:, None], 3, axis=1)
    rows = rows_of(same)
    spread = spread_of_values(rows, estimate(rows).se)
    assert (spread.se_seeds, spread.sd_seeds) == pytest.approx((0.0, 0.0), abs=1e-15)
    assert spread.se_clips == pytest.approx(estimate(rows).se)
    rows = rows_of(same.T)
    spread = spread_of_values(rows, estimate(rows).se)
    assert (spread.se_clips, spread.sd_clips) == (0.0, 0.0)
    assert spread.se_seeds > 0


def test_the_ratio_over_clips_is_that_over_all_samples():
    random = np.random.default_rng(2)
    values, weights = random.normal(size=(7, 3)), random.integers(0, 4, (7, 3)).astype(float)
    weights[0] = 0
    assert estimate(rows_of(values, weights)).value == pytest.approx(np.average(values, weights=weights))
    assert spread_of_values(rows_of(values, weights), None).se_clips is None


def test_one_sample_is_left_as_it_is():
    rows = rows_of(np.arange(4.0)[:, None])
    assert all(one is row for one, row in zip(of_clips(rows), rows, strict=True))
    assert spread_of_values(rows, 1.0) is None
    one = Replicates(metric="d@r", n=4, total=4, clips="x", value=1.0)
    assert averaged([one]) is one
    assert spread_of_sets([one], 1.0) is None


def bad(row, status, reason):
    return msgspec.structs.replace(
        row, status=status, value=None, weight=None, detail=json.dumps({"reason": reason})
    )  # fmt: skip


@pytest.mark.parametrize(("statuses", "status", "reason"), [
    (["ok", "failed", "ok"], "failed", "1 of 3 samples failed: why 1"),
    (["missing", "ok", "missing"], "missing", "2 of 3 samples are missing: why 0"),
    (["missing", "failed", "ok"], "failed", "2 of 3 samples failed: why 1"),
])  # fmt: skip
def test_a_clip_is_ok_where_all_of_its_samples_are(statuses, status, reason):
    rows = [
        row if found == "ok" else bad(row, found, f"why {row.seed}")
        for row, found in zip(rows_of(np.ones((1, 3))), statuses, strict=True)
    ]
    (clip,) = of_clips(rows)
    assert (clip.status, clip.value, clip.weight) == (status, None, None)
    assert json.loads(clip.detail) == {"reason": reason}
    assert spread_of_values(rows, None) is None


def test_what_holds_of_every_sample_is_said_once():
    rows = [bad(row, "not_applicable", "no transcript") for row in rows_of(np.ones((1, 3)))]
    (clip,) = of_clips(rows)
    assert (clip.status, json.loads(clip.detail)) == ("not_applicable", {"reason": "no transcript"})


def test_numbers_of_the_detail_are_means_and_words_are_not():
    details = [
        {"lag": 1, "heard": "a", "n": 2, "said": "c"},
        {"lag": 2.5, "heard": "b", "more": 3, "n": 2, "said": "c"},
    ]
    rows = [
        msgspec.structs.replace(row, detail=json.dumps(detail))
        for row, detail in zip(rows_of(np.ones((1, 2))), details, strict=True)
    ]
    assert json.loads(of_clips(rows)[0].detail) == {"lag": 1.75, "n": 2, "said": "c"}


def test_a_distance_is_the_mean_over_its_sets_with_each_group_left_out_of_all():
    sets = [
        Replicates(
            metric="d@r", n=9, total=9, clips="x", value=value, groups=(0, 1, 2), without=(value + 1, value - 1, gone)
        )
        for value, gone in ((1.0, 4.0), (2.0, None), (6.0, 4.0))
    ]  # fmt: skip
    found = averaged(sets)
    assert (found.value, found.groups, found.without, found.without_two) == (3.0, (0, 1, 2), (4.0, 2.0, None), ())
    spread = spread_of_sets(sets, 2.0)
    assert spread.se_seeds == pytest.approx(np.std([1, 2, 6], ddof=1) / math.sqrt(3))
    assert spread.se_clips == pytest.approx(math.sqrt(4 - spread.se_seeds**2))
    assert (spread.sd_clips, spread.sd_seeds) == (None, None)
    assert spread_of_sets(sets, 0.1).se_clips == 0.0
    lacking = Replicates(metric="d@r", n=9, total=9, clips="x", reason="too few rows")
    assert averaged([*sets, lacking]) == lacking
    assert spread_of_sets([*sets, lacking], 2.0) is None
