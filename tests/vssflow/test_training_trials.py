"""The verdicts of training trials are computed from the intervals, whichever way it goes."""

import importlib
from argparse import Namespace
from pathlib import Path

import pytest

from vsseval.statistics.compare import Delta

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def script(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module(name)


REPORT, TRAINING = script("trial_report"), script("training_trials")
MEASURES = script("trial_measures")
combined = MEASURES.combined


@pytest.fixture(scope="module")
def joint():
    return script("joint_training").TRIAL


def delta(difference, *, half=0.1, direction="lower", n=24):
    known = {"value_a": 1.0 + difference, "value_b": 1.0, "difference": difference, "n": n, "total_a": 24}
    ends = {"low": difference - half, "high": difference + half}
    return Delta(metric="m", a="vssflow", b="vssflow", benchmark="x", direction=direction, **ends, **known)


def test_seeds_that_disagree_leave_it_open_and_clips_alone_do_not_settle_it():
    agreed = combined("q", 500, [delta(-0.50), delta(-0.52), delta(-0.48)])
    assert (agreed.better, round(agreed.seeds, 3)) == (1, 0.050)
    assert agreed.half == pytest.approx((0.1**2 + agreed.seeds**2) ** 0.5)
    torn = combined("q", 500, [delta(-0.9), delta(-0.2), delta(-0.4)])
    assert torn.difference == pytest.approx(-0.5)
    assert torn.better == 0
    assert combined("q", 500, [delta(0.5, direction="higher")]).better == 1
    assert combined("q", 500, [delta(0.5)]).better == -1


def test_the_verdict_follows_the_intervals(joint):
    question = joint.questions[0]
    points = [combined(question.name, budget, [delta(d), delta(d)]) for budget, d in ((500, 0.5), (1500, -0.5))]
    assert "joint is better in `m`" in REPORT.verdict(joint, points, 1500)
    assert "v2s is better in `m`" in REPORT.verdict(joint, points, 500)
    assert "no difference" in REPORT.verdict(joint, [combined(question.name, 9, [delta(0.05), delta(0.05)])], 9)
    text = REPORT.table(question, points)
    assert text.splitlines()[-1].endswith("| joint |")
    assert "-0.50 ± 0.10" in text


def test_the_table_says_on_how_many_clips_of_how_many_every_seed_was_measured(joint):
    point = combined(joint.questions[0].name, 500, [delta(0.1), delta(0.2, n=20)])
    assert "| 500 | 20/24 |" in REPORT.row(point, "joint", "v2s")


def test_weights_are_kept_at_budgets_and_where_another_arm_takes_over(joint):
    assert TRAINING.stops(joint, "v2s", [500, 1000]) == [500, 1000]
    assert TRAINING.stops(joint, "joint", [500, 1000]) == [400, 500, 800, 1000]
    assert TRAINING.steps_of(joint.arms["tuned"], 1000) + TRAINING.handed_over(1000) == 1000


def test_held_out_losses_are_read_where_the_arm_had_taken_the_steps_of_the_budget(joint, tmp_path):
    asked = Namespace(out=tmp_path, seeds=[0, 1])
    losses = {"mixed-0/training": {100: 0.9, 500: 0.70}, "mixed-1/training": {100: 0.9, 500: 0.74},
              "tuned-0/to-500": {50: 0.8, 100: 0.60}, "tuned-1/to-500": {50: 0.8, 100: 0.62}}  # fmt: skip
    for folder, steps in losses.items():
        log = tmp_path / folder / "flow" / "log.jsonl"
        log.parent.mkdir(parents=True)
        log.write_text("".join(f'{{"step": {step}, "val_joint": {loss}}}\n' for step, loss in steps.items()))
    point = MEASURES.held_out(joint, joint.questions[-1], 500, asked)
    assert (point.first, point.second) == pytest.approx((0.72, 0.61))
    assert point.difference == pytest.approx(0.11)
    assert point.half == pytest.approx(12.706 * 0.01, rel=1e-3)  # Student's t of two seeds that lie 0.02 apart
    assert point.better == 0
    assert "| - |" in REPORT.row(point, "mixed", "tuned")


def test_the_longest_trainings_begin_first_and_those_that_go_on_from_them_wait(joint, monkeypatch, tmp_path):
    begun = []
    monkeypatch.setattr(TRAINING, "train_arm", lambda asked, name, arm, seed, steps: begun.append((name, steps)))
    assert {arm.clips for _name, arm in TRAINING.costliest_first(joint)[:2]} == {2}
    TRAINING.train_chain(joint, Namespace(out=tmp_path, budgets=[500, 1000]), "joint", 0)
    assert begun == [("joint", 400), ("joint", 500), ("joint", 800), ("joint", 1000), ("tuned", 500), ("tuned", 1000)]


def test_the_readme_holds_the_greatest_budget_and_the_page_beside_it_all(joint):
    points = [combined(joint.questions[0].name, budget, [delta(0.1), delta(0.2)]) for budget in (500, 1500)]
    asked = Namespace(budgets=[500, 1500], seeds=[0, 1], limit=None, layers=4, width=96, bf16=True, optimiser="muon",
                      batch=16, rate=2e-3)  # fmt: skip
    short, whole = REPORT.report(joint, points, asked, "guidance 2"), REPORT.every_budget(joint, points)
    assert ("| 500 |" in short, "| 1500 |" in short) == (False, True)
    assert ("| 500 |" in whole, "| 1500 |" in whole) == (True, True)
    assert "--width 96 --layers 4 --bf16`" in short
    assert f"({joint.tables})" in short
    assert "averaged weights, guidance 2;" in short


def test_the_curve_is_drawn(joint, tmp_path):
    deltas = [delta(0.1), delta(0.2)]
    points = [combined(question.name, budget, deltas) for budget in (500, 1500) for question in joint.questions]
    REPORT.plot(joint, points, tmp_path / "curve.svg")
    drawn = (tmp_path / "curve.svg").read_text()
    assert drawn.count("<svg") == 1
    assert all(f">{text}<" in drawn for text in ("mini_v2s", "joint against v2s", "mixed against tuned"))


def test_the_text_is_put_between_its_markers_and_replaced_there(joint, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# a\n\ntext\n")
    REPORT.insert(joint, "first", readme)
    readme.write_text(readme.read_text() + "\n## after\n")
    REPORT.insert(joint, "second", readme)
    text = readme.read_text()
    assert text.startswith("# a\n\ntext\n\n## Does joint training help?\n")
    assert "second" in text
    assert "first" not in text
    assert text.endswith("## after\n")
    assert [text.count(mark) for mark in joint.marks] == [1, 1]
