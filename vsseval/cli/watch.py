"""`vsseval watch`: how far a run is, from another terminal."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.named import RUNS
from vsseval.errors import UsageError
from vsseval.text.escaping import terminal as terminal_text
from vsseval.text.saying import say, show_json, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from vsseval.store.watched import Watched
    from vsseval.types import Generation

INCOMPLETE = 3
LINE_SECONDS = 10.0
"""Between two lines where nobody looks at a terminal, at least."""
QUIET = 300.0
"""Seconds without a word, from which on that is told."""
STAGES = {"sounds": "making sounds", "features": "reading features", "scores": "closing", "finished": "finished"}
LEAST = 2
"""Sounds that must have been made while one watches, before their rate is that of the rest."""


@click.command(name="watch", short_help="Show how far a run is, from another terminal.")
@click.argument("run_dir", required=False, metavar="[RUN]", type=click.Path(path_type=Path))
@click.option("--runs", "root", type=click.Path(file_okay=False, path_type=Path), default=RUNS, show_default=True,
              help="Folder of run directories, where no RUN is named: the one that is worked on.")  # fmt: skip
@click.option("--once", is_flag=True, help="Say it once, and do not wait for the end.")
@click.option("--every", type=click.FloatRange(0.1), default=2.0, show_default=True, metavar="SECONDS",
              help="How often to look.")  # fmt: skip
@click.option("--remote", is_flag=True, help="Another machine works on it: wait for the end of the run itself.")
@click.option("--json", "as_json", is_flag=True, help="Print where it stands as JSON, once.")
def command(run_dir: Path | None, root: Path, every: float, *, once: bool, remote: bool, as_json: bool) -> int:
    """Show a run's stage, clips, failures, time left and last lines, until it ends.

    Nothing is locked and nothing written: the run does not notice. The exit code is 0 where the run is finished (or
    goes on, with --once), and 3 where sounds failed or nobody works on it any more.
    """
    from vsseval.store.features import default_store_root
    from vsseval.store.watched import watched

    path = run_dir or _newest(root)
    if not (path / "run.json").exists():
        others = ", ".join(sorted(one.parent.name for one in path.parent.glob("*/run.json"))[-3:])
        raise UsageError(
            f"there is no run in {path}" + (f"; the newest of {path.parent} are {others}" if others else "")
        )

    def look() -> Watched:
        found = watched(path, default_store_root())
        return found if found.record.spec.store is None else watched(path, found.record.spec.store)

    if as_json:
        from vsseval.store import codec

        found = look()
        show_json(codec.pretty(found), nl=False)
        return _code(found)
    if once:
        found = look()
        say(_text(found, _left(found, None)))
        return _code(found)
    return _follow(look, every, remote=remote)


def _follow(look: Callable[[], Watched], every: float, *, remote: bool) -> int:
    """Show the run until nobody works on it."""
    first = found = look()
    begun = told = time.monotonic()
    terminal = sys.stdout.isatty()
    text = _text(found, _left(found, None))
    shown = text.count("\n") + 1
    say(_cropped(text) if terminal and not _ended(found) else text)
    while found.stage != "finished" and (remote or not _ended(found)):
        time.sleep(every)
        before, found = found, look()
        left = _left(found, (found.done - first.done, time.monotonic() - begun))
        if terminal:
            text = _text(found, left)
            written(f"\x1b[{shown}A\x1b[J{terminal_text(text if _ended(found) else _cropped(text))}\n", nl=False)
            shown = text.count("\n") + 1
        elif found.stage != before.stage or time.monotonic() - told >= LINE_SECONDS:
            told = time.monotonic()
            say(_head(found, left))
    if not terminal and found is not first:
        say(_text(found, ""))
    return _code(found)


def _ended(found: Watched) -> bool:
    return found.stage == "finished" or found.holder is None


def _code(found: Watched) -> int:
    dead = found.stage != "finished" and found.holder is None
    return INCOMPLETE if dead or (found.stage == "finished" and found.failed) else 0


def _text(found: Watched, left: str) -> str:
    """Say all that is known."""
    record = found.record
    lines = [f"{record.system} on {record.benchmark.name} ({found.path})", _head(found, left)]
    if found.features and found.stage != "finished":
        lines.append(f"  read so far: {', '.join(f'{name} {n}' for name, n in found.features.items())}"[:160])
    lines += [f"  {_line(one)}" for one in found.last if found.stage == "sounds"]
    lines += [f"  {_line(one)}" for one in found.failures if found.stage != "sounds"]
    if found.stage == "finished":
        lines.append(f"  See: vsseval table {found.path}")
    elif found.holder is None:
        lines += _abandoned(found)
    elif found.quiet > QUIET:
        lines.append(f"  nothing was written for {_span(found.quiet)}; it is still there (process {found.holder})")
    return "\n".join(lines)


def _cropped(text: str) -> str:
    """Cut lines to the width of the terminal: one that wraps would not be taken back whole."""
    columns = shutil.get_terminal_size().columns
    return "\n".join(line[:columns] for line in text.splitlines())


def _head(found: Watched, left: str) -> str:
    failed = f", {found.failed} failed" if found.failed else ""
    stopped = "stopped while " if _ended(found) and found.stage != "finished" else ""
    return f"  {stopped}{STAGES[found.stage]}: {found.done} of {found.total} sounds{failed}{left}"


def _left(found: Watched, seen: tuple[int, float] | None) -> str:
    """Say how long the sounds will take: by what was seen while watching, else by what the journals hold."""
    rest = found.total - found.done
    if found.stage != "sounds" or not rest or (found.holder is None and seen is None):
        return ""
    if seen is not None and seen[0] >= LEAST:
        return f", {_span(rest * seen[1] / seen[0])} left"
    return "" if found.seconds_each is None else f", about {_span(rest * found.seconds_each)} left"


def _abandoned(found: Watched) -> list[str]:
    import msgspec

    from vsseval.store.codec import builtins
    from vsseval.store.record import rerun

    again = rerun(msgspec.convert(builtins(found.record.spec), dict[str, object]), found.path.parent)
    gone = f"  No process of this machine works on it: it was stopped or killed {_span(found.quiet)} ago"
    return [f"{gone}, or runs on another one (then: --remote).", f"  What is done is kept. Go on with: {again}"]


def _line(one: Generation) -> str:
    text = f"{one.id}: {one.status}"
    if one.status == "ok":
        return text if one.wall_seconds is None else f"{text}, {one.wall_seconds:.1f} s"
    return f"{text}: {' '.join((one.error or 'no reason was given').split())}"[:160]


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _newest(root: Path) -> Path:
    """Return the run that is worked on, a system rather than a bound, or else the newest.

    Raises:
        UsageError: there is none.
    """
    from vsseval.store.record import read_record
    from vsseval.store.watched import holder
    from vsseval.types import BOUNDS

    runs = sorted(path.parent for path in root.glob("*/run.json"))
    if not runs:
        raise UsageError(f"there is no run in {root}, so there is nothing to watch. Make some with: vsseval run")
    worked = [path for path in runs if holder(path) is not None]
    systems = [path for path in worked if (made := read_record(path)) is not None and made.spec.model not in BOUNDS]
    if len(systems) > 1:
        say(f"{len(systems)} runs are worked on: {', '.join(path.name for path in systems)}", err=True)
    return (systems or worked or runs)[-1]
