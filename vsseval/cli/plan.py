"""`vsseval plan`: what a run would take on this machine, before anything runs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from vsseval.cli.asked import Asked, run_options
from vsseval.cli.progress import duration
from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.records import RunSpec
    from vsseval.stages.catalog import Catalog
    from vsseval.stages.forecast import Forecast, Work

CLIPS = 2
"""Clips that `--measure` takes of each benchmark."""
SPARE = 0.05
"""Share of processor seconds below which a line is not shown of its own."""


@click.command(name="plan", short_help="Say what a run would take.")
@run_options
@click.option("--workers", type=click.IntRange(1), multiple=True, metavar="K",
              help="Also for K workers; repeatable [default: one per core].")  # fmt: skip
@click.option("--measure", is_flag=True, help=f"Where rates are unknown, run {CLIPS} clips of each benchmark first.")
def command(asked: Asked, workers: tuple[int, ...], *, measure: bool) -> None:
    """Say what `vsseval run` with the same options would take here: work that is left, time, memory, disk.

    Rates are those of earlier runs on this kind of processor. Nothing is run, unless --measure says so.
    """
    runs, catalog = asked.every_run()
    found, lost = _forecast(runs, catalog, asked.models)
    if measure and found.unknown:
        _measure(runs, asked.models)
        found, lost = _forecast(runs, catalog, asked.models)
    numbers = [asked.measuring.jobs or _cores(), *workers]
    if asked.measuring.as_json:
        _print_json(found, runs[0], numbers, lost)
        return
    _print(found, runs[0], numbers)
    for title, why in lost.items():
        say(f"{title}: cannot be run: {why}", err=True)


def _forecast(asked: Sequence[RunSpec], catalog: Catalog, models: Sequence[str]) -> tuple[Forecast, dict[str, str]]:
    from vsseval.stages.forecast import forecast
    from vsseval.stages.losses import Losses
    from vsseval.stages.progress import NoProgress
    from vsseval.stages.run import plan_runs
    from vsseval.store.timings import read_timings

    losses = Losses(asked, {spec.model for spec in asked} - {*models})
    tasks = plan_runs(asked, catalog, losses, NoProgress(), here=True)
    return forecast(tasks, read_timings(_store(asked[0]))), losses.reasons


def _measure(asked: Sequence[RunSpec], models: Sequence[str]) -> None:
    """Run a few clips of each benchmark; their features stay in the store, their runs do not stay."""
    import msgspec

    from vsseval.cli.progress import shown
    from vsseval.stages.run import carry_out

    with TemporaryDirectory(prefix="vsseval-plan-") as folder, shown() as watcher:
        few = [msgspec.structs.replace(spec, limit=CLIPS, seeds=(), runs=Path(folder)) for spec in asked]
        carry_out(few, watcher, added_bounds={spec.model for spec in asked} - {*models})


def _print(found: Forecast, spec: RunSpec, workers: Sequence[int]) -> None:
    from vsseval.stages.forecast import wall_seconds

    say(f"{found.runs} runs, {found.finished} of them finished")
    if not found.work:
        return
    say(f"{'stage':10} {'what':28} {'clips':>9} {'seconds of them':>16} {'processor s':>12}  measured on")
    for one in _shown(found.work):
        cost = "unknown" if one.processor is None else f"{one.processor + one.load:.1f}"
        source = f"{one.measured:,} clips" if one.measured else "-"
        say(f"{one.stage:10} {one.name:28} {one.clips:9,} {one.seconds:16,.0f} {cost:>12}  {source}")
    total = sum((one.processor or 0.0) + one.load for one in found.work)
    least = "at least " if found.unknown else ""
    say(f"Processor time: {least}{duration(total)}")
    for number in dict.fromkeys(workers):
        say(f"With {number} workers on an idle machine: {least}{duration(wall_seconds(found.work, number))}")
    _print_room(found, spec, workers[0])
    if found.unknown:
        names = ", ".join(dict.fromkeys(one.name for one in found.unknown))
        say(f"Unknown, for nothing like it has run on this kind of processor: {names}")
        again = " ".join(part for part in sys.argv[1:] if part != "--measure")
        say(f"Measure it on {CLIPS} clips of each benchmark with: vsseval {again} --measure")


def _shown(work: Sequence[Work]) -> list[Work]:
    """Return the lines that count: those of each stage, without the cheap ones."""
    most = max((one.processor or 0.0) + one.load for one in work)
    return [
        one for one in work if one.processor is None or (one.processor + one.load) >= SPARE * most
        or one.stage in {"generate", "extract", "start"}
    ]  # fmt: skip


def _print_room(found: Forecast, spec: RunSpec, workers: int) -> None:
    peak = max((one.peak for one in found.work), default=0)
    written = {stage: sum(one.written for one in found.work if one.stage == stage) for stage in ("generate", "extract")}
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    say(f"Memory: up to {peak / 1e9:.1f} GB a process, {workers + 1} processes; this machine has "
               f"{there / 1e9:.1f} GB")  # fmt: skip
    for what, folder, size in (
        ("sounds", spec.runs, written["generate"]),
        ("features", _store(spec), written["extract"]),
    ):
        free = shutil.disk_usage(_existing(folder)).free
        say(f"Disk: {size / 1e6:,.0f} MB of {what} in {folder}, where {free / 1e9:,.1f} GB are free")


def _print_json(found: Forecast, spec: RunSpec, workers: Sequence[int], lost: dict[str, str]) -> None:
    from vsseval.stages.forecast import wall_seconds
    from vsseval.store import codec

    data = {
        "runs": found.runs,
        "finished": found.finished,
        "work": list(found.work),
        "seconds": {str(number): wall_seconds(found.work, number) for number in workers},
        "unknown": sorted({one.name for one in found.unknown}),
        "cannot_be_run": lost,
        "store": _store(spec),
    }
    show_json(codec.pretty(data), nl=False)


def _store(spec: RunSpec) -> Path:
    from vsseval.store.features import default_store_root

    return spec.store or default_store_root()


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _cores() -> int:
    from vsseval.store.provenance import cores

    return cores()
