"""`vsseval doctor`: what is missing or broken, and the command that mends it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vsseval.cli.check import Check

PROBLEMS = 4
"""Exit code where something has to be mended."""


@click.command(name="doctor", short_help="Say what is missing, and the command that mends it.")
@click.option("--all", "every", is_flag=True, help="Print every check, not a line for each area.")
@click.option("--model", "model", metavar="M", help="Try a model on three clips: name or name:argument.")
@click.option("--checkpoint", type=click.Path(exists=True, path_type=Path), help="Weights for that model.")
@click.option("--device", default="cpu", show_default=True, help="Where that model runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(model: str | None, checkpoint: Path | None, device: str, *, every: bool, as_json: bool) -> int:
    """Look at everything that a run needs: a line for each area, and one command that mends what is broken.

    With --model, only that model is tried, on three clips: rate, length, silence, and the same sound twice.
    Exit code 4 where there is a problem.
    """
    from vsseval.cli.checks import every_check
    from vsseval.cli.trial import try_model

    checks = try_model(model, checkpoint, device) if model else every_check()
    found = _shown(checks, every=every or model is not None, as_json=as_json)
    problems = [check for check in found if check.status == "problem"]
    if not as_json:
        _end(problems, whole=model is None, every=every)
    return PROBLEMS if problems else 0


def _shown(checks: Iterable[Check], *, every: bool, as_json: bool) -> list[Check]:
    """Print checks as they are done, or as JSON at the end, and return them."""
    from vsseval.cli.doctor_text import every_detail, one_screen

    if as_json:
        import msgspec

        found = [*checks]
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
        return found
    if not every:
        return one_screen(checks, shutil.get_terminal_size((100, 24)).columns)
    show, found = every_detail(), []
    for check in checks:
        show(check)
        found.append(check)
    return found


def _end(problems: list[Check], *, whole: bool, every: bool) -> None:
    from vsseval.cli.doctor_text import mended_by

    details = " All checks: vsseval doctor --all" if whole and not every else ""
    if not problems:
        click.echo(f"\nNo problem.{details}")
        return
    click.echo(f"\n{len(problems)} problem{'s' if len(problems) > 1 else ''}.{details}")
    command = mended_by(problems) if whole else ""  # of a model, what is to be mended is its code
    if command:
        click.echo(f"Mend with:\n  {command}")
