"""What people and machines read of a gate: JUnit, annotations, comment, lines."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from support.synthetic_gates import ALL, made
from support.synthetic_runs import DESYNC, FAD, METRICS
from vsseval.statistics.gate import gate
from vsseval.statistics.gate_verdict import Check, Verdict
from vsseval.tables.gate import MARKER, github_annotations, markdown, plain
from vsseval.tables.junit import junit
from vsseval.text.escaping import annotation

# What people and machines read

ODD = Verdict(
    benchmark="folder:ä|<b>&\x00 1", model="m`x`", run="r", baseline="b", ungated=("x@y",),
    checks=(
        Check(name="a@b margin", metric="a@b", status="regression", message="100 % | worse\nby, 3: <i>"),
        Check(name="c", status="incomplete", message="\ud800 lone"), Check(name="d", status="unproven", message="x"),
        Check(name="e", status="passed", message="fine"),
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
    assert rows == [r"| ❌ | a@b margin | 100 % \| worse by, 3: \<i\> |"] * 2
    good, poor = made(tmp_path, "good", 0.15), made(tmp_path, "poor", 0.4, noise_seed=1)
    assert r"Moved most by wer@toy: `clip" in markdown([gate(poor, good, ALL)])


def test_metrics_of_either_direction_say_worse_by_in_displayed_units(tmp_path):
    good, poor = made(tmp_path, "good", 0.15), made(tmp_path, "poor", 0.4, noise_seed=1)
    lines = plain([gate(poor, good, ALL)])
    assert lines.count("worse by +") == len(METRICS)
    assert "gate: regression (1 passed, 4 regression)" in lines
    assert {FAD.id, DESYNC.id} <= {c.metric for c in gate(poor, good, ALL).checks}
