"""The gate: what passes, what does not, what it refuses, and the margins that it proposes."""

from __future__ import annotations

import json
import tomllib
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from tests.synthetic_runs import CLAP, DESYNC, FAD, METRICS, WER, toy_load, write_run
from vsseval import plugins
from vsseval.errors import UsageError
from vsseval.present.gate import MARKER, annotation, github_annotations, markdown, plain
from vsseval.present.junit import junit
from vsseval.present.margins import toml
from vsseval.statistics.delta import Delta
from vsseval.statistics.gate import gate
from vsseval.statistics.gate_rules import Gates, Rule, load_gates
from vsseval.statistics.gate_verdict import Check, Verdict, worse_by
from vsseval.statistics.learn import Proposal, learn, rounded_up, spread
from vsseval.statistics.shift import median
from vsseval.store.record import load_run, write_aggregates, write_record
from vsseval.store.tables import read_scores, write_scores


@pytest.fixture(autouse=True)
def _toy(monkeypatch):
    monkeypatch.setattr(plugins, "load", toy_load)


def made(root, model, badness=0.2, **options):
    return load_run(write_run(root, model, badness, **options))


def rules(**by_metric):
    return Gates("gates.toml", {"*": {f"{name}@toy": Rule(**rule) for name, rule in by_metric.items()}})


ALL = rules(fad={"margin": 0.5}, clap_score={"margin": 0.1}, desync={"margin": 0.1}, wer={"margin": 10.0})


def rewrite(run, change):
    """Change rows of a run's scores, as something that went wrong would."""
    rows = [change(row) for row in read_scores(run.paths.scores)]
    write_scores(run.paths.scores, [row for row in rows if row is not None])


def by_name(verdict):
    return {check.name: check for check in verdict.checks}


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


def test_loss_is_positive_where_worse():
    known = {"metric": "m", "a": "a", "b": "b", "benchmark": "x", "difference": 2.0, "low": 1.0, "high": 4.0}
    assert worse_by(Delta(**known, direction="lower")) == (2.0, 1.0, 4.0)
    assert worse_by(Delta(**known, direction="higher")) == (-2.0, -4.0, -1.0)
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
    gates = Gates("g", {"*": {"wer@toy": Rule(margin=0.0)}, "toy_joint": {"wer@toy": Rule(ceiling=1.0)}})
    verdict = gate(run, run, gates)
    assert [c.name for c in verdict.checks] == ["clips", "wer@toy ceiling"]
    assert set(verdict.ungated) == {m.id for m in METRICS} - {"wer@toy"}


# What fails by itself


