"""Runs as offline runs of Weights & Biases, which `wandb sync DIR/wandb/offline-run-*` uploads; needs the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.errors import MissingExtra
from vsseval.exports.base import numbers, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun

__all__ = ["wandb"]

PROJECT = "vsseval"


def wandb(runs: Sequence[LoadedRun], folder: Path) -> list[Path]:
    """Write one offline run for each run: what was asked is its configuration, values are its summary.

    Raises:
        MissingExtra: wandb is not installed.
    """
    try:
        import wandb as package
    except ModuleNotFoundError as error:
        if error.name != "wandb":
            raise
        raise MissingExtra("the export 'wandb' needs its package: pip install wandb") from error
    return [_run(package, run, folder) for run in runs]


def _run(package: Any, run: LoadedRun, folder: Path) -> Path:
    from vsseval.store import codec

    record = run.record
    offline = package.init(
        project=PROJECT, mode="offline", dir=str(folder), id=record.id[-8:], name=title(run),
        group=f"{record.benchmark.title} {record.benchmark.version}", job_type="evaluation", reinit="finish_previous",
        config={"vsseval": codec.builtins(record.spec), "model": codec.builtins(record.model),
                "manifest_sha256": record.manifest_sha256, "run": record.id},
        settings=package.Settings(silent=True, console="off"),
    )  # fmt: skip
    summary: dict[str, object] = {}
    for number in numbers(run):
        key = f"{number.subset}/{number.metric}" if number.subset else number.metric
        summary[key] = number.value
        summary |= {f"{key}/{name}": getattr(number, name) for name in ("low", "high", "n", "total", "signature")}
    offline.summary.update(summary)
    home = Path(str(offline.dir)).parent
    offline.finish()
    return home
