"""Paired comparisons: what they find, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from scipy import stats

from support.synthetic_runs import CLAP, DESYNC, FAD, METRICS, WER, sealed, write_run, write_table
from vsseval.errors import UsageError
from vsseval.statistics.best import best_systems
from vsseval.statistics.bounds_check import check_bounds, doubts, flags
from vsseval.statistics.compare import compare
from vsseval.statistics.run_cache import RunCache
from vsseval.store.record import load_run, write_aggregates


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


def test_runs_of_other_limits_are_compared_on_common_clips_only_when_asked(tmp_path):
    whole = load_run(write_run(tmp_path, "whole", 0.2))
    part = load_run(write_run(tmp_path, "part", 0.4, limit=10, manifest="f" * 64))
    with pytest.raises(UsageError, match="--allow-partial"):
        compare(whole, part)
    wer, fad = compare(whole, part, ["wer@toy", "fad@toy"], allow_partial=True)
    assert (wer.n, wer.n_a, wer.total_a, wer.n_b, wer.total_b) == (10, 24, 24, 10, 10)
    assert fad.difference is None
    other = load_run(write_run(tmp_path, "other", 0.4, manifest="e" * 64))
    with pytest.raises(UsageError, match="manifest: 1a2b3c4d against eeeeeeee"):
        compare(whole, other, allow_partial=True)


def test_tests_effects_and_the_clips_that_moved_most(table):
    deltas = {d.metric: d for d in compare(table["good"], table["poor"], moved=3)}
    wer, fad = deltas["wer@toy"], deltas["fad@toy"]
    assert fad.p == pytest.approx(2 * stats.t.sf(abs(fad.difference / fad.se), 11))
    assert wer.p >= 2 * stats.t.sf(abs(wer.difference / wer.se), 11)  # where skewness makes the interval wider
    assert fad.effect is None
    assert wer.effect < -1
    assert {d.significant for d in deltas.values()} == {"a"}
    assert all(d.p_holm >= d.p for d in deltas.values())
    assert min(d.p_holm / d.p for d in deltas.values()) == 1
    assert max(d.p_holm / d.p for d in deltas.values()) > 1
    gaps = [abs(move.value_a - move.value_b) for move in wer.moved]
    assert len(gaps) == 3
    assert gaps == sorted(gaps, reverse=True)
    rows = RunCache()
    sides = [rows.clips(table[name], "wer@toy") for name in ("good", "poor")]
    assert gaps[0] == np.abs(sides[0].values - sides[1].values).max()
    (alone,) = compare(table["good"], table["poor"], ["wer@toy"])
    assert alone.p_holm == alone.p


def test_large_benchmarks_are_tested_by_student(tmp_path):
    runs = [load_run(write_run(tmp_path, m, 0.2, clips=220, noise_seed=i, metrics=(CLAP,))) for i, m in enumerate("ab")]
    (clap,) = compare(*runs)
    assert clap.significant is None
    assert clap.method == "paired linearised t(109), widened for skewness"


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


def test_a_metric_that_cannot_rank_the_bounds_is_flagged(tmp_path):
    table = {name: load_run(path) for name, path in write_table(tmp_path, clips=80).items()}
    bounds = {name: table[name] for name in ("reference", "shuffled", "noise", "silence")}
    checks = check_bounds(bounds, [m.id for m in METRICS])
    failing = flags(checks)
    assert list(failing) == ["desync@toy"]
    assert failing["desync@toy"].startswith("desync@toy does not separate reference from shuffled here: 0.")
    assert "n = 80, not seen, although 80 clips show 0.1" in failing["desync@toy"]
    assert {c.status for c in checks if c.metric != "desync@toy"} == {"seen"}
    assert doubts(checks) == {}


def test_of_few_clips_it_is_not_said_that_a_metric_cannot_rank_the_bounds(table):
    bounds = {name: table[name] for name in ("reference", "shuffled", "noise", "silence")}
    checks = check_bounds(bounds, [m.id for m in METRICS])
    assert flags(checks) == {}
    assert list(doubts(checks)) == ["desync@toy"]
    assert doubts(checks)["desync@toy"].startswith("desync@toy: shuffled, cannot tell with 24 clips (about ")
    assert {c.status for c in checks if c.metric != "desync@toy"} == {"seen"}


def test_one_clip_has_no_interval_and_is_no_evidence_against_a_metric(tmp_path):
    bounds = {n: load_run(write_run(tmp_path, n, 0.1, clips=1, metrics=(CLAP,))) for n in ("reference", "noise")}
    checks = {check.bound: check for check in check_bounds(bounds, [CLAP.id])}
    assert checks["noise"].status == "cannot tell"
    assert "no interval: one cluster" in checks["noise"].answer.reason
    assert flags([*checks.values()]) == {}


def test_a_bound_that_was_not_run_is_unchecked_and_no_reference_no_verdict(table):
    checks = check_bounds({"reference": table["reference"]}, ["desync@toy"])
    assert [(c.bound, c.status) for c in checks] == [("shuffled", "unchecked")]
    assert check_bounds({"noise": table["noise"]}, ["desync@toy"]) == []


def test_refusing_a_bound_a_number_is_to_see_it(tmp_path):
    metrics = (DESYNC,)
    reference = load_run(write_run(tmp_path, "reference", 0.0, metrics=metrics))
    shuffled = load_run(write_run(tmp_path, "shuffled", 0.5, metrics=metrics, failed=range(24)))
    (check,) = check_bounds({"reference": reference, "shuffled": shuffled}, ["desync@toy"])
    assert check.status == "seen"


def test_the_best_is_named_only_where_it_is_clear(tmp_path, table):
    systems = [table["good"], table["poor"]]
    for spec in (WER, CLAP, FAD):
        assert best_systems(systems, spec).best is systems[0]
    twin = load_run(write_run(tmp_path, "twin", 0.15, noise_seed=50))
    assert best_systems([*systems, twin], CLAP).best is None
    assert best_systems(systems[:1], CLAP).best is None
    assert best_systems(systems, msgspec.structs.replace(WER, ranked=False)) == (None, None)


def test_in_large_tables_intervals_that_do_not_overlap_decide(tmp_path):
    runs = [load_run(write_run(tmp_path, f"m{i:02d}", 0.1 if i == 3 else 0.5)) for i in range(14)]
    assert best_systems(runs, CLAP).best is runs[3]
    partial = load_run(write_run(tmp_path, "partial", 0.0, failed=(1,)))
    assert best_systems([*runs, partial], CLAP).best is None


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


def test_markdown_and_the_terminal_say_the_same_and_show_both_denominators(tmp_path):
    from vsseval.cli.compare import command

    a, b = write_run(tmp_path, "good|one_", 0.15, failed=(3,)), write_run(tmp_path, "poor", 0.4, noise_seed=1)
    refused = CliRunner().invoke(command, [str(a), str(b)])
    assert "23/24 against 24/24 clips were measured" in str(refused.exception)
    for style in ((), ("--markdown",)):
        shown = CliRunner().invoke(command, [str(a), str(b), "--allow-partial", "--clips", "1", *style])
        assert shown.exit_code == 0, shown.output
        flat = " ".join(shown.output.split())
        assert "A has 23 of 24 clips, B 24 of 24; compared on 23 (left out: 1 of B only)" in flat
        assert "fad@toy: A has 23" in flat
        assert "no difference: 1 clips were measured in one run only" in flat
        assert "after Holm's adjustment for 3 metrics" in flat
    assert "good\\|one\\_" in shown.output
    assert "| wer@toy ↓ % |" in shown.output


def test_the_table_fits_80_columns(tmp_path):
    from vsseval.tables.comparison import sheet
    from vsseval.tables.sheet import terminal

    runs = [load_run(write_run(tmp_path, m, q, noise_seed=int(9 * q))) for m, q in (("a", 0.2), ("b", 0.9))]
    deltas = [
        msgspec.structs.replace(delta, metric=f"{'x' * 20}@toy", value_b=-12345.678, low=-99999.0)
        for delta in compare(*runs)
    ]
    text = terminal(sheet(deltas, ["a", "b"]), width=80, colour=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_metrics_of_one_run_only_are_named(tmp_path):
    from vsseval.cli.compare import command

    a, b = write_run(tmp_path, "a", 0.2), write_run(tmp_path, "b", 0.3, metrics=(WER,))
    shown = CliRunner().invoke(command, [str(a), str(b)])
    assert "clap_score@toy: not compared, measured for a only." in shown.output
    c = write_run(tmp_path, "c", 0.3, metrics=(CLAP,))
    assert "no metric in common" in CliRunner().invoke(command, [str(b), str(c)]).output


def test_one_clip_has_values_but_neither_interval_nor_test(tmp_path):
    runs = [load_run(write_run(tmp_path, m, q, clips=1, metrics=(WER, CLAP))) for m, q in (("a", 0.2), ("b", 0.9))]
    for delta in compare(*runs):
        assert delta.difference is not None
        assert (delta.se, delta.low, delta.p, delta.p_holm, delta.effect, delta.better) == (None,) * 6
        assert "one cluster" in delta.method


def test_where_all_clips_failed_there_is_no_difference(tmp_path):
    a = load_run(write_run(tmp_path, "a", 0.2, metrics=(WER, CLAP)))
    b = load_run(write_run(tmp_path, "b", 0.2, metrics=(WER, CLAP), failed=range(24)))
    with pytest.raises(UsageError, match="24/24 against 0/24 clips were measured"):
        compare(a, b)
    for one, other in ((a, b), (b, b)):
        for delta in compare(one, other, allow_partial=True):
            assert (delta.n, delta.difference, delta.p) == (0, None, None)
            assert "no clips in common" in delta.reason


def test_equal_clips_have_no_spread_and_no_effect(tmp_path):
    a, b = (write_run(tmp_path, m, 0.2, metrics=(WER,)) for m in "ab")
    for path, value in ((a, 0.5), (b, 1.0)):
        spoil(path, lambda column, value=value: [value] * len(column))
    (delta,) = compare(load_run(a), load_run(b))
    assert (delta.difference, delta.se) == (-0.5, 0.0)
    assert (delta.low, delta.high) == (-0.5, -0.5)
    assert delta.effect is None
    assert delta.p == 2 / 2**12


def spoil(path: Path, change, name: str = "value") -> None:
    """Replace a column of a run's scores."""
    table = pq.read_table(path / "scores.parquet")
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    column = [*change(table.column(name).to_pylist())]
    pq.write_table(table.set_column(place, field, [column]), path / "scores.parquet")
    sealed(path)


