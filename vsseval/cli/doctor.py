"""`vsseval doctor`: what is missing or broken, and the command that mends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.text.saying import console as safe_console
from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from vsseval.cli.check import Check

PROBLEMS = 4
"""Exit code where something has to be mended."""


@click.command(name="doctor", short_help="Say what is missing, and the command that mends it.")
@click.option("--model", "model", metavar="M", help="Try a model on three clips: name or name:argument.")
@click.option("--checkpoint", type=click.Path(exists=True, path_type=Path), help="Weights for that model.")
@click.option("--device", default="cpu", show_default=True, help="Where that model runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(model: str | None, checkpoint: Path | None, device: str, *, as_json: bool) -> int:
    """Look at everything that a run needs; every problem comes with the command that mends it.

    With --model, only that model is tried, on three clips: rate, length, silence, and the same sound twice.
    Exit code 4 where there is a problem.
    """
    from vsseval.cli.checks import every_check
    from vsseval.cli.trial import try_model

    show = _quiet if as_json else _printer()
    found: list[Check] = []
    for check in try_model(model, checkpoint, device) if model else every_check():
        show(check)
        found.append(check)
    problems = [check for check in found if check.status == "problem"]
    if as_json:
        import msgspec

        show_json(msgspec.json.format(msgspec.json.encode(found), indent=1))
    elif problems:
        say(f"\n{len(problems)} problem{'s' if len(problems) > 1 else ''}.")
    else:
        say("\nNo problem.")
    return PROBLEMS if problems else 0


def _quiet(check: Check) -> None:
    del check


def _printer() -> Callable[[Check], None]:
    """Return a function that prints a check as soon as it is done, under the name of its area."""
    from rich.padding import Padding
    from rich.text import Text

    console = safe_console(highlight=False)
    marks = {"ok": ("✓", "green"), "note": ("·", "yellow"), "problem": ("✗", "red")}
    areas: list[str] = []

    def show(check: Check) -> None:
        if check.area not in areas:
            areas.append(check.area)
            console.print(Text(f"\n{check.area}", style="bold"))
        mark, style = marks[check.status]
        name = check.name if not check.detail else check.name.ljust(20)
        console.print(Text.assemble((f" {mark} ", style), name), end="" if len(name) <= 20 and check.detail else "\n")
        if check.detail and len(name) <= 20:
            first, *rest = Text(check.detail).wrap(console, max(20, console.width - 24))
            console.print(Text(" ") + first)
            for line in rest:
                console.print(Padding(line, (0, 0, 0, 24)))
        elif check.detail:
            console.print(Padding(Text(check.detail), (0, 0, 0, 3)))
        if check.status == "problem" and check.mend:
            console.print(Text.assemble(("   mend: ", "dim"), (check.mend, "bold")), soft_wrap=True)

    return show
