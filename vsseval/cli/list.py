"""`vsseval list`: what is installed, what is missing, and the command that gets it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from vsseval import plugins
from vsseval.border.benchmarks import samples as samples_of
from vsseval.border.build import build
from vsseval.cli.named import root_option
from vsseval.errors import EnvironmentFault, MissingData, MissingEnvironment, NeedsArgument, ReportedOnly, UsageError
from vsseval.families import require_packages, require_weights
from vsseval.recipes import ExtractorVariant, length_rule
from vsseval.text.saying import console as safe_console
from vsseval.text.saying import show_json
from vsseval.types import Feature, Record

if TYPE_CHECKING:
    from collections.abc import Callable

MARKS = {
    "present": ("✓", "green"),
    "needs an argument": ("·", "yellow"),
    "missing": ("✗", "red"),
    "reported only": ("-", "dim"),
}
PLUGINS: tuple[plugins.PluginKind, ...] = ("benchmarks", "models", "metrics", "extractors")
KINDS = (*PLUGINS, "suites", "profiles")


class Item(Record, frozen=True, kw_only=True):
    """One thing that can be named on the command line."""

    kind: str
    name: str
    status: str = "present"
    """"present", "missing", "needs an argument", or "reported only"."""
    version: str = ""
    task: str = ""
    size: int | None = None
    """Clips of a benchmark."""
    licence: str = ""
    note: str = ""
    get: str = ""
    """What is lacking, and the command that gets it."""
    distribution: str = ""
    lengths: str = ""
    """Of a metric: what becomes of sounds that are not as long as the clip."""


@click.command(name="list", short_help="List models, benchmarks, metrics, extractors and runs.")
@click.argument("kind", required=False, type=click.Choice([*KINDS, "runs"]))
@root_option
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def command(kind: str | None, root: Path, *, as_json: bool) -> None:
    """List the names that the command line takes.

    With KIND also what each of them is, and for what is missing the reason and the command that gets it. Of runs, the
    names by which compare, table, report, gate and others take them.
    """
    if kind == "runs":
        from vsseval.cli.list_runs import run_items, show_runs

        found = run_items(root)
        if as_json:
            show_json(msgspec.json.format(msgspec.json.encode(found), indent=1))
        else:
            show_runs(found, root)
        return
    items = [item for name in KINDS if kind in {None, name} for item in _items(name)]
    if as_json:
        show_json(msgspec.json.format(msgspec.json.encode(items), indent=1))
    elif kind is None:
        _show_names(items)
    else:
        _show(items)


def _items(kind: str) -> list[Item]:
    if kind == "suites":
        from vsseval.cli.suites import EVERY, suites

        return [
            Item(kind=kind, name=name, note="every benchmark that is present" if what == (EVERY,) else ", ".join(what))
            for name, what in suites().items()
        ]
    if kind == "profiles":
        from vsseval.profiles import load_profile, profile_names

        found = [load_profile(name) for name in profile_names()]
        return [Item(kind=kind, name=one.name, note=one.title) for one in found]
    describe: dict[str, Callable[[str], Item]] = {
        "benchmarks": _benchmark, "models": _model, "metrics": _metric, "extractors": _extractor,
    }  # fmt: skip
    named = next(one for one in PLUGINS if one == kind)
    broken = [Item(kind=kind, name="(rows)", status="missing", get=fault) for fault in plugins.faults(named)]
    return [_item(named, name, describe[kind]) for name in plugins.names(named)] + broken


def _item(kind: str, name: str, describe: Callable[[str], Item]) -> Item:
    """Describe a plugin; whatever is wrong with it becomes its status."""
    try:
        return describe(name)
    except (MissingEnvironment, NeedsArgument) as problem:
        return _absent(name, problem)
    except MissingData as problem:
        return _unregistered(name, problem)
    except UsageError as problem:
        return Item(kind=kind, name=name, status="needs an argument", note=_first_line(problem))
    except EnvironmentFault as problem:
        return Item(kind=kind, name=name, status="missing", get=_first_line(problem))


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)


def _benchmark(name: str) -> Item:
    made = build("benchmarks", name, None)
    card = made.card
    known = Item(
        kind="benchmarks",
        name=name,
        distribution=plugins.distribution("benchmarks", name),
        version=card.version,
        task=card.task,
        size=card.size,
        licence=card.licence,
        note=card.description,
    )
    try:
        clips = samples_of(made, name)
    except UsageError as problem:
        return msgspec.structs.replace(known, status="missing", get=_first_line(problem))
    lost = sum(sample.problem is not None for sample in clips)
    if card.data and lost < len(clips):
        return msgspec.structs.replace(known, note=f"{card.description} {len(clips) - lost:,} of {card.data}")
    if lost:
        return msgspec.structs.replace(known, status="missing", get=f"{lost} of {len(clips)} clips cannot be read")
    return msgspec.structs.replace(known, size=len(clips))


def _unregistered(name: str, problem: MissingData) -> Item:
    """Describe a benchmark whose data is not on this machine."""
    card = problem.card
    return Item(
        kind="benchmarks",
        name=name,
        distribution=plugins.distribution("benchmarks", name),
        version=card.version,
        task=card.task,
        size=card.size or None,
        licence=card.licence,
        note=card.description,
        status="missing",
        get=_first_line(problem),
    )


def _model(name: str) -> Item:
    from vsseval.models.base import ModelOptions

    card = build("models", name, ModelOptions()).card
    return Item(
        kind="models",
        name=name,
        distribution=plugins.distribution("models", name),
        version=card.version,
        task=" ".join(card.tasks),
        licence=card.licence,
        note=card.note,
    )


def _absent(name: str, problem: MissingEnvironment | NeedsArgument) -> Item:
    """Describe a model that cannot run as it is named: its card is known nevertheless."""
    card = problem.card
    known = Item(
        kind="models",
        name=name,
        distribution=plugins.distribution("models", name),
        version=card.version,
        task=" ".join(card.tasks),
        licence=card.licence,
        note=_first_line(problem),
    )
    if isinstance(problem, NeedsArgument):
        return msgspec.structs.replace(known, status="needs an argument")
    status = "reported only" if isinstance(problem, ReportedOnly) else "missing"
    return msgspec.structs.replace(known, status=status, get=_first_line(problem).removeprefix("reported only: "))


def _metric(name: str) -> Item:
    """Describe a metric by its row: no family is imported."""
    spec = plugins.metric_spec(name)
    require_packages(name, plugins.recipe(name))
    used = sorted(
        {(one.extractor, one.paired_with is not None) for one in spec.inputs.values() if isinstance(one, Feature)}
    )
    lacking = next(filter(None, (_lacking(extractor, pair=pair) for extractor, pair in used)), "")
    arrow = "↑" if spec.direction == "higher" else "↓"
    return Item(
        kind="metrics",
        name=name,
        distribution=plugins.distribution("metrics", name),
        version=spec.version,
        task=f"{arrow} {spec.unit}".strip(),
        note=spec.description,
        lengths=_lengths(name),
        status="missing" if lacking else "present",
        get=lacking,
    )


def _lengths(name: str) -> str:
    """Return what becomes of sounds that are not as long as the clip; of extractors that are not here, nothing."""
    known = plugins.names("extractors")
    return length_rule(
        plugins.recipe(name),
        lambda one: plugins.variant(one) if one in known else ExtractorVariant(family=""),
    )


def _lacking(extractor: str, *, pair: bool = False) -> str:
    """Return what an extractor lacks to work here, or nothing."""
    if extractor not in plugins.names("extractors"):
        return f"no extractor {extractor}: install the package that brings it"
    try:
        require_weights(extractor, plugins.variant(extractor))
        reads = build("extractors", extractor).spec.source_extractor if pair else None
    except (EnvironmentFault, UsageError) as problem:
        return _first_line(problem)
    return _lacking(reads) if reads else ""


def _extractor(name: str) -> Item:
    spec = build("extractors", name).spec
    return Item(
        kind="extractors",
        name=name,
        distribution=plugins.distribution("extractors", name),
        version=spec.version,
        task=" ".join(spec.input_kinds),
        licence=spec.licence,
        note=spec.description,
    )


def _show_names(items: list[Item]) -> None:
    """Print the names of each kind by status: what there is, on one screen or two."""
    from rich.table import Table
    from rich.text import Text

    console = safe_console(highlight=False)
    for kind in dict.fromkeys(item.kind for item in items):
        grid = Table.grid(padding=(0, 1))
        for status, (mark, style) in MARKS.items():
            names = [item.name for item in items if (item.kind, item.status) == (kind, status)]
            if names:
                said = "" if status == "present" else f"{status}: "
                grid.add_row(Text(f" {mark}", style=style), Text.assemble((said, "dim"), "  ".join(names)))
        console.print(Text(f"\n{kind}", style="bold"))
        console.print(grid)
    console.print("\nvsseval list KIND says what each of them is, and how to get what is missing.")


def _show(items: list[Item]) -> None:
    """Print two lines for each item: what it is, and the note below, so that nothing is crushed at 80 columns."""
    from rich.padding import Padding
    from rich.text import Text

    console = safe_console(highlight=False)
    wide = max((len(item.name) for item in items), default=0) + 2
    for kind in dict.fromkeys(item.kind for item in items):
        console.print(Text(f"\n{kind}", style="bold"))
        for item in (item for item in items if item.kind == kind):
            mark, style = MARKS[item.status]
            facts = [
                item.task,
                f"{item.size} clips" if item.size is not None else "",
                f"v{item.version}" if item.version else "",
                item.licence,
            ]
            line = "  ".join(fact for fact in facts if fact)
            console.print(Text.assemble((f" {mark} ", style), item.name.ljust(wide), line), soft_wrap=True)
            notes = [item.note] if not item.get else [f"{item.status}: {item.get}"]
            notes += [f"wrong lengths: {item.lengths}"] if item.lengths else []
            for note in filter(None, notes):
                console.print(Padding(Text(note, style="dim"), (0, 0, 0, 3)))
