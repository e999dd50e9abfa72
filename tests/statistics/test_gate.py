"""The gate: what passes, what does not, and what it refuses."""

from __future__ import annotations

import msgspec
import pytest

from support.synthetic_gates import ALL, by_name, made, rewrite, rules
from support.synthetic_runs import CLAP, METRICS, WER, sealed
from vsseval.errors import UsageError
from vsseval.statistics.delta import Delta
from vsseval.statistics.gate import gate
from vsseval.statistics.gate_rules import GateRule, Gates
from vsseval.statistics.gate_verdict import worse_by
from vsseval.store.record import load_run, write_aggregates, write_record

# What passes and what does not


def test_a_run_passes_against_itself_with_no_margin_at_all(tmp_path):
    run = made(tmp_path, "a")
    verdict = gate(run, run, rules(**{m.name: {"margin": 0.0} for m in METRICS}))
    assert (verdict.status, verdict.exit_code) == ("passed", 0)
    assert len(verdict.checks) == 1 + len(METRICS)


def test_what_is_better_passes_and_what_is_worse_does_not_by_either_direction(tmp_path):
    good, poor = made(tmp_path, "good", 0.15), made(tmp_path, "poor", 0.4, noise_seed=1)
    assert gate(good, poor, ALL).exit_code == 0
    verdict = gate(poor, good, ALL)
    assert verdict.exit_code == 1
    assert {c.metric for c in verdict.checks if c.status == "regression"} == {m.id for m in METRICS}


@pytest.mark.parametrize("metric", [CLAP, WER], ids=lambda m: m.id)
def test_the_far_end_of_the_interval_decides(tmp_path, metric):
    """One hair within the far end of the loss fails, one hair beyond it passes."""
    base, run = made(tmp_path, "base"), made(tmp_path, "run", noise_seed=5)
    (check,) = [c for c in gate(run, base, rules(**{metric.name: {"margin": 50.0}})).checks if c.delta]
    high = worse_by(check.delta).high * metric.scale
    assert high > 0
    assert gate(run, base, rules(**{metric.name: {"margin": high * 1.0001}})).exit_code == 0
    assert gate(run, base, rules(**{metric.name: {"margin": high * 0.9999}})).exit_code == 1


