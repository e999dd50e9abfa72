"""What `vsseval doctor` prints: a line for each area, every problem, and one command that mends them all."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from vsseval.text.escaping import terminal
from vsseval.text.saying import say, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vsseval.cli.check import Check

__all__ = ["every_detail", "mended_by", "one_screen"]

MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "problem": ("✗", "red")}
NAMED = 3
"""Things of an area that are named one by one; of more the number is told."""
PIP = "pip install "


def one_screen(checks: Iterable[Check], width: int) -> list[Check]:
    """Print a line for each area as soon as it was looked at, with its problems below; return all checks.

    Args:
        checks: in the order of areas.
        width: columns of the terminal.
    """
    found: list[Check] = []
    area: list[Check] = []
    for check in checks:
        if area and check.area != area[0].area:
            _line(area, width)
            area = []
        area.append(check)
        found.append(check)
    if area:
        _line(area, width)
    return found


def mended_by(problems: Sequence[Check]) -> str:
    """Return one command for all that can be mended by commands; what pip installs is installed at once."""
    commands = list(dict.fromkeys(check.mend for check in problems if check.mend))
    packages = [word for one in commands if _plain_pip(one) for word in shlex.split(one.removeprefix(PIP))]
    joined = [f"{PIP}{shlex.join(dict.fromkeys(packages))}"] if packages else []
    return " && ".join([*joined, *(one for one in commands if not _plain_pip(one))])


def _plain_pip(command: str) -> bool:
    return command.startswith(PIP) and "-" not in {word[:1] for word in shlex.split(command)}


def _line(checks: Sequence[Check], width: int) -> None:
    problems = [check for check in checks if check.status == "problem"]
    mark, colour = MARKS["problem" if problems else "ok"]
    said = "; ".join(filter(None, (_told(checks, "ok"), _told(checks, "note"))))
    room = width - 15
    short = said if len(said) <= room else f"{said[: room - 1]}…"
    text = terminal(f"{checks[0].area:11} {short}").rstrip()
    written(f"{click.style(mark, fg=colour)} {text}\n", nl=False)
    for check in problems:
        detail = f"{check.name}: {check.detail}" if check.detail else check.name
        say(f"    {detail}")
        if check.mend:
            say(f"    mend: {check.mend}")


def _told(checks: Sequence[Check], status: str) -> str:
    """Name a few checks of one status, or say how many there are."""
    mine = [check for check in checks if check.status == status]
    if not mine:
        return ""
    if len(mine) > NAMED:
        return f"{len(mine)} work" if status == "ok" else f"{len(mine)} notes"
    if status == "ok":
        return ", ".join(check.name for check in mine)
    return ", ".join(
        f"{check.name}: {check.detail}" if len(mine) == 1 and check.detail else check.name for check in mine
    )


def every_detail() -> Callable[[Check], None]:
    """Return a function that prints a check as soon as it is done, under the name of its area."""
    from rich.padding import Padding
    from rich.text import Text

    from vsseval.text.saying import console as safe_console

    console = safe_console(highlight=False)
    areas: list[str] = []

    def show(check: Check) -> None:
        if check.area not in areas:
            areas.append(check.area)
            console.print(Text(f"\n{check.area}", style="bold"))
        mark, style = MARKS[check.status]
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
