"""How many clips a difference needs: closed forms, a simulation, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from support.synthetic_runs import CLAP, WER, write_run
from vsseval.cli.power import command
from vsseval.errors import UsageError
from vsseval.statistics.planning import MOST, PowerSettings, StandardError, clips_for, detectable, power_of_t_test
from vsseval.statistics.power import power_of_pair, power_of_run
from vsseval.store.record import load_run


@pytest.fixture
def runs(tmp_path):
    return [load_run(write_run(tmp_path, m, q, noise_seed=i)) for i, (m, q) in enumerate([("a", 0.2), ("b", 0.25)])]


def test_power_is_that_of_the_noncentral_t():
    for errors, degrees in ((0.0, 5), (2.0, 23), (2.8, 199), (5.0, 1), (7.9, 39), (8.1, 39)):
        bar = stats.t.ppf(0.975, degrees)
        expected = stats.nct.sf(bar, degrees, errors) + stats.nct.cdf(-bar, degrees, errors)
        assert power_of_t_test(errors, degrees, 0.05) == pytest.approx(expected, abs=1e-6)
    assert power_of_t_test(0.0, 30, 0.05) == pytest.approx(0.05)
    assert power_of_t_test(1e9, 30, 0.05) == 1.0
    for errors in (16.0, 20.0, 30.0):
        assert power_of_t_test(errors, 39, 0.05) == pytest.approx(1.0)
        assert 0.5 < power_of_t_test(errors, 1, 0.05) < 1.0
    assert power_of_t_test(3.0, 0, 0.05) == 0.0


def test_what_is_said_to_be_detectable_is_detected_as_often():
    least = detectable(23, PowerSettings())
    rng = np.random.default_rng(0)
    x = rng.normal(least / math.sqrt(24), 1.0, (4000, 24))
    found = stats.ttest_1samp(x, 0, axis=1).pvalue <= 0.05
    assert 0.78 <= found.mean() <= 0.82


def test_the_textbook_number_of_pairs():
    # d = 0.5, power 0.8, two-sided 0.05: 34 pairs (Cohen 1988; G*Power 3.1).
    assert clips_for(0.5, StandardError(1 / math.sqrt(50), 50, 50, grouped=False), PowerSettings()) == 34
    # Two clips a cluster: as many clusters, twice as many clips.
    assert clips_for(0.5, StandardError(1 / math.sqrt(50), 100, 50, grouped=False), PowerSettings()) == 68
    assert clips_for(1e-9, StandardError(1.0, 50, 50, grouped=False), PowerSettings()) is None
    assert clips_for(1e-9, StandardError(1.0, MOST, 50, grouped=True), PowerSettings()) is None


def test_of_a_distance_the_degrees_of_freedom_stay():
    few = StandardError(1.0, 100, 20, grouped=True)
    assert few.errors(3.0, 400) == (6.0, 19)
    assert few.errors(3.0, 4) == (pytest.approx(0.6), 3)
    needed = clips_for(1.0, few, PowerSettings())
    assert (
        power_of_t_test(math.sqrt(needed / 100), 19, 0.05)
        >= 0.8
        > power_of_t_test(math.sqrt((needed - 1) / 100), 19, 0.05)
    )


def test_a_pair_answers_for_its_own_difference_or_another(runs):
    found = {need.metric: need for need in power_of_pair(*runs)}
    wer = found["wer@toy"]
    assert (wer.n, wer.clusters, wer.grouped, found["fad@toy"].grouped) == (24, 12, False, True)
    assert wer.difference == pytest.approx(runs[0].cell("wer@toy").value - runs[1].cell("wer@toy").value)
    assert 0 < wer.power < 1
    assert (wer.clips > wer.n) == (wer.power < 0.8)
    (other,) = power_of_pair(*runs, ["wer@toy"], PowerSettings(difference=2 * wer.difference))
    assert other.clips < wer.clips
    assert other.detectable == wer.detectable
    (at_the_edge,) = power_of_pair(*runs, ["wer@toy"], PowerSettings(difference=wer.detectable))
    assert at_the_edge.power == pytest.approx(0.8)
    assert at_the_edge.clips == 24


def test_one_run_answers_too_and_correlation_helps(runs):
    alone = {need.metric: need for need in power_of_run(runs[0])}
    assert set(alone) == set(runs[0].record.metrics)
    assert all(need.power is None and need.clips is None for need in alone.values())
    (half,) = power_of_run(runs[0], ["wer@toy"], PowerSettings(correlation=0.75))
    assert half.detectable == pytest.approx(alone["wer@toy"].detectable / 2)


def test_a_spread_of_nothing_or_of_one_clip_plans_nothing(tmp_path):
    one = load_run(write_run(tmp_path, "one", 0.2, clips=1, metrics=(WER, CLAP)))
    for need in power_of_run(one):
        assert need.detectable is None
        assert need.reason
    run = load_run(write_run(tmp_path, "same", 0.2))
    for need in power_of_pair(run, run):
        assert (need.detectable, need.clips) == (None, None)
        assert "no spread" in need.reason
    failed = load_run(write_run(tmp_path, "failed", 0.2, failed=range(23), metrics=(WER, CLAP)))
    assert all(need.detectable is None for need in power_of_pair(run, failed))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"alpha": 0.0}, "--alpha 0:"),
        ({"alpha": math.nan}, "--alpha nan:"),
        ({"power": 1.0}, "--power 1:"),
        ({"power": 0.01}, "--power 0.01:"),
        ({"correlation": 1.0}, "--correlation 1:"),
        ({"difference": 0.0}, "--difference 0:"),
        ({"difference": math.nan}, "--difference nan:"),
    ],
)
def test_an_aim_that_is_none_is_refused(options, says):
    with pytest.raises(UsageError) as caught:
        PowerSettings(**options)
    assert says in str(caught.value)


def test_unfinished_runs_and_unknown_metrics_are_refused(tmp_path, runs):
    begun = load_run(write_run(tmp_path, "begun", 0.2, status="generated"))
    with pytest.raises(UsageError, match="not finished"):
        power_of_run(begun)
    with pytest.raises(UsageError, match="lse_c@x was not measured"):
        power_of_run(runs[0], ["lse_c@x"])


def test_the_command(tmp_path):
    paths = [str(write_run(tmp_path, m, q, noise_seed=i)) for i, (m, q) in enumerate([("a", 0.2), ("b", 0.25)])]
    invoke = CliRunner().invoke
    shown = invoke(command, paths)
    assert shown.exit_code == 0, shown.output
    assert "wer@toy ↓ %" in shown.output
    assert "take the last column as a guide" in shown.output
    alone = invoke(command, paths[:1])
    assert "assumed to vary as much" in alone.output
    asked = ["--metric", "wer@toy", "--difference", "5"]
    assert "+5.00" in invoke(command, [*paths, *asked]).output
    (need,) = json.loads(invoke(command, [*paths, *asked, "--json"]).output)
    assert need["difference"] == pytest.approx(0.05)
    assert "| wer@toy ↓ % | 24 | 12 |" in invoke(command, [*paths, *asked, "--markdown"]).output
    refused = invoke(command, [*paths, "--difference", "5"])
    assert "name it with --metric" in str(refused.exception)
