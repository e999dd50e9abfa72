"""The verdict on joint training is computed from the intervals, whichever way it goes."""

import importlib.util
import re
from pathlib import Path

import pytest

from vsseval.statistics.compare import Delta

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "joint_training.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("joint_training", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def delta(name, low, high, direction="lower"):
    known = {"value_a": 1.0, "value_b": 2.0, "difference": (low + high) / 2, "n": 24}
    return Delta(metric=name, a="vssflow", b="vssflow", benchmark="x", direction=direction, low=low, high=high, **known)


BETTER, WORSE, UNCLEAR = (-2.0, -1.0), (1.0, 2.0), (-1.0, 1.0)


@pytest.mark.parametrize(
    ("v2s", "vtts", "said"),
    [
        (
            [BETTER],
            [BETTER, UNCLEAR],
            r"helps video-to-sound and helps visual text-to-speech: .* is borne out",
        ),
        ([WORSE], [UNCLEAR], r"hurts video-to-sound and makes no difference to visual .* is not borne out"),
        ([BETTER, WORSE], [BETTER], r"helps video-to-sound in some metrics and hurts it in others .* is not borne out"),
    ],
)
def test_the_verdict_follows_the_intervals(script, v2s, vtts, said):
    comparisons = [
        script.Comparison(name, [delta(f"m{place}", *ends) for place, ends in enumerate(intervals)])
        for name, intervals in (("mini_v2s", v2s), ("mini_vtts", vtts))
    ]
    assert re.search(said, script.verdict(comparisons))


def test_higher_is_better_where_the_metric_says_so(script):
    row = script.row(script.Comparison("mini_v2s", []), delta("clap", 1.0, 2.0, "higher"))
    assert row.endswith("| 24 | joint |")
    assert script.row(script.Comparison("mini_v2s", []), delta("fad", 1.0, 2.0)).endswith("| 24 | alone |")


def test_the_text_is_put_between_its_markers_and_replaced_there(script, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# a\n\ntext\n")
    script.insert("first", readme)
    readme.write_text(readme.read_text() + "\n## after\n")
    script.insert("second", readme)
    text = readme.read_text()
    assert text.startswith("# a\n\ntext\n\n## Does joint training help?\n")
    assert "second" in text
    assert "first" not in text
    assert text.endswith("## after\n")
    assert text.count(script.BEGIN) == text.count(script.END) == 1
