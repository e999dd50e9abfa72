"""`vsseval leaderboard`: accept records of runs, check what a pull request brings, and build the static site."""

from __future__ import annotations

import os
from pathlib import Path

import click

from vsseval.cli.named import root_option
from vsseval.errors import UsageError
from vsseval.text.saying import annotate, say

FOLDER = Path("leaderboards")

_PLACE = click.option("--leaderboards", "folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER,
                      show_default=True, help="Folder of records, reported numbers and gates.")  # fmt: skip


@click.group(short_help="Accept records, check them, build the site.")
def command() -> None:
    """Keep a leaderboard: records of runs, numbers reported in papers, and a site made from both."""


@command.command(short_help="Make a record of a finished run.")
@click.argument("run_names", nargs=-1, required=True, metavar="RUN...")
@root_option
@_PLACE
def add(run_names: tuple[str, ...], root: Path, folder: Path) -> None:
    """Make records of finished runs of whole benchmarks: header, aggregates, signatures and hashes, without paths.

    A run that was made with --limit, is not finished, or whose aggregates were edited is refused.
    """
    from vsseval.leaderboard.entries import accept_run
    from vsseval.store.run_names import RunFinder

    for run in RunFinder(root).every(run_names):
        say(accept_run(run.path, folder))


@command.command(short_help="Sign records with an OpenSSH key.")
@click.argument("records", nargs=-1, required=True, metavar="RECORD...",
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@click.option("--key", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Private key, or the public one of a key that the agent holds: ~/.ssh/id_ed25519")  # fmt: skip
def sign(records: tuple[Path, ...], key: Path) -> None:
    """Sign records, each into RECORD.sig, so that others know whose they are and that they are as they were.

    `leaderboard check` holds signatures against the keys in LEADERBOARDS/signers, one line each: NAME KEY.
    """
    from vsseval.leaderboard.signing import sign as signed

    for record in records:
        say(signed(record, key))


@command.command(short_help="Check records and reported numbers; for CI.")
@_PLACE
def check(folder: Path) -> int:
    """Check all that the folder holds: layout, hashes, signatures, n and N, numbers, metric ids, sources.

    Exits with 2 if anything is wrong; every fault is one line.
    """
    from vsseval.leaderboard.leaderboard import check as checked

    found = checked(folder)
    for path, fault in found.faults:
        say(f"{path}: {fault}")
        if os.environ.get("GITHUB_ACTIONS") == "true":
            annotate(str(path), fault)
    said = f"{found.records} records ({found.signed} signed), {found.reported} reported numbers"
    if found.faults:
        say(f"{said}: {len(found.faults)} faults", err=True)
        return UsageError.exit_code
    say(f"{said}: no fault")
    return 0


@command.command(short_help="Build the static site.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("site"),
              show_default=True, help="Folder of the site.")  # fmt: skip
@_PLACE
def build(output: Path, folder: Path) -> None:
    """Build a site that opens from disk and needs no network: index.html, the records, and a report of each."""
    from vsseval.leaderboard.leaderboard import build as built

    found = built(folder, output)
    say(f"{output / 'index.html'} ({found.records} records, {found.reported} reported numbers)")
