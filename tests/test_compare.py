"""Paired comparisons: what they find, and what they refuse."""

from __future__ import annotations

import json

import msgspec
import pytest
from click.testing import CliRunner

from tests.synthetic_runs import CLAP, DESYNC, FAD, METRICS, WER, toy_load, write_run, write_table
from vsseval import plugins
from vsseval.errors import UsageError
from vsseval.statistics.best import clear_best
from vsseval.statistics.bounds_check import check_bounds, flags
from vsseval.statistics.compare import compare
from vsseval.store.record import load_run, write_aggregates


@pytest.fixture(autouse=True)
def _toy(monkeypatch):
    monkeypatch.setattr(plugins, "load", toy_load)


@pytest.fixture
def table(tmp_path):
    return {name: load_run(path) for name, path in write_table(tmp_path).items()}


def test_the_better_system_is_found_by_every_metric(table):
    deltas = compare(table["good"], table["poor"])
    assert [d.metric for d in deltas] == [m.id for m in METRICS]
    assert {d.better for d in deltas} == {"a"}
    assert {d.better for d in compare(table["poor"], table["good"])} == {"b"}
    by = {d.metric: d for d in deltas}
    assert by["wer@toy"].method == "paired linearised t(11), widened for skewness"
    assert by["fad@toy"].method == "paired jackknife t(11), pairs"
    assert by["wer@toy"].wins + by["wer@toy"].ties + by["wer@toy"].losses == by["wer@toy"].n == 24
    assert by["fad@toy"].wins is None


def test_a_difference_is_that_of_the_two_cells(table):
    for d in compare(table["good"], table["poor"]):
        a, b = (table[name].cell(d.metric).value for name in ("good", "poor"))
        assert d.value_a == pytest.approx(a, rel=1e-12)
        assert d.difference == pytest.approx(a - b, rel=1e-9)
        assert d.low < d.difference < d.high


def test_a_run_does_not_differ_from_itself(table):
    for d in compare(table["good"], table["good"]):
        assert d.difference == 0.0
        assert d.better is None


def test_failed_clips_are_left_out_of_both_and_counted(tmp_path):
    a = load_run(write_run(tmp_path, "a", 0.2, failed=(3, 4)))
    b = load_run(write_run(tmp_path, "b", 0.4, failed=(5,)))
    with pytest.raises(UsageError) as caught:
        compare(a, b, ["wer@toy", "fad@toy"])
    assert "wer@toy, fad@toy: 22/24 against 23/24 clips were measured: 1 measured only in" in str(caught.value)
    assert "(first: clip05), 2 measured only in" in str(caught.value)
    assert "--allow-partial" in str(caught.value)
    wer, fad = compare(a, b, ["wer@toy", "fad@toy"], allow_partial=True)
    assert (wer.n, wer.only_a, wer.only_b) == (21, 1, 2)
    assert (wer.n_a, wer.total_a, wer.n_b, wer.total_b) == (22, 24, 23, 24)
    assert fad.difference is None
    assert "3 clips were measured in one run only" in fad.reason