@pytest.mark.parametrize("name", ["value", "weight"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None])
def test_nan_in_the_scores_is_refused_with_the_clip(tmp_path, name, bad):
    a, b = (write_run(tmp_path, m, q, metrics=(CLAP,)) for m, q in (("a", 0.2), ("b", 0.3)))
    spoil(b, lambda column: [*column[:7], bad, *column[8:]], name)
    with pytest.raises(UsageError) as caught:
        compare(load_run(a), load_run(b))
    assert "clip clip07 is ok by clap_score@toy" in str(caught.value)
    assert f"vsseval score {b}" in str(caught.value)


def test_a_clip_that_is_there_twice_or_has_no_name_is_refused(tmp_path):
    a, b = (write_run(tmp_path, m, q, metrics=(CLAP,)) for m, q in (("a", 0.2), ("b", 0.3)))
    spoil(b, lambda column: [column[1], *column[1:]], "sample_id")
    with pytest.raises(UsageError, match="holds a clip twice for clap_score@toy"):
        compare(load_run(a), load_run(b))
    spoil(a, lambda column: [None, *column[1:]], "cluster")
    with pytest.raises(UsageError, match="a row without a name"):
        compare(load_run(a), load_run(b))
    table = pq.read_table(b / "scores.parquet")
    pq.write_table(table.drop_columns(["weight"]), b / "scores.parquet")
    sealed(b)
    with pytest.raises(UsageError, match="there is no column weight"):
        RunCache().clips(load_run(b), "clap_score@toy")


def test_an_edited_cell_is_shown(tmp_path):
    from vsseval.cli.compare import command

    a, b = (write_run(tmp_path, m, q) for m, q in (("a", 0.2), ("b", 0.3)))
    cells = [msgspec.structs.replace(cell, value=0.01) for cell in load_run(b).aggregates]
    write_aggregates(b, cells)
    shown = CliRunner().invoke(command, [str(a), str(b), "--metric", "wer@toy"])
    assert f"{b}/aggregates.json says 0.01 for wer@toy, but the scores below it give 0.3" in shown.stderr
    assert "it was edited" in shown.stderr


def test_runs_of_another_layout_are_refused(tmp_path):
    path = write_run(tmp_path, "a", 0.2)
    header = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(header | {"schema": 99}))
    with pytest.raises(UsageError, match="layout 99"):
        load_run(path)
