"""`vsseval gate`: is a run no worse than a baseline, by margins, and complete? Made for CI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.named import root_option
from vsseval.errors import UsageError, VssevalError
from vsseval.text.saying import annotate, say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.statistics.gate_verdict import Verdict
    from vsseval.store.record import LoadedRun

MARGINS = Path("leaderboards/gates.toml")
ENOUGH = 5
"""Reruns; with margins of three, one of ten further ones was stopped (docs/gate.md)."""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(name="gate", short_help="Pass or fail a run against a baseline.")
@click.argument("run_names", nargs=-1, metavar="RUN...")
@click.option("--against", "baseline", metavar="RUN", help="Baseline: a run directory, a folder of them, or a name.")
@root_option
@click.option("--margins", type=_FILE, default=MARGINS, show_default=True, help="Margins, floors and ceilings.")
@click.option("--learn", "learning", is_flag=True, help="Propose margins from reruns with other seeds, as TOML.")
@click.option("--from-clips", is_flag=True, help="With --learn: of fixed outputs, from what their clips vary by.")
@click.option("--correlation", type=float, default=0.5, show_default=True,
              help="With --from-clips and one run: of the clips of two versions.")  # fmt: skip
@click.option("--any-seed", is_flag=True, help="Take a run of another seed than the baseline's: to try margins out.")
@click.option("--junit", type=_FILE, help="Write the checks as JUnit XML.")
@click.option("--markdown", type=_FILE, help="Write a comment for the merge request.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts, or the proposed margins, as JSON.")
def command(
    run_names: tuple[str, ...],
    baseline: str | None,
    root: Path,
    margins: Path,
    junit: Path | None,
    markdown: Path | None,
    correlation: float,
    *,
    learning: bool,
    from_clips: bool,
    any_seed: bool,
    as_json: bool,
) -> int:
    """Judge RUN against a baseline, benchmark by benchmark; clip by clip, by the rules of the margins file.

    RUN and the baseline are run directories, folders of them, or names (audio:a); of a folder the newest run of each
    benchmark counts, and bounds do not. Exit codes: 0 passed, 1 regression (or not shown to be none), 2 not comparable
    or wrongly asked, 3 incomplete (clips without sound, values that were lost, --limit), 4 environment.

    \b
    vsseval gate runs --against baseline --junit gate.xml --markdown gate.md
    vsseval gate --learn seed0 seed1 seed2 seed3 seed4 > leaderboards/gates.toml
    vsseval gate --learn --from-clips version1 version2 > leaderboards/gates.toml
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.statistics.gate_rules import load_gates
    from vsseval.statistics.judged_runs import judge

    if not run_names:
        raise UsageError("name a run: vsseval gate RUN --against BASELINE. See: vsseval list runs")
    if from_clips and not learning:
        raise UsageError("--from-clips says what margins are learnt from: vsseval gate --learn --from-clips RUN")
    if learning:
        return _learn(_systems(run_names, root), correlation if from_clips else None, as_json=as_json)
    if baseline is None:
        raise UsageError(f"name what to hold it against: vsseval gate {run_names[0]} --against BASELINE")
    try:
        runs, bases = _systems(run_names, root), _systems([baseline], root)
        verdicts = judge(runs, bases, baseline, load_gates(margins), any_seed=any_seed)
    except VssevalError as problem:
        if _on_github():
            annotate("vsseval gate could not judge", str(problem))
        raise
    _show(verdicts, junit, markdown, as_json=as_json)
    # A regression that is shown weighs more than what is missing.
    codes = [verdict.exit_code for verdict in verdicts]
    return 1 if 1 in codes else max(codes)


def _systems(names: Sequence[str], root: Path) -> list[LoadedRun]:
    """Return the runs that are named; of a folder those that are no bounds.

    Raises:
        UsageError: a name stands for none.
    """
    from vsseval.statistics.judged_runs import systems
    from vsseval.store.run_names import RunFinder

    finder = RunFinder(root)
    return [run for name in names for run in systems(finder.every([name]), name)]


def _show(verdicts: list[Verdict], junit: Path | None, markdown: Path | None, *, as_json: bool) -> None:
    import msgspec

    from vsseval.store import atomic
    from vsseval.tables import gate as text
    from vsseval.tables.junit import junit as junit_xml

    if as_json:
        data = [
            {**msgspec.to_builtins(verdict), "status": verdict.status, "exit_code": verdict.exit_code}
            for verdict in verdicts
        ]
        show_json(msgspec.json.format(msgspec.json.encode(data), indent=1))
    else:
        say(text.plain(verdicts))
    comment = text.markdown(verdicts)
    for path, content in ((junit, junit_xml(verdicts)), (markdown, comment)):
        if path is not None:
            atomic.write_bytes(path, content.encode())
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with atomic.as_environment_fault(Path(summary)), Path(summary).open("a", encoding="utf-8") as file:
            file.write(comment)
    if _on_github():
        for line in text.github_annotations(verdicts):
            written(line, err=True)  # the runner reads both streams; standard output may be JSON


def _on_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _learn(runs: Sequence[LoadedRun], correlation: float | None, *, as_json: bool) -> int:
    """Print margins; learnt from reruns, or from clips where there is a correlation."""
    from vsseval.statistics.learn_margins import propose_from_clips, propose_margins

    fixed = correlation is not None
    proposals = propose_margins(runs) if correlation is None else propose_from_clips(runs, correlation)
    if not fixed and len(runs) < ENOUGH * len({run.record.benchmark.title for run in runs}):
        say(f"Fewer than {ENOUGH} reruns on a benchmark: the spread may come out small by chance.", err=True)
    without = {metric for run in runs for metric in run.record.metrics} - {found.metric for found in proposals}
    for metric in sorted(without):
        say(f"{metric}: no margin, since its differences have no interval here", err=True)
    if as_json:
        import msgspec

        show_json(msgspec.json.format(msgspec.json.encode(proposals), indent=1))
    else:
        from vsseval.tables.margins import toml

        basis = "clips" if fixed else "reruns"
        written(toml(proposals, runs, basis=basis, correlation=correlation or 0.0), nl=False)
    return 0