def test_subsets_are_compared_on_their_own(tmp_path):
    runs = [load_run(write_run(tmp_path, m, q, subsets=True)) for m, q in (("a", 0.2), ("b", 0.4))]
    for d in compare(*runs, subset="seen"):
        assert d.n == 12
        assert d.value_a == pytest.approx(runs[0].cell(d.metric, "seen").value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"benchmark": "other"}, "benchmark: toy_joint-1.0 against other-1.0"),
        ({"bench_version": "1.1"}, "benchmark: toy_joint-1.0 against toy_joint-1.1"),
        ({"manifest": "f" * 64}, "manifest: 1a2b3c4d against ffffffff"),
        ({"seed": 1}, "seed: 0 against 1"),
        ({"limit": 8}, "limit: none against 8"),
        ({"extractor": "toy-2-00000000"}, "wer@toy, x: toy-1-9f8e7d6c against toy-2-00000000"),
        ({"metrics": (msgspec.structs.replace(WER, version="2"),)}, "wer@toy, version: 1 against 2"),
        ({"metrics": (CLAP,)}, "wer@toy was not measured in"),
        ({"status": "generated"}, "is generated, not finished"),
        ({"clips": 20}, "wer@toy: the runs have different clips: 4 only in"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_difference(tmp_path, options, says):
    a = load_run(write_run(tmp_path, "a", 0.2))
    b = load_run(write_run(tmp_path, "b", 0.4, **options))
    with pytest.raises(UsageError) as caught:
        compare(a, b, ["wer@toy"])
    assert says in str(caught.value)


def test_a_metric_that_cannot_rank_the_bounds_is_flagged(table):
    bounds = {name: table[name] for name in ("reference", "shuffled", "noise", "silence")}
    checks = check_bounds(bounds, [m.id for m in METRICS])
    failing = flags(checks)
    assert list(failing) == ["desync@toy"]
    assert failing["desync@toy"].startswith("desync@toy does not separate reference from shuffled here: 0.")
    assert "n = 24" in failing["desync@toy"]
    assert {c.status for c in checks if c.metric != "desync@toy"} == {"separates"}


def test_a_bound_that_was_not_run_is_unchecked_and_no_reference_no_verdict(table):
    checks = check_bounds({"reference": table["reference"]}, ["desync@toy"])
    assert [(c.bound, c.status) for c in checks] == [("shuffled", "unchecked")]
    assert check_bounds({"noise": table["noise"]}, ["desync@toy"]) == []


def test_refusing_a_bound_a_number_is_to_see_it(tmp_path):
    metrics = (DESYNC,)
    reference = load_run(write_run(tmp_path, "reference", 0.0, metrics=metrics))
    shuffled = load_run(write_run(tmp_path, "shuffled", 0.5, metrics=metrics, failed=range(24)))
    (check,) = check_bounds({"reference": reference, "shuffled": shuffled}, ["desync@toy"])
    assert check.status == "separates"


def test_the_best_is_named_only_where_it_is_clear(tmp_path, table):
    systems = [table["good"], table["poor"]]
    for spec in (WER, CLAP, FAD):
        assert clear_best(systems, spec) is systems[0]
    twin = load_run(write_run(tmp_path, "twin", 0.15, noise_seed=50))
    assert clear_best([*systems, twin], CLAP) is None
    assert clear_best(systems[:1], CLAP) is None


def test_in_large_tables_intervals_that_do_not_overlap_decide(tmp_path):
    runs = [load_run(write_run(tmp_path, f"m{i:02d}", 0.1 if i == 3 else 0.5)) for i in range(14)]
    assert clear_best(runs, CLAP) is runs[3]
    partial = load_run(write_run(tmp_path, "partial", 0.0, failed=(1,)))
    assert clear_best([*runs, partial], CLAP) is None


def test_the_command_prints_a_table_or_json_or_refuses(tmp_path):
    from vsseval.cli.compare import command

    a, b = write_run(tmp_path, "good", 0.15), write_run(tmp_path, "poor", 0.4, noise_seed=1)
    shown = CliRunner().invoke(command, [str(a), str(b)])
    assert shown.exit_code == 0, shown.output
    assert "wer@toy" in shown.output
    assert "good" in shown.output
    found = json.loads(CliRunner().invoke(command, [str(a), str(b), "--json"]).output)
    assert {d["metric"] for d in found} == {m.id for m in METRICS}
    alone = CliRunner().invoke(command, [str(a), str(b), "--metric", "wer@toy", "--json"])
    assert [d["metric"] for d in json.loads(alone.output)] == ["wer@toy"]
    write_aggregates(b, [])
    other = write_run(tmp_path, "other", 0.4, seed=5)
    refused = CliRunner().invoke(command, [str(a), str(other)])
    assert isinstance(refused.exception, UsageError)
    assert "seed: 0 against 5" in str(refused.exception)