def test_a_failed_clip_fails_by_itself_and_is_named(tmp_path):
    base, run = made(tmp_path, "base"), made(tmp_path, "run", failed=(3,))
    verdict = gate(run, base, rules(wer={"margin": 100.0}))
    assert (verdict.status, verdict.exit_code) == ("incomplete", 3)
    assert by_name(verdict)["clips"].says == "1 of 24 clips have no sound: clip03 failed: the model ran out of memory"
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
            verdict = gate(run, baseline, rules(wer={"margin": 100.0}))
            assert verdict.exit_code == 3
            assert f"the run was made with --limit {limit}" in by_name(verdict)["all clips"].says
        assert gate(base, run, rules(wer={"margin": 100.0})).exit_code == 3


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
    assert by_name(verdict)["desync@toy clips"].says == (
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
    assert by_name(verdict)["clap_score@toy measured"].says == "not measured: the weights are not here"


def test_a_rule_for_this_benchmark_whose_metric_nobody_measured_is_incomplete(tmp_path):
    run = made(tmp_path, "a")
    gates = Gates("g", {"toy_joint": {"wre@toy": Rule(margin=1.0)}})
    assert gate(run, run, gates).exit_code == 3


# What is refused


@pytest.mark.parametrize(
    ("options", "says"),
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
def test_what_cannot_be_compared_is_refused(tmp_path, options, says):
    run, base = made(tmp_path, "run"), made(tmp_path, "base", **options)
    with pytest.raises(UsageError, match=says):
        gate(run, base, rules(wer={"margin": 100.0}))


def test_another_seed_is_taken_where_that_is_asked_for(tmp_path):
    run, base = made(tmp_path, "run", seed=1), made(tmp_path, "base")
    assert gate(run, base, rules(wer={"margin": 100.0}), any_seed=True).exit_code == 0


def test_edited_cells_are_refused(tmp_path):
    run, base = made(tmp_path, "run"), made(tmp_path, "base")
    write_aggregates(run.path, [msgspec.structs.replace(c, value=0.01) for c in run.aggregates])
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
        gate(run, run, Gates("gates.toml", {"mini_v2s": {"wer@toy": Rule(margin=1.0)}, "*": {"x@y": Rule(margin=1)}}))


def test_one_clip_and_no_variance(tmp_path):
    one = made(tmp_path / "one", "a", clips=1, metrics=(WER, CLAP))
    other = made(tmp_path / "other", "a", clips=1, metrics=(WER, CLAP), noise_seed=3)
    verdict = gate(other, one, rules(clap_score={"margin": 100.0}))
    assert (verdict.status, verdict.exit_code) == ("unproven", 1)
    assert "no interval: one cluster" in by_name(verdict)["clap_score@toy margin"].says
    same = [made(tmp_path / name, "a", 0.0, noise_seed=1) for name in "xy"]
    for run in same:
        rewrite(run, lambda row: msgspec.structs.replace(row, value=0.5) if row.metric == "clap_score@toy" else row)
        cells = [msgspec.structs.replace(c, value=0.5) if c.metric == "clap_score@toy" else c for c in run.aggregates]
        write_aggregates(run.path, cells)
    assert gate(load_run(same[0].path), load_run(same[1].path), rules(clap_score={"margin": 0.0})).exit_code == 0


# A delay is seen in the signed offset


def with_offsets(run, offsets):
    def put(row):
        if row.metric != "desync@toy":
            return row
        offset = offsets[int(row.sample_id[4:])]
        return msgspec.structs.replace(row, value=abs(offset), detail=json.dumps({"offset": offset}))

    rewrite(run, put)
    cells = [
        msgspec.structs.replace(c, value=float(np.mean(np.abs(offsets)))) if c.metric == "desync@toy" else c
        for c in run.aggregates
    ]
    write_aggregates(run.path, cells)
    return load_run(run.path)


def test_a_delay_that_brings_early_sound_nearer_lowers_desync_and_is_stopped_by_the_shift(tmp_path):
    rng = np.random.default_rng(4)
    early = rng.normal(-0.035, 0.02, 24)
    jitter = rng.normal(0, 0.01, 24)
    late = early + 0.020 + jitter
    late[3] = -1.5  # one clip's lag jumps to another beat
    base = with_offsets(made(tmp_path, "base"), early)
    run = with_offsets(made(tmp_path, "run"), late)
    again = with_offsets(made(tmp_path, "again"), early - jitter)
    gates = rules(desync={"margin": 1.0, "shift": {"offset": 0.012}})
    assert gate(again, base, gates).exit_code == 0
    verdict = gate(run, base, gates)
    assert by_name(verdict)["desync@toy margin"].status == "passed"
    assert by_name(verdict)["desync@toy offset"].status == "regression"
    assert np.abs(np.delete(late, 3)).mean() < np.abs(np.delete(early, 3)).mean()
    lead = with_offsets(made(tmp_path, "lead"), early - 0.020)
    assert gate(lead, base, gates).exit_code == 1, "to either side"


def test_a_shift_of_a_detail_that_is_not_there_is_refused(tmp_path):
    run = made(tmp_path, "a")
    with pytest.raises(UsageError, match="says of clip clip00 no finite number 'offset'"):
        gate(run, run, rules(desync={"shift": {"offset": 0.1}}))


def test_the_interval_of_a_median_is_that_of_the_sign_test():
    # Conover's table: of 10 values the 2nd and 9th, 97.9 %; of 6 the 1st and last; of 5 there is none.
    assert (median(np.arange(10.0)).low, median(np.arange(10.0)).high) == (1.0, 8.0)
    assert (median(np.arange(6.0)).low, median(np.arange(6.0)).high) == (0.0, 5.0)
    assert median(np.arange(5.0)).low is None
    assert median(np.array([])).value is None


@pytest.mark.parametrize("n", [24, 56])
def test_the_interval_of_a_median_covers_it(n):
    rng = np.random.default_rng(0)
    draws = rng.standard_t(2, (2000, n))
    found = [median(row) for row in draws]
    covered = np.mean([e.low <= 0 <= e.high for e in found])
    assert 0.945 <= covered <= 0.985, "never below 95 % but for chance; the next pair of order statistics is beyond"


# Margins


def reruns(root, count, badness=0.2, first=0, **options):
    return [made(root, "m", badness, seed=s, noise_seed=1000 + s, **options) for s in range(first, first + count)]


def test_margins_learnt_from_reruns_pass_reruns_and_stop_what_is_worse(tmp_path):
    """Ten reruns pass, by four metrics each; a planted loss of twice the margin is stopped by every one of them."""
    learnt = reruns(tmp_path / "learn", 5, clips=48)
    path = tmp_path / "gates.toml"
    path.write_text(toml(learn(learnt), learnt))
    gates = load_gates(path)
    for run in reruns(tmp_path / "again", 10, first=10, clips=48):
        verdict = gate(run, learnt[0], gates, any_seed=True)
        assert verdict.exit_code == 0, plain([verdict])
    worse = made(tmp_path, "worse", 0.45, seed=0, noise_seed=77, clips=48)
    caught = {c.metric for c in gate(worse, learnt[0], gates).checks if c.status == "regression"}
    assert caught == {m.id for m in METRICS}


def test_of_many_reruns_few_are_stopped_and_losses_are_caught_as_promised():
    """The rule by itself, on normal numbers: 800 gates of reruns, of a loss at `caught` and of one at the margin."""
    from vsseval.statistics.intervals import ratio_difference

    rng, n = np.random.default_rng(1), 48
    hard = rng.normal(0, 1, n)
    ones, clusters = np.ones(n), np.arange(n)

    def reach(loss):
        a, b = (hard + rng.normal(0, 0.1, n) for _ in range(2))
        found = ratio_difference((a + loss, b), (ones, ones), clusters)
        return found, found.high

    pairs = [reach(0.0)[0] for _ in range(10)]
    found = spread([(e.value, e.se, e.low, e.high) for e in pairs])
    margin, caught = found.margin, found.caught(found.margin)
    stopped = {loss: np.mean([reach(loss)[1] > margin for _ in range(800)]) for loss in (0.0, caught, margin)}
    assert stopped[0.0] <= 0.01
    assert 0.84 <= stopped[caught] <= 0.96
    assert stopped[margin] >= 0.95


def test_learning_refuses_what_it_cannot_learn_from(tmp_path):
    runs = reruns(tmp_path / "a", 3)
    with pytest.raises(UsageError, match="at least 3 reruns on toy_joint, there are 2"):
        learn(runs[:2])
    with pytest.raises(UsageError, match="do not differ at all"):
        learn([runs[0]] * 3)
    with pytest.raises(UsageError, match="reruns are of one model, but on toy_joint there are m, other"):
        learn([*runs, made(tmp_path, "other")])
    with pytest.raises(UsageError, match="--limit"):
        learn([*runs, *reruns(tmp_path / "limited", 1, first=7, limit=8)])
    with pytest.raises(UsageError, match="1 clips without a sound"):
        learn([*runs, *reruns(tmp_path / "failed", 1, first=8, failed=(2,))])
    with pytest.raises(UsageError, match="manifest"):
        learn([*runs, *reruns(tmp_path / "manifest", 1, first=9, manifest="e" * 64)])


def test_margins_are_rounded_up_to_two_digits_and_are_never_less_than_a_table_shows(tmp_path):
    assert [rounded_up(x) for x in (0.0, 0.01234, 1.0, 4.21, 99.1, 1234.0)] == [0.0, 0.013, 1.0, 4.3, 100.0, 1300.0]
    runs = [made(tmp_path, "m", 0.0, metrics=(WER, CLAP), seed=s, noise_seed=s) for s in range(3)]
    for run in runs:
        rewrite(run, lambda row: msgspec.structs.replace(row, value=0.0) if row.metric == "wer@toy" else row)
    found = {p.metric: p.margin for p in learn(runs)}
    assert found["wer@toy"] == 0.1, "no rerun had an error"
    assert found["clap_score@toy"] > 0


def test_proposed_margins_are_toml_whatever_the_names(tmp_path):
    name = 'folder:my "clips" \\ [x]\n # é\x7f'
    known = {"benchmark": name, "unit": "s", "noise": 1.0, "half": 1.0, "caught": 1.0, "clips": 3}
    text = toml(
        [Proposal(metric="m@r", margin=0.25, **known), Proposal(metric="m@r", detail="offset", margin=0.5, **known)], []
    )
    assert tomllib.loads(text) == {name: {"m@r": {"margin": 0.25, "shift": {"offset": 0.5}}}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('["*"."a@b"]\nmargin = -1', r"\[\*.a@b\]: margin is -1, but is a width"),
        ('["*"."a@b"]\nmargin = nan', "margin is nan, which is no bound"),
        ('["*"."a@b"]\nceiling = inf', "ceiling is inf"),
        ('["*"."a@b"]', "asks for nothing"),
        ('["*"."a@b"]\nfloor = 2\nceiling = 1', "the floor 2 lies above the ceiling 1"),
        ('["*"."a@b"]\nmargn = 2', r"unknown field `margn`"),
        ('["*"."a@b"]\nmargin = "2"', "Expected `float | null`, got `str`"),
        ('["*"."a@b"]\nshift = { offset = -0.1 }', "shift.offset is -0.1"),
        ("margin = 2", "Expected `object`"),
        ("[[", "is no TOML"),
    ],
)
def test_rules_that_are_none_are_refused_with_their_place(tmp_path, text, says):
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        load_gates(path)


def test_no_file_no_text_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist. Name a file with --margins, or propose one"):
        load_gates(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is no TOML"):
        load_gates(tmp_path / "bytes.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_gates(tmp_path)


# What people and machines read

ODD = Verdict(
    benchmark="folder:ä|<b>&\x00 1", model="m`x`", run="r", baseline="b", ungated=("x@y",),
    checks=(
        Check(name="a@b margin", metric="a@b", status="regression", says="100 % | worse\nby, 3: <i>"),
        Check(name="c", status="incomplete", says="\ud800 lone"), Check(name="d", status="unproven", says="x"),
        Check(name="e", status="passed", says="fine"),
    ),
)  # fmt: skip


def test_junit_is_xml_with_counts_whatever_the_names():
    root = ET.fromstring(junit([ODD]).encode())
    (suite,) = root
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "2", "errors": "1", "skipped": "1",
    }  # fmt: skip
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [["failure"], ["error"], ["failure"], ["system-out"], ["skipped"]]
    assert "<i>" in suite[0][0].get("message")


def test_annotations_are_one_line_each_with_their_marks_escaped():
    lines = github_annotations([ODD])
    assert len(lines) == 3
    assert lines[0].endswith("::100 %25 | worse%0Aby, 3: <i>")
    assert annotation("a:b,c", "d") == "::error title=a%3Ab%2Cc::d"


def test_the_comment_has_a_marker_and_tables_that_text_cannot_break(tmp_path):
    text = markdown([ODD])
    assert text.startswith(MARKER)
    rows = [line for line in text.splitlines() if line.startswith("| ❌")]
    assert rows == [r"| ❌ | a\@b margin | 100 % \| worse by, 3: \<i\> |"] * 2
    good, poor = made(tmp_path, "good", 0.15), made(tmp_path, "poor", 0.4, noise_seed=1)
    assert r"Moved most by wer\@toy: `clip" in markdown([gate(poor, good, ALL)])


def test_metrics_of_either_direction_say_worse_by_in_displayed_units(tmp_path):
    good, poor = made(tmp_path, "good", 0.15), made(tmp_path, "poor", 0.4, noise_seed=1)
    lines = plain([gate(poor, good, ALL)])
    assert lines.count("worse by +") == len(METRICS)
    assert "gate: regression (1 passed, 4 regression)" in lines
    assert {FAD.id, DESYNC.id} <= {c.metric for c in gate(poor, good, ALL).checks}
