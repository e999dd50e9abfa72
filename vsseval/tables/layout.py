"""Turns comparable runs into blocks of rows, columns and cells, in displayed units, for every renderer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from vsseval.records import Spread
from vsseval.statistics.best import BestSystems, best_systems, ranking_rule
from vsseval.statistics.bounds_check import check_bounds, doubts, flags, unclaimed
from vsseval.statistics.run_cache import RunCache
from vsseval.tables.cells import Block, Cell, Column, Notes, Row, one_line
from vsseval.tables.select import Group, comparable_groups, is_bound, what_differs
from vsseval.types import MetricSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vsseval.store.record import LoadedRun


class SeenBy(NamedTuple):
    """What is said of metrics under a table, by metric id."""

    flags: dict[str, str]
    """Bounds that a metric does not tell from the reference."""
    doubts: dict[str, str]
    """Bounds of which so few clips cannot tell."""


class Section(NamedTuple):
    """A benchmark's runs, its table, and the tables of its parts."""

    group: Group
    whole: Block
    parts: tuple[Block, ...]


def blocks(runs: Iterable[LoadedRun], *, subsets: bool = False) -> list[Block]:
    """Lay out every table that these runs make; with `subsets`, one more for each part of a benchmark."""
    found = sections(runs, subsets=subsets)
    return [block for section in found for block in (section.whole, *section.parts)]


def sections(runs: Iterable[LoadedRun], *, subsets: bool = False, cache: RunCache | None = None) -> list[Section]:
    """Lay out every table together with the runs that it is made of.

    Args:
        runs: any runs.
        subsets: also lay out each part of a benchmark.
        cache: what was read before.
    """
    found: list[Section] = []
    leads: dict[str, Group] = {}
    cache = cache or RunCache()
    for group in comparable_groups(runs):
        name = (group.runs or group.unfinished)[0].record.benchmark.title
        apart = tuple(what_differs(group, leads[name])) if name in leads else ()
        leads.setdefault(name, group)
        seen = _seen_by(group, cache)
        parts = sorted({cell.subset for run in group.runs for cell in run.aggregates if cell.subset})
        found.append(
            Section(
                group,
                _block(group, apart, "", seen, cache),
                tuple(_block(group, apart, part, seen, cache) for part in parts if subsets),
            )
        )
    return found


def _block(group: Group, apart: tuple[str, ...], subset: str, seen: SeenBy, cache: RunCache) -> Block:
    record = (group.runs or group.unfinished)[0].record
    metrics = _metrics(group.runs)
    notes = Notes()
    systems = [run for run in group.runs if not is_bound(run)]
    ranked = {spec.id: best_systems(systems, spec, subset, cache=cache) for spec in metrics}
    labels = _labels(group.runs)
    rows = tuple(
        Row(
            label=labels[run.path.name],
            bound=is_bound(run),
            run=run.path.name,
            notes=_row_notes(run, notes),
            cells=tuple(
                _cell(run, spec, subset, notes, ranked[spec.id], _outdone(run, spec, subset, systems))
                for spec in metrics
            ),
        )
        for run in group.runs
    )
    columns = tuple(_column(spec, i, rows, seen) for i, spec in enumerate(metrics))
    return Block(
        benchmark=record.benchmark.title, version=record.benchmark.version, task=record.benchmark.task,
        clips=_clips(group, subset), seed=record.spec.seed, limit=record.spec.limit, subset=subset,
        apart=apart, columns=columns, rows=rows, notes=tuple(notes.texts), bold=ranking_rule(systems),
        unfinished=() if subset else tuple(f"{r.path.name} ({r.record.status})" for r in group.unfinished),
    )  # fmt: skip


def _metrics(runs: Iterable[LoadedRun]) -> list[MetricSpec]:
    """All metrics, in the benchmark's customary order, then in that of the runs.

    A metric that no run could have (its weights are absent) has a bare column, for the reason to stand in.
    """
    specs: dict[str, MetricSpec] = {}
    for run in runs:
        known = run.record.metrics
        for metric in (*run.record.benchmark.metrics, *known, *(cell.metric for cell in run.aggregates)):
            if metric in known:
                specs[metric] = known[metric]
            elif run.cell(metric) is not None:
                name, _, recipe = metric.partition("@")
                bare = MetricSpec(
                    name=name, recipe=recipe, version="", inputs={}, direction="lower", unit="", description=""
                )
                specs.setdefault(metric, bare)
    return list(specs.values())


