"""`vsseval reproduce`: what a published row would need, as much of it as this machine has, and what came of it."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.errors import UsageError, VssevalError
from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.models.baseline.spec import Baseline
    from vsseval.records import Aggregate
    from vsseval.statistics.reproduction import Reproduction
    from vsseval.store.record import LoadedRun
    from vsseval.tables.reported import Reported

NOT_REPRODUCED, CANNOT_TELL = 1, 3
_ANSWERS = ("reproduced", "not reproduced", "cannot tell")
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(name="reproduce", short_help="Compare published numbers with what can be measured here.")
@click.argument("system")
@click.option("--outputs", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
              help="The system's own sounds, unpacked.")  # fmt: skip
@click.option("--benchmark", metavar="B", help="Measure them on this benchmark [default: those registered].")
@click.option("--reported-from", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              default=Path("leaderboards/reported.csv"), show_default=True, help="The published numbers.")  # fmt: skip
@click.option("--runs", type=_FOLDER, default=Path("runs"), show_default=True, help="Run directories.")
@click.option("--store", type=_FOLDER, help="Feature store [default: the user's cache folder].")
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; 0: one per core, or per GPU.")
@click.option("--device", default="cpu", show_default=True, help="Where networks run: cpu, cuda, cuda:1.")
@click.option("--json", "as_json", is_flag=True, help="Print needs and answers as JSON.")
def command(
    system: str, outputs: Path | None, benchmark: str | None, reported_from: Path, runs: Path, store: Path | None,
    jobs: int, device: str, *, as_json: bool,
) -> int:  # fmt: skip
    """Compare what is published of SYSTEM with what can be measured here.

    Says for each row what it needs: the system's sounds, the list, the recipe, the weights. With --outputs what can be
    measured is measured; without, finished runs of the system are taken. Exit code 0: all that could be told is
    reproduced; 1: something is not; 3: nothing can be told.
    """
    from vsseval.tables.reported import read_reported

    rows = _rows(system, read_reported(reported_from))
    baseline = _baseline(system)
    done = _measured(system, baseline, outputs, benchmark, rows, runs, store, jobs, device)
    needs = [*_needs(rows, baseline, outputs, benchmark, done)]
    found = [(row, metric, *_answer(row, metric, done)) for row in rows for metric in _candidates(row)]
    if as_json:
        _print_json(needs, found)
    else:
        _print(system, needs, found)
    answers = {answer.answer for _, _, answer, _ in found}
    return NOT_REPRODUCED if "not reproduced" in answers else 0 if "reproduced" in answers else CANNOT_TELL


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold().removesuffix("_results"))


def _rows(system: str, reported: Sequence[Reported]) -> list[Reported]:
    """Return what is published of a system on benchmarks and by metrics that are known here.

    Raises:
        UsageError: nothing is.
    """
    mine = [row for row in reported if _key(system) in {_key(row.system), _key(row.system_as_printed)}]
    known = [row for row in mine if row.suite and row.name]
    if not known:
        near = difflib.get_close_matches(system, sorted({row.system for row in reported}), n=3, cutoff=0.4)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        what = "by a metric and on a benchmark that vsseval has" if mine else "at all"
        raise UsageError(f"nothing is published of {system!r} {what}.{hint}")
    return known


def _baseline(system: str) -> Baseline | None:
    """Return the folder of a system's published sounds, else that of the system, else None."""
    from vsseval import plugins
    from vsseval.models.baseline import find_baseline

    names = [name for name in plugins.baseline_folders() if _key(name) == _key(system)]
    found = [find_baseline(name)[0] for name in sorted(names, key=lambda name: not name.endswith("_results"))]
    return found[0] if found else None


def _candidates(row: Reported) -> list[str]:
    """Return the metrics by which a number may have been measured: its recipe, or all that papers use."""
    from vsseval import plugins

    if row.recipe:
        return [f"{row.name}@{row.recipe}"]
    same = [metric for metric in plugins.names("metrics") if metric.partition("@")[0] == row.name]
    return [metric for metric in same if not plugins.metric_spec(metric).proxy] or same


