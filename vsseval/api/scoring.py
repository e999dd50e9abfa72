"""Scores a folder of finished sounds, or runs a model, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.api.arguments import blamed, folder, words
from vsseval.api.runs import Run, shown_run
from vsseval.errors import UsageError
from vsseval.records import RunSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.api.arguments import Place
    from vsseval.stages.progress import Progress

__all__ = ["score"]


def score(
    sounds: Place,
    *,
    videos: Place | None = None,
    benchmark: str | None = None,
    metrics: str | Sequence[str] = (),
    profile: str = "",
    bounds: bool = False,
    limit: int | None = None,
    runs_dir: Place = "runs",
    store: Place | None = None,
    jobs: int = 1,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Run:
    """Score finished sounds against the clips that they were made for.

    What was scored before is not scored again, as with `vsseval run`; new metrics are added to the run.

    Args:
        sounds: folder of sound files, named by clip.
        videos: folder of the clips, for your own; see docs/benchmarks.md for what it may hold.
        benchmark: name of a benchmark, in the place of `videos`: `mini_v2s`, `vggsound:mmaudio`.
        metrics: ids (`fad@logmel`), added to those of the profile; without both, the benchmark's default metrics.
        profile: whose recipes to measure by: `avbench`, `vssflow`, …
        bounds: also run reference, shuffled, noise and silence, for `vsseval.table` to show beside it.
        limit: only so many clips, always the same.
        runs_dir: folder of run directories.
        store: feature store; None for the user's cache folder.
        jobs: processes. A script that wants more than one, or 0 for one per core, needs
            `if __name__ == "__main__":` around the call; a notebook does not.
        device: where networks run: "cpu", "cuda", "cuda:1".
        progress: who watches.

    Raises:
        UsageError: an argument makes no sense; the message begins with its name.
        EnvironmentFault: the machine lacks something; the message says what to install.
    """
    from vsseval.stages.asked_runs import specs
    from vsseval.stages.catalog import Catalog
    from vsseval.stages.run import carry_out
    from vsseval.store.record import load_run

    if (videos is None) == (benchmark is None):
        said = "both were given" if videos is not None else "neither was given"
        raise UsageError(f"videos, benchmark: {said}; give the folder of your clips, or the name of a benchmark")
    model = f"audio:{folder('sounds', sounds)}"
    asked = f"folder:{folder('videos', videos)}" if videos is not None else str(benchmark)
    known = RunSpec(
        model="", benchmark="", metrics=words("metrics", metrics), profile=profile, limit=limit, runs=Path(runs_dir),
        store=None if store is None else Path(store), jobs=jobs, device=device,
    )  # fmt: skip
    _check(known)
    catalog = Catalog()
    argument, value = ("videos", str(videos)) if videos is not None else ("benchmark", benchmark)
    with blamed(argument, value):
        catalog.samples(asked)
    wanted = specs(known, [model], [asked], None, catalog, bounds=bounds)
    done = carry_out(wanted, progress, catalog, {spec.model for spec in wanted} - {model})
    return shown_run(load_run(Path(runs_dir) / done.records[0].id))


def _check(known: RunSpec) -> None:
    """Look at what would only be found out later.

    Raises:
        UsageError: a number out of range, or a metric or profile that does not exist.
    """
    from vsseval import plugins
    from vsseval.profiles import load_profile
    from vsseval.stages.catalog import require_metrics

    for name, value, least in (("jobs", known.jobs, 0), ("limit", known.limit, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise UsageError(f"{name}={value!r}: give a whole number from {least} on")
    with blamed("metrics", list(known.metrics)):
        require_metrics(known.metrics, plugins.names("metrics"))
    if known.profile:
        with blamed("profile", known.profile):
            load_profile(known.profile)
