"""Turns comparable runs into blocks of rows, columns and cells, in displayed units, for every renderer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vsseval.present.select import Group, comparable, is_bound, what_differs
from vsseval.statistics.best import clear_best, rule
from vsseval.statistics.bounds_check import check_bounds, flags
from vsseval.statistics.readings import Readings
from vsseval.types import MetricSpec, Record, Status, Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vsseval.store.record import LoadedRun


class Cell(Record, frozen=True, kw_only=True):
    """One number, in displayed units; `value` is None exactly where `status` is not "ok"."""

    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    total: int = 0
    best: bool = False
    """Clearly the best system of its column."""
    notes: tuple[int, ...] = ()
    """Numbers (from 1) of the block's notes that belong here."""
    signature: str = ""
    macro: float | None = None
    method: str = ""

    @property
    def half(self) -> float | None:
        """Half the width of the 95 % interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


class Column(Record, frozen=True, kw_only=True):
    """One metric; `flag` says which bound it fails to rank here."""

    metric: str
    name: str
    recipe: str
    arrow: str
    unit: str
    decimals: int
    total: int
    """Clips that a complete cell is made of."""
    description: str = ""
    flag: str | None = None


class Row(Record, frozen=True, kw_only=True):
    """One model's cells, in the order of the columns."""

    label: str
    bound: bool
    run: str
    """Name of the run directory."""
    cells: tuple[Cell, ...]
    notes: tuple[int, ...] = ()


class Block(Record, frozen=True, kw_only=True):
    """One table: one benchmark (or a part of it), one manifest, one seed."""

    benchmark: str
    version: str
    task: Task
    clips: int
    seed: int
    limit: int | None
    subset: str
    apart: tuple[str, ...]
    """Why this table stands apart from the one above of the same benchmark."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    unfinished: tuple[str, ...]
    bold: str
    """The rule by which the best system was found to be clearly the best."""


class Section(NamedTuple):
    """A benchmark's runs, its table, and the tables of its parts."""

    group: Group
    whole: Block
    parts: tuple[Block, ...]


def blocks(runs: Iterable[LoadedRun], *, subsets: bool = False) -> list[Block]:
    """Lay out every table that these runs make; with `subsets`, one more for each part of a benchmark."""
    found = sections(runs, subsets=subsets)
    return [block for section in found for block in (section.whole, *section.parts)]


def sections(runs: Iterable[LoadedRun], *, subsets: bool = False, readings: Readings | None = None) -> list[Section]:
    """Lay out every table together with the runs that it is made of.

    Args:
        runs: any runs.
        subsets: also lay out each part of a benchmark.
        readings: what was read before.
    """
    found: list[Section] = []
    leads: dict[str, Group] = {}
    readings = readings or Readings()
    for group in comparable(runs):
        name = (group.runs or group.unfinished)[0].record.benchmark.name
        apart = tuple(what_differs(group, leads[name])) if name in leads else ()
        leads.setdefault(name, group)
        failing = _flags(group, readings)
        parts = sorted({cell.subset for run in group.runs for cell in run.aggregates if cell.subset})
        found.append(
            Section(
                group,
                _block(group, apart, "", failing, readings),
                tuple(_block(group, apart, part, failing, readings) for part in parts if subsets),
            )
        )
    return found


def _block(group: Group, apart: tuple[str, ...], subset: str, failing: dict[str, str], readings: Readings) -> Block:
    record = (group.runs or group.unfinished)[0].record
    metrics = _metrics(group.runs)
    notes = _Notes()
    best = _best(group, metrics, subset, readings)
    labels = _labels(group.runs)
    rows = tuple(
        Row(
            label=labels[run.path.name],
            bound=is_bound(run),
            run=run.path.name,
            notes=notes.add(run.record.model.note) if run.record.model.note and not is_bound(run) else (),
            cells=tuple(_cell(run, spec, subset, notes, best=best.get(spec.id) is run) for spec in metrics),
        )
        for run in group.runs
    )
    columns = tuple(_column(spec, i, rows, failing.get(spec.id)) for i, spec in enumerate(metrics))
    systems = sum(not row.bound for row in rows)
    return Block(
        benchmark=record.benchmark.name, version=record.benchmark.version, task=record.benchmark.task,
        clips=_clips(group, subset), seed=record.spec.seed, limit=record.spec.limit, subset=subset,
        apart=apart, columns=columns, rows=rows, notes=tuple(notes.texts), bold=rule(systems),
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
        return card.name if ":" in card.name else asked

    names = [short(run) for run in runs]
    if len({run.record.spec.model for run in runs}) > len(set(names)):
        names = [run.record.spec.model for run in runs]
    return {
        run.path.name: name
        if names.count(name) == 1
        else f"{name} {run.record.model.version} {run.record.model.weights[:8]}"
        for run, name in zip(runs, names, strict=True)
    }


class _Notes:
    """Footnotes of a block, numbered in order of appearance, each text once."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> tuple[int]:
        if text not in self.texts:
            self.texts.append(text)
        return (self.texts.index(text) + 1,)


def _cell(run: LoadedRun, spec: MetricSpec, subset: str, notes: _Notes, *, best: bool) -> Cell:
    found = run.cell(spec.id, subset)
    if found is None:
        return Cell(
            status="missing", notes=notes.add("the run has no such part" if subset else "not asked for in this run")
        )
    if found.value is None:
        why = found.reason or found.status.replace("_", " ")
        return Cell(
            status=found.status, n=found.n, total=found.total, signature=found.signature, method=found.method,
            notes=notes.add(why),
        )  # fmt: skip

    def shown(number: float | None) -> float | None:
        return None if number is None else number * spec.scale

    return Cell(
        status="ok", n=found.n, total=found.total, best=best, signature=found.signature, method=found.method,
        value=shown(found.value), low=shown(found.low), high=shown(found.high), macro=shown(found.macro),
    )  # fmt: skip


def _column(spec: MetricSpec, index: int, rows: tuple[Row, ...], flag: str | None) -> Column:
    return Column(
        metric=spec.id, name=spec.name, recipe=spec.recipe, unit=spec.unit, decimals=spec.decimals,
        arrow={"higher": "↑", "lower": "↓"}[spec.direction] if spec.version else "",
        description=spec.description, flag=flag,
        total=max((row.cells[index].total for row in rows), default=0),
    )  # fmt: skip


def _best(group: Group, metrics: list[MetricSpec], subset: str, readings: Readings) -> dict[str, LoadedRun]:
    systems = [run for run in group.runs if not is_bound(run)]
    found = {spec.id: clear_best(systems, spec, subset, readings=readings) for spec in metrics}
    return {metric: run for metric, run in found.items() if run is not None}


def _flags(group: Group, readings: Readings) -> dict[str, str]:
    bounds = {run.record.model.name: run for run in group.runs if is_bound(run)}
    return flags(check_bounds(bounds, [spec.id for spec in _metrics(group.runs)], readings=readings))


def _clips(group: Group, subset: str) -> int:
    record = (group.runs or group.unfinished)[0].record
    if not subset:
        return min(record.spec.limit or record.benchmark.size, record.benchmark.size)
    return max(
        (cell.total + cell.not_applicable for run in group.runs for cell in run.aggregates if cell.subset == subset),
        default=0,
    )