def _measured(
    system: str, baseline: Baseline | None, outputs: Path | None, benchmark: str | None, rows: Sequence[Reported],
    runs: Path, store: Path | None, jobs: int, device: str,
) -> list[LoadedRun]:  # fmt: skip
    """Return the finished runs of a system; with its sounds, those are made that can be."""
    from vsseval.store.record import find_runs, load_run

    if outputs is None:
        return [run for run in find_runs(runs) if run.record.status == "finished" and _is_of(run, system)]
    from vsseval.cli.asked import Asked, Measuring
    from vsseval.cli.progress import shown
    from vsseval.stages.run import carry_out

    precomputed = baseline is not None and baseline.kind == "precomputed"
    model = f"{baseline.name}:{outputs}" if baseline is not None and precomputed else f"audio:{outputs}"
    places = [benchmark] if benchmark else _registered(rows)
    if not places:
        return []
    metrics = tuple(dict.fromkeys(metric for row in rows for metric in _candidates(row) if _lacking(metric) is None))
    if not metrics:
        return []
    measuring = Measuring(metrics, "", runs, store, jobs, device, fast=False, no_bounds=True, as_json=False)
    asked, catalog = Asked(measuring, (model,), None, tuple(places), 0, None, None, None).every_run()
    with shown() as watcher:
        done = carry_out(asked, watcher, catalog, set())
    for title, why in done.lost.items():
        say(f"{title}: not run: {why}", err=True)
    return [load_run(runs / record.id) for record in done.records]


def _is_of(run: LoadedRun, system: str) -> bool:
    return _key(run.record.model.name.partition(":")[0]) == _key(system)


def _registered(rows: Sequence[Reported]) -> list[str]:
    from vsseval.datasets.manifest_store import registered_headers

    suites = dict.fromkeys(row.suite for row in rows)
    return [f"{header.benchmark}:{header.variant}" for suite in suites for header in registered_headers(suite)]


def _lacking(metric: str) -> str | None:
    """Return which weights of a metric are not here, with the command that gets them, or None."""
    from vsseval import plugins
    from vsseval.types import Feature
    from vsseval.weights.find import find_weights

    inputs = plugins.metric_spec(metric).inputs.values()
    for extractor in {one.extractor for one in inputs if isinstance(one, Feature)}:
        try:
            for name in plugins.variant(extractor).weights:
                find_weights(name)
        except VssevalError as reason:
            return str(reason)
    return None


def _needs(
    rows: Sequence[Reported], baseline: Baseline | None, outputs: Path | None, benchmark: str | None,
    done: Sequence[LoadedRun],
) -> Iterator[tuple[str, str, str]]:  # fmt: skip
    """Yield what the rows need: its kind, "here" or "not here", and what or how to get it."""
    if outputs is not None or done:
        yield "sounds", "here", str(outputs or ", ".join(str(run.path) for run in done))
    elif baseline is not None and (baseline.outputs or baseline.code):
        where = f"published at {baseline.outputs}" if baseline.outputs else f"made by {baseline.code}"
        yield "sounds", "not here", f"{where}; give them with: --outputs DIR"
    else:
        yield "sounds", "not here", "not published; give those that you have with: --outputs DIR"
    yield from _lists(rows, benchmark)
    told = sorted({f"{row.table} ({row.source})" for row in rows if not row.recipe})
    if told:
        yield "recipe", "not here", f"not told by {'; '.join(told)}: every recipe of the metric is tried"
    for metric in dict.fromkeys(metric for row in rows for metric in _candidates(row)):
        lost = _lacking(metric)
        yield "weights", "here" if lost is None else "not here", f"{metric}{'' if lost is None else f': {lost}'}"


def _lists(rows: Sequence[Reported], benchmark: str | None) -> Iterator[tuple[str, str, str]]:
    from vsseval import plugins

    for suite in dict.fromkeys(row.suite for row in rows):
        there = [name for name in _registered(rows) if name.partition(":")[0] == suite]
        if there:
            yield "list", "here", ", ".join(there)
            continue
        try:
            plugins.load("benchmarks", suite)(None)
            yield "list", "here", suite
        except VssevalError as reason:
            yield "list", "not here", f"{reason}{f' (measured on {benchmark})' if benchmark else ''}"


