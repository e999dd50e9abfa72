"""Turns verdicts into JUnit XML, which every CI service shows as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vsseval.text.escaping import xml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.gate_verdict import Check, Verdict


def junit(verdicts: Sequence[Verdict]) -> str:
    """Return one test suite for each benchmark and one test for each check.

    Regressions, and runs not shown to be free of one, are failures; what was not measured is an error; a metric
    without a rule is a skipped test.
    """
    root = Element("testsuites", name="vsseval gate")
    for verdict in verdicts:
        counts = [check.status for check in verdict.checks]
        suite = SubElement(
            root,
            "testsuite",
            name=xml(f"vsseval gate {verdict.benchmark}"),
            tests=str(len(counts) + len(verdict.ungated)),
            failures=str(sum(status in {"regression", "unproven"} for status in counts)),
            errors=str(counts.count("incomplete")),
            skipped=str(len(verdict.ungated)),
        )
        for check in verdict.checks:
            _case(suite, verdict, check)
        for metric in verdict.ungated:
            case = SubElement(suite, "testcase", classname=xml(verdict.benchmark), name=xml(metric))
            SubElement(case, "skipped", message="no rule in the margins")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, verdict: Verdict, check: Check) -> None:
    case = SubElement(suite, "testcase", classname=xml(verdict.benchmark), name=xml(check.name))
    message = xml(check.message)
    if check.status == "passed":
        SubElement(case, "system-out").text = message
    elif check.status == "incomplete":
        SubElement(case, "error", type=check.status, message=message).text = message
    else:
        SubElement(case, "failure", type=check.status, message=message).text = message