def test_a_difference_that_could_be_chance_is_unproven_not_passed(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", noise_seed=6)
    verdict = gate(run, base, rules(clap_score={"margin": 0.001}))
    assert (verdict.status, verdict.exit_code) == ("unproven", 1)
    check = by_name(verdict)["clap_score@toy margin"]
    assert check.answer.kind == "cannot tell"
    assert f"cannot tell with 24 clips (about {check.answer.clips} would)" in check.message
    assert check.answer.clips > 24


def test_what_passes_says_how_likely_a_loss_as_large_as_the_margin_is_seen(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", noise_seed=6)
    check = by_name(gate(run, base, rules(clap_score={"margin": 0.5})))["clap_score@toy margin"]
    assert (check.status, check.answer.kind) == ("passed", "not seen")
    assert check.message.endswith("a loss as large as the margin is seen with a chance of 1.00")


def test_loss_is_positive_where_worse():
    known = {"metric": "m", "a": "a", "b": "b", "benchmark": "x", "difference": 2.0, "se": 1.0, "low": -0.5,
             "high": 6.0, "clusters": 11}  # fmt: skip
    # Zero lies beyond the end that `compare` has; the margin beyond Student's.
    assert worse_by(Delta(**known, direction="lower")) == pytest.approx((2.0, -0.5, 4.228), abs=1e-3)
    assert worse_by(Delta(**known, direction="higher")) == pytest.approx((-2.0, -6.0, 0.228), abs=1e-3)
    assert worse_by(Delta(metric="m", a="a", b="b", benchmark="x", direction="lower")) is None


def test_floors_and_ceilings_hold_whatever_the_baseline_has(tmp_path):
    run = made(tmp_path, "a")
    wer, clap = run.cell("wer@toy").value * 100, run.cell("clap_score@toy").value
    assert gate(run, run, rules(wer={"ceiling": wer + 0.1}, clap_score={"floor": clap - 0.01})).exit_code == 0
    verdict = gate(run, run, rules(wer={"ceiling": wer - 0.1}, clap_score={"floor": clap + 0.01}))
    assert verdict.exit_code == 1
    failed = {c.name for c in verdict.checks if c.status == "regression"}
    assert failed == {"wer@toy ceiling", "clap_score@toy floor"}


def test_rules_of_the_benchmark_replace_those_of_any_and_what_has_none_is_named(tmp_path):
    run = made(tmp_path, "a")
    gates = Gates("g", {"*": {"wer@toy": GateRule(margin=0.0)}, "toy_joint": {"wer@toy": GateRule(ceiling=1.0)}})
    verdict = gate(run, run, gates)
    assert [c.name for c in verdict.checks] == ["clips", "wer@toy ceiling"]
    assert set(verdict.ungated) == {m.id for m in METRICS} - {"wer@toy"}


# What fails by itself


def test_a_failed_clip_fails_by_itself_and_is_named(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", failed=(3,))
    verdict = gate(run, base, rules(wer={"margin": 100.0}))
    assert (verdict.status, verdict.exit_code) == ("incomplete", 3)
    assert (
        by_name(verdict)["clips"].message == "1 of 24 clips have no sound: clip03 failed: the model ran out of memory"
    )
    assert by_name(verdict)["wer@toy margin"].status == "passed"
    assert gate(run, run, rules(wer={"margin": 100.0})).exit_code == 3, "even where the baseline failed too"


def test_a_regression_shown_on_the_clips_that_are_left_weighs_more_than_the_failed_one(tmp_path):
    base, run = made(tmp_path, "base", 0.1), made(tmp_path, "run", 0.5, failed=(3,))
    assert gate(run, base, rules(wer={"margin": 1.0})).exit_code == 1


def test_all_clips_failed(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", metrics=(WER,), failed=range(24))
    verdict = gate(run, base, rules(wer={"margin": 100.0, "ceiling": 100.0}))
    assert verdict.exit_code == 3
    assert {c.status for c in verdict.checks} == {"incomplete"}


def test_a_limited_run_never_passes(tmp_path):
    base = made(tmp_path, "base")
    for limit in (8, 24):
        run = made(tmp_path / str(limit), "run", limit=limit)
        for baseline in (base, run):
            verdict = gate(run, baseline, rules(clap_score={"margin": 100.0}))
            assert verdict.exit_code == 3
            assert f"the run was made with --limit {limit}" in by_name(verdict)["all clips"].message
        assert gate(base, run, rules(clap_score={"margin": 100.0})).exit_code == 3


def test_an_unfinished_run_is_incomplete_and_an_unfinished_baseline_is_none(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", status="generated")
    assert gate(run, base, ALL).exit_code == 3
    with pytest.raises(UsageError, match="not finished"):
        gate(base, run, ALL)


def test_a_clip_that_lost_its_value_is_incomplete_and_one_that_never_had_one_is_no_change(tmp_path):
    def unmeasured(row):
        if (row.sample_id, row.metric) != ("clip07", "desync@toy"):
            return row
        return msgspec.structs.replace(row, status="failed", value=None, detail='{"reason": "no onsets"}')

    base, run = made(tmp_path, "base"), made(tmp_path, "run")
    rewrite(run, unmeasured)
    verdict = gate(run, base, rules(desync={"margin": 1.0}))
    assert verdict.exit_code == 3
    assert by_name(verdict)["desync@toy clips"].message == (
        "1 clips that the baseline measured have no value (23/24 against 24/24), the first clip07: no onsets"
    )
    rewrite(base, unmeasured)
    assert "desync@toy clips" not in by_name(gate(run, base, rules(desync={"margin": 1.0})))


def test_a_metric_that_was_lost_is_incomplete_with_the_reason(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", metrics=(WER,))
    lost = {**run.record.provenance, "unavailable": {"clap_score@toy": "the weights are not here"}}
    write_record(run.path, msgspec.structs.replace(run.record, provenance=lost))
    verdict = gate(load_run(run.path), base, ALL)
    assert verdict.exit_code == 3
    assert by_name(verdict)["clap_score@toy measured"].message == "not measured: the weights are not here"


def test_a_rule_for_this_benchmark_whose_metric_nobody_measured_is_incomplete(tmp_path):
    run = made(tmp_path, "a")
    gates = Gates("g", {"toy_joint": {"wre@toy": GateRule(margin=1.0)}})
    assert gate(run, run, gates).exit_code == 3


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"benchmark": "other"}, "benchmark: toy_joint-1.0 against other-1.0"),
        ({"bench_version": "1.1"}, "benchmark: toy_joint-1.0 against toy_joint-1.1"),
        ({"manifest": "f" * 64}, "manifest: 1a2b3c4d against ffffffff"),
        ({"seed": 1}, "seed: 0 against 1"),
        ({"extractor": "toy-2-00000000"}, "wer@toy, x: toy-1-9f8e7d6c against toy-2-00000000"),
        ({"metrics": (msgspec.structs.replace(WER, version="2"),)}, "wer@toy, version: 1 against 2"),
        ({"metrics": (CLAP,)}, r"has no wer@toy. Measure it with: vsseval score .* --metric wer@toy"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, options, message):
    run, base = made(tmp_path, "run"), made(tmp_path, "base", **options)
    with pytest.raises(UsageError, match=message):
        gate(run, base, rules(wer={"margin": 100.0}))


def test_another_seed_is_taken_where_that_is_asked_for(tmp_path):
    run, base = made(tmp_path, "run", seed=1), made(tmp_path, "base")
    assert gate(run, base, rules(wer={"margin": 100.0}), any_seed=True).exit_code == 0


def test_edited_cells_are_refused(tmp_path):
    run, base = made(tmp_path, "run"), made(tmp_path, "base")
    write_aggregates(run.path, [msgspec.structs.replace(c, value=0.01) for c in run.aggregates])
    sealed(run.path)
    with pytest.raises(UsageError, match=r"says 0.01 for wer@toy, but its scores give .* was edited"):
        gate(load_run(run.path), base, rules(wer={"ceiling": 5.0}))


def test_scores_that_are_no_number_are_refused(tmp_path):
    run, base = made(tmp_path, "run"), made(tmp_path, "base")
    rewrite(run, lambda row: msgspec.structs.replace(row, value=float("nan")) if row.sample_id == "clip05" else row)
    with pytest.raises(UsageError, match="clip clip05 is ok by wer@toy, and yet"):
        gate(run, base, rules(wer={"margin": 5.0}))


def test_no_rule_for_any_metric_is_refused(tmp_path):
    run = made(tmp_path, "a")
    with pytest.raises(UsageError, match="holds no rule for toy_joint"):
        gate(
            run,
            run,
            Gates("gates.toml", {"mini_v2s": {"wer@toy": GateRule(margin=1.0)}, "*": {"x@y": GateRule(margin=1)}}),
        )


def test_one_clip_and_no_variance(tmp_path):
    one = made(tmp_path / "one", "a", clips=1, metrics=(WER, CLAP))
    other = made(tmp_path / "other", "a", clips=1, metrics=(WER, CLAP), noise_seed=3)
    verdict = gate(other, one, rules(clap_score={"margin": 100.0}))
    assert (verdict.status, verdict.exit_code) == ("unproven", 1)
    assert "no interval: one cluster" in by_name(verdict)["clap_score@toy margin"].message
    same = [made(tmp_path / name, "a", 0.0, noise_seed=1) for name in "xy"]
    for run in same:
        rewrite(run, lambda row: msgspec.structs.replace(row, value=0.5) if row.metric == "clap_score@toy" else row)
        cells = [msgspec.structs.replace(c, value=0.5) if c.metric == "clap_score@toy" else c for c in run.aggregates]
        write_aggregates(run.path, cells)
        sealed(run.path)
    assert gate(load_run(same[0].path), load_run(same[1].path), rules(clap_score={"margin": 0.0})).exit_code == 0