def _answer(row: Reported, metric: str, done: Sequence[LoadedRun]) -> tuple[Reproduction, str]:
    """Return what can be said of a number by one metric, and the run that says it."""
    from vsseval import plugins
    from vsseval.statistics.reproduction import Published, judge

    published = Published(
        value=row.value, printed=row.value_as_printed, clips=row.n_clips, recipe_known=bool(row.recipe)
    )
    scale = plugins.metric_spec(metric).scale
    cells = [(run, cell) for run in done for cell in run.aggregates if cell.metric == metric and not cell.subset]
    fitting = [pair for pair in cells if pair[0].record.benchmark.name.partition(":")[0] == row.suite]
    gap = _lacking(metric) or "no run of the system has it"
    for run, cell in (*fitting, *cells):
        if cell.value is None:
            gap = cell.reason or f"{cell.status} in {run.record.id}"
            continue
        value, low, high = (None if part is None else part * scale for part in (cell.value, cell.low, cell.high))
        found = judge(published, value, low, high, cell.n, _whole(row, run, cell), "")
        return found, run.record.id
    return judge(published, None, None, None, 0, 0, gap), ""


def _whole(row: Reported, run: LoadedRun, cell: Aggregate) -> int:
    """Return how many clips a number ought to be made of: those of the source, else of the benchmark that it is of."""
    if run.record.benchmark.name.partition(":")[0] == row.suite:
        return row.n_clips or cell.total
    from vsseval import plugins
    from vsseval.datasets.dataset import Dataset

    known = plugins.load("benchmarks", row.suite)
    size = known.variants[0].size if isinstance(known, Dataset) else None
    return max(cell.total, row.n_clips or size or cell.total + 1)


def _print(
    system: str, needs: Sequence[tuple[str, str, str]], found: Sequence[tuple[Reported, str, Reproduction, str]]
) -> None:
    say(f"{system}: {len({(row.table, row.metric) for row, *_ in found})} published numbers\n\nneeded")
    for kind, state, what in needs:
        say(f"  {kind:8} {state:9} {what}")
    say("\nnumbers")
    for row, metric, answer, run in found:
        interval = "" if answer.low is None else f" [{answer.low:+.4g}, {answer.high:+.4g}]"
        by = "" if answer.difference is None else f" difference {answer.difference:+.4g}{interval}"
        where = f" ({run})" if run else ""
        say(f"  {row.table} {row.metric} {row.value_as_printed} by {metric}: {answer.answer}{by}: {answer.why}{where}")
    say(f"\n{_summary(needs, found)}")


def _summary(
    needs: Sequence[tuple[str, str, str]], found: Sequence[tuple[Reported, str, Reproduction, str]]
) -> str:  # fmt: skip
    """Say how many published numbers have which answer, the best of those that recipes gave, and what is lacking."""
    best: dict[tuple[str, str], str] = {}
    for row, _, answer, _ in found:
        key = row.table, row.metric
        best[key] = min(best.get(key, _ANSWERS[-1]), answer.answer, key=_ANSWERS.index)
    counts = [f"{sum(one == answer for one in best.values())} {answer}" for answer in _ANSWERS]
    lost = [sum(kind == one and state != "here" for one, state, _ in needs) for kind in ("sounds", "list")]
    weights = {what.partition("the weights ")[2].partition(" ")[0] for kind, state, what in needs
               if kind == "weights" and state != "here"}  # fmt: skip
    lacking = [
        *(["its sounds"] if lost[0] else []), *([f"{lost[1]} of its benchmarks"] if lost[1] else []),
        *([f"weights: {', '.join(sorted(weights))}"] if weights else []),
    ]  # fmt: skip
    return f"{len(best)} numbers: {', '.join(counts)}." + (f" Not here: {'; '.join(lacking)}." if lacking else "")


def _print_json(
    needs: Sequence[tuple[str, str, str]], found: Sequence[tuple[Reported, str, Reproduction, str]]
) -> None:
    import msgspec

    told = {
        "needs": [{"kind": kind, "here": state == "here", "what": what} for kind, state, what in needs],
        "numbers": [
            {"table": row.table, "metric": row.metric, "published": row.value_as_printed, "by": metric,
             **msgspec.to_builtins(answer), "run": run}
            for row, metric, answer, run in found
        ],
    }  # fmt: skip
    show_json(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
