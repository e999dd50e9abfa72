"""The verdicts of training trials are computed from the intervals, whichever way it goes."""

import importlib
from pathlib import Path

import pytest

from vsseval.statistics.compare import Delta

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("training_trials")


@pytest.fixture(scope="module")
def joint(script):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("joint_training").TRIAL


def delta(difference, *, half=0.1, direction="lower"):
    known = {"value_a": 1.0 + difference, "value_b": 1.0, "difference": difference, "n": 24}
    ends = {"low": difference - half, "high": difference + half}
    return Delta(metric="m", a="vssflow", b="vssflow", benchmark="x", direction=direction, **ends, **known)


def test_seeds_that_disagree_leave_it_open_and_clips_alone_do_not_settle_it(script):
    agreed = script.combined("q", 500, [delta(-0.50), delta(-0.52), delta(-0.48)])
    assert (agreed.better, round(agreed.seeds, 3)) == (1, 0.050)
    assert agreed.half == pytest.approx((0.1**2 + agreed.seeds**2) ** 0.5)
    torn = script.combined("q", 500, [delta(-0.9), delta(-0.2), delta(-0.4)])
    assert torn.difference == pytest.approx(-0.5)
    assert torn.better == 0
    assert script.combined("q", 500, [delta(0.5, direction="higher")]).better == 1
    assert script.combined("q", 500, [delta(0.5)]).better == -1


def test_the_verdict_follows_the_intervals(script, joint):
    question = joint.questions[0]
    points = [script.combined(question.name, budget, [delta(d), delta(d)]) for budget, d in ((500, 0.5), (1500, -0.5))]
    assert "joint is better in `m`" in script.verdict(joint, points, 1500)
    assert "v2s is better in `m`" in script.verdict(joint, points, 500)
    assert "no difference" in script.verdict(joint, [script.combined(question.name, 9, [delta(0.05), delta(0.05)])], 9)
    text = script.table(question, points)
    assert text.splitlines()[-1].endswith("| joint |")
    assert "-0.50 ± 0.10" in text


def test_weights_are_kept_at_budgets_and_where_another_arm_takes_over(script, joint):
    assert script.stops(joint, "v2s", [500, 1000]) == [500, 1000]
    assert script.stops(joint, "joint", [500, 1000]) == [400, 500, 800, 1000]
    assert script.steps_of(joint.arms["tuned"], 1000) + script.handed_over(1000) == 1000


def test_the_curve_is_drawn(script, tmp_path):
    points = [script.combined("q", budget, [delta(0.1), delta(0.2)]) for budget in (500, 1500)]
    script.plot(points, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").read_text().count("<svg") == 1


def test_the_text_is_put_between_its_markers_and_replaced_there(script, joint, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# a\n\ntext\n")
    script.insert(joint, "first", readme)
    readme.write_text(readme.read_text() + "\n## after\n")
    script.insert(joint, "second", readme)
    text = readme.read_text()
    assert text.startswith("# a\n\ntext\n\n## Does joint training help?\n")
    assert "second" in text
    assert "first" not in text
    assert text.endswith("## after\n")
    assert [text.count(mark) for mark in joint.marks] == [1, 1]
