"""Turns verdicts into text for a terminal, Markdown for a comment or a step summary, and GitHub annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vsseval.statistics.gate_verdict import worst
from vsseval.tables.sheet import Line, Sheet
from vsseval.text.escaping import annotation, markdown_code
from vsseval.text.escaping import markdown as escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.gate_verdict import Check, Verdict

MARKER: Final = "<!-- vsseval gate -->"
"""First line of the comment, by which a later run finds and replaces it."""
SIGNS: Final = {"passed": "✅", "regression": "❌", "unproven": "❔", "incomplete": "⚠️"}
WORDS: Final = {
    "passed": "passed",
    "regression": "regression",
    "unproven": "not shown to be within the margin",
    "incomplete": "incomplete",
}


def plain(verdicts: Sequence[Verdict]) -> str:
    """Return the checks one a line, and the outcome of all below."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.model} ({verdict.run}) against {verdict.baseline or 'nothing'} on {verdict.benchmark}")
        lines += [f"  {check.status:<10}  {check.name}: {check.message}" for check in verdict.checks]
        if verdict.ungated:
            lines.append(f"  {'no rule':<10}  {', '.join(verdict.ungated)}")
    return "\n".join([*lines, f"gate: {headline(verdicts)}"])


def verdict_sheet(verdicts: Sequence[Verdict]) -> Sheet:
    """Return the checks as a table, what did not pass first."""
    lines = [
        Line((SIGNS[check.status], verdict.benchmark, check.name, check.message), clear=check.status != "passed")
        for verdict in verdicts
        for check in verdict.checks
    ]
    names = dict.fromkeys(f"{verdict.model} ({verdict.run}) against {verdict.baseline}" for verdict in verdicts)
    free = [f"No rule speaks of {', '.join(one.ungated)} on {one.benchmark}." for one in verdicts if one.ungated]
    return Sheet(
        above=(f"gate: {headline(verdicts)}", *names), heads=("", "benchmark", "check", "what was found"),
        lines=tuple(sorted(lines, key=lambda line: not line.clear)), below=tuple(free),
    )  # fmt: skip


def headline(verdicts: Sequence[Verdict]) -> str:
    """Say what came of all verdicts, with counts."""
    checks = [check for verdict in verdicts for check in verdict.checks]
    outcome = worst([verdict.status for verdict in verdicts])
    counts = [f"{count} {WORDS[kind]}" for kind in SIGNS if (count := sum(check.status == kind for check in checks))]
    return f"{WORDS[outcome]} ({', '.join(counts) or 'nothing was checked'})"


def markdown(verdicts: Sequence[Verdict]) -> str:
    """Return a comment for a merge request: what did not pass first, then every check in a table that folds."""
    outcome = worst([verdict.status for verdict in verdicts])
    lines = [MARKER, f"## {SIGNS[outcome]} vsseval gate: {escaped(headline(verdicts))}", ""]
    for verdict in verdicts:
        bad = [check for check in verdict.checks if check.status != "passed"]
        title = f"{verdict.model} on {verdict.benchmark}"
        lines += [f"### {SIGNS[verdict.status]} {escaped(title)}", ""]
        lines += [*_table(bad), ""] if bad else []
        lines += [f"<details><summary>All {len(verdict.checks)} checks</summary>", "", *_table(verdict.checks), ""]
        if verdict.ungated:
            lines += [f"No rule speaks of {escaped(', '.join(verdict.ungated))}.", ""]
        lines += [f"Run {_code(verdict.run)}, baseline {_code(verdict.baseline)}.", "", "</details>", ""]
        lines += _moved(bad)
    return "\n".join(lines).rstrip() + "\n"


def github_annotations(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a GitHub workflow command for each check that did not pass.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return [
        annotation(f"{check.name} on {verdict.benchmark}: {WORDS[check.status]}", check.message)
        for verdict in verdicts
        for check in verdict.checks
        if check.status != "passed"
    ]


def _table(checks: Sequence[Check]) -> list[str]:
    rows = [f"| {SIGNS[check.status]} | {escaped(check.name)} | {escaped(check.message)} |" for check in checks]
    return ["| | check | |", "|---|---|---|", *rows]


def _moved(checks: Sequence[Check]) -> list[str]:
    """Name the clips that moved most, for the metrics that did not pass."""
    lines = []
    for check in checks:
        if check.delta is None or not check.delta.moved:
            continue
        scale, places = check.delta.scale, check.delta.decimals
        clips = [
            f"{_code(move.clip)} {move.value_b * scale:.{places}f} → {move.value_a * scale:.{places}f}"
            for move in check.delta.moved
        ]
        lines.append(f"Moved most by {escaped(check.metric)}: {', '.join(clips)}")
    return [*lines, ""] if lines else []


def _code(text: str) -> str:
    return markdown_code(text) if text else "none"
