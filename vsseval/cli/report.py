"""`vsseval report`: one HTML file with tables, plots, every clip, failures and provenance."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.moved import moved_option, relocations
from vsseval.cli.named import name_option, named_runs, relabelled, root_option
from vsseval.text.saying import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vsseval.records import RunRecord
    from vsseval.report.report import Media
    from vsseval.stages.catalog import Catalog


@click.command(name="report", short_help="Write one HTML file: tables, plots, every clip.")
@click.argument("run_names", nargs=-1, metavar="[RUN]...")
@root_option
@name_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"),
              show_default=True, help="The file to write.")  # fmt: skip
@click.option("--media", "megabytes", type=click.FloatRange(0), default=40.0, show_default=True, metavar="MB",
              help="Megabytes of sound, video and spectrograms to embed, at most; the rest is linked.")  # fmt: skip
@click.option("--no-media", is_flag=True, help="Embed neither sound nor video: link all.")
@click.option("--no-benchmark", is_flag=True,
              help="Do not ask the benchmark for videos, captions and transcripts.")  # fmt: skip
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Also write every plot as PDF and PNG into this folder.")  # fmt: skip
@moved_option
def command(
    run_names: tuple[str, ...],
    root: Path,
    names: tuple[str, ...],
    output: Path,
    megabytes: float,
    plots: Path | None,
    moved: tuple[str, ...],
    *,
    no_media: bool,
    no_benchmark: bool,
) -> None:
    """Write one self-contained HTML file that opens from disk.

    It holds the tables, a plot of each metric with its intervals, every clip with its scores and players, paired
    differences, scatter plots and distributions, the failures, what everything was made with, and what
    `vsseval calibrate` found.
    """
    from vsseval.cli.report_marks import FeatureMarks
    from vsseval.report.plots import write_plots
    from vsseval.report.report import MEGABYTE, write_report
    from vsseval.statistics.calibration import FOLDER, calibrations
    from vsseval.store.features import default_store_root
    from vsseval.store.record import find_runs

    runs, _ = relabelled(named_runs(run_names, root), names)
    found = [] if run_names else calibrations(find_runs(root / FOLDER))
    budget = 0 if no_media else int(megabytes * MEGABYTE)
    media = None if no_benchmark else benchmark_media(relocations(moved))
    marks = FeatureMarks(next((run.record.spec.store for run in runs), None) or default_store_root())
    media_budget = write_report(runs, output, budget=budget, calibrations=found, media=media, marks=marks)
    size = output.stat().st_size / MEGABYTE
    if media_budget.left_out and not no_media:
        say(
            f"the media of {media_budget.left_out} clips did not fit {megabytes:g} MB: they are linked, so keep the "
            "folders of the runs where they are. See --media",
            err=True,
        )
    say(f"{output} ({size:.1f} MB, {media_budget.embedded} media of {media_budget.clips} clips)")
    if plots is not None:
        say(f"{plots} ({write_plots(runs, plots, found)} plots, each as PDF and PNG)")


def benchmark_media(moved: Mapping[str, str]) -> Callable[[RunRecord], Media]:
    """Return what finds the clips of a run's benchmark, where that is installed and its data is here.

    Args:
        moved: where clips of `folder:PATH` lie now: old beginning of a path -> new one.
    """

    def found(record: RunRecord) -> Media:
        from vsseval.errors import VssevalError
        from vsseval.report.report import Media
        from vsseval.stages.plan import limit_samples
        from vsseval.store.manifest_hash import manifest_hash

        try:
            samples = limit_samples(catalog().samples(record.spec.benchmark), record.spec.limit)
        except VssevalError as problem:
            hint = "Say where the clips lie now with: --data-root OLD=NEW"
            return Media(note=f"Videos and transcripts are not shown: {problem}. {hint}")
        changed = manifest_hash(samples) != record.manifest_sha256
        note = "The benchmark has changed since these runs: videos and transcripts are those of today."
        return Media({sample.id: sample for sample in samples}, note if changed else "")

    @cache
    def catalog() -> Catalog:
        from vsseval.stages.catalog import Catalog

        return Catalog(moved)

    return found