def _labels(runs: Iterable[LoadedRun]) -> dict[str, str]:
    """Name each run by its model; by version and weights too where names collide."""
    runs = list(runs)

    def short(run: LoadedRun) -> str:
        card, asked = run.record.model, run.record.spec.model
        return run.label or (card.name if ":" in card.name else asked)

    names = [one_line(short(run)) for run in runs]
    if len({run.label or run.record.spec.model for run in runs}) > len(set(names)):
        names = [one_line(run.label or run.record.spec.model) for run in runs]
    return {
        run.path.name: name
        if names.count(name) == 1
        else f"{name} {run.record.model.version} {run.record.model.weights[:8]}"
        for run, name in zip(runs, names, strict=True)
    }


def _row_notes(run: LoadedRun, notes: Notes) -> tuple[int, ...]:
    seeds = run.record.spec.seeds
    several = f"Mean over {len(seeds)} samples of each clip (seeds {', '.join(map(str, seeds))})." if seeds else ""
    # of sounds that were given a name the author knows which folder they are from
    folder = run.record.spec.model.startswith(("audio:", "av:"))
    own = "" if is_bound(run) or (run.label and folder) else run.record.model.note
    said = [own, several, run.problem]
    return tuple(number for text in said if text for number in notes.add(text))


def _outdone(run: LoadedRun, spec: MetricSpec, subset: str, systems: Sequence[LoadedRun]) -> str:
    """Say why a bound stands better than a system by a metric that never claimed to see its fault; else nothing."""
    own = run.cell(spec.id, subset)
    if not is_bound(run) or own is None or own.value is None:
        return ""
    sign = 1.0 if spec.direction == "higher" else -1.0
    others = [cell.value for system in systems if (cell := system.cell(spec.id, subset)) is not None]
    better = any(sign * (own.value - value) > 0 for value in others if value is not None)
    return (unclaimed(run, spec.id) or "") if better else ""


def _cell(run: LoadedRun, spec: MetricSpec, subset: str, notes: Notes, ranked: BestSystems, outdone: str) -> Cell:
    found = run.cell(spec.id, subset)
    if found is None:
        why = "the run has no such part" if subset else "not asked for in this run"
        return Cell(status="missing", notes=() if run.problem and not run.aggregates else notes.add(why))
    if found.value is None:
        why = found.reason or found.status.replace("_", " ")
        return Cell(
            status=found.status, n=found.n, total=found.total, signature=found.signature, method=found.method,
            notes=notes.add(why),
        )  # fmt: skip

    def shown(number: float | None) -> float | None:
        return None if number is None else number * spec.scale

    said = [found.method if found.low is None or found.high is None else "", outdone]
    return Cell(
        status="ok", n=found.n, total=found.total, signature=found.signature, method=found.method,
        best=ranked.best is run, second=ranked.second is run,
        value=shown(found.value), low=shown(found.low), high=shown(found.high), macro=shown(found.macro),
        spread=_scaled(found.spread, spec.scale),
        notes=tuple(number for text in said if text for number in notes.add(text)),
    )  # fmt: skip


def _scaled(spread: Spread | None, scale: float) -> Spread | None:
    if spread is None:
        return None
    parts = {name: getattr(spread, name) for name in ("se_seeds", "se_clips", "sd_seeds", "sd_clips")}
    return replace(spread, **{name: None if part is None else part * scale for name, part in parts.items()})


def _column(spec: MetricSpec, index: int, rows: tuple[Row, ...], seen: SeenBy) -> Column:
    return Column(
        metric=spec.id, name=spec.name, recipe=spec.recipe, unit=spec.unit, decimals=spec.decimals,
        arrow={"higher": "↑", "lower": "↓"}[spec.direction] if spec.version and spec.ranked else "",
        description=spec.description, flag=seen.flags.get(spec.id), doubt=seen.doubts.get(spec.id), proxy=spec.proxy,
        total=max((row.cells[index].total for row in rows), default=0),
    )  # fmt: skip


def _seen_by(group: Group, cache: RunCache) -> SeenBy:
    bounds = {run.record.model.name: run for run in group.runs if is_bound(run)}
    checks = check_bounds(bounds, [spec.id for spec in _metrics(group.runs)], cache=cache)
    return SeenBy(flags(checks), doubts(checks))


def _clips(group: Group, subset: str) -> int:
    record = (group.runs or group.unfinished)[0].record
    if not subset:
        return min(record.spec.limit or record.benchmark.size, record.benchmark.size)
    return max(
        (cell.total + cell.not_applicable for run in group.runs for cell in run.aggregates if cell.subset == subset),
        default=0,
    )
