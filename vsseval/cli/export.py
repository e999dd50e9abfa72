"""`vsseval export`: records of runs in the layouts of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.cli.named import name_option, named_runs, relabelled, root_option
from vsseval.text.saying import say


@click.command(name="export", short_help="Write runs in the layouts of other tools.")
@click.argument("kind")
@click.argument("run_names", nargs=-1, metavar="[RUN]...")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("export"),
              show_default=True, help="Folder to write below.")  # fmt: skip
@root_option
@name_option
def command(kind: str, run_names: tuple[str, ...], output: Path, root: Path, names: tuple[str, ...]) -> None:
    """Write finished runs as offline files; nothing is sent anywhere.

    KIND is hub (README.md with a model-index, for the Hugging Face Hub), mlflow (a folder that `mlflow ui` shows),
    wandb (offline runs, for `wandb sync`; needs the package), papers_with_code (evaluation-tables.json), or a plugin's.
    RUN is a run directory, a folder of them, or a name; without one, all runs. Bounds are left out.

    \b
    vsseval export hub audio:a --name audio:a=Ours
    vsseval export mlflow
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.exports.base import export_runs

    runs, _ = relabelled(named_runs(run_names, root), names)
    for path in export_runs(kind, [run for run in runs if run_names or run.record.status == "finished"], output):
        say(path)
