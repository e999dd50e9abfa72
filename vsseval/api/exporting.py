"""Writes runs in the layouts of other tools, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.api.arguments import blamed, some_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vsseval.api.arguments import AnyRun, Place

__all__ = ["export"]


def export(
    kind: str,
    *runs: AnyRun,
    output: Place = "export",
    names: Mapping[str, str] | None = None,
    runs_dir: Place = "runs",
) -> list[Path]:
    """Write finished runs as offline files of another tool.

    Args:
        kind: `hub` (model cards with a model-index), `mlflow`, `wandb`, `papers_with_code`, or that of a plugin.
        runs: run directories, folders of them, names (`audio:a`), or runs; without any, all below `runs_dir`.
        output: folder to write below.
        names: what systems are to be called.
        runs_dir: folder in which names are looked up.

    Returns:
        What was written.

    Raises:
        UsageError: an argument makes no sense, or a run is not finished.
        EnvironmentFault: the layout needs a package that is not installed.
    """
    from vsseval.exports.base import export_runs

    found = some_runs(runs, runs_dir, names)
    with blamed("kind", kind):
        return export_runs(kind, found, Path(output))
