"""`vsseval verify`: check a run by its hashes, from its sounds, and by generating some of them again."""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.errors import UsageError
from vsseval.text.saying import say

INCOMPLETE = 3


@click.command(name="verify", short_help="Check a run: hashes, numbers made again, sounds made again.")
@click.argument("run_dirs", nargs=-1, required=True, metavar="RUN...",
                type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.option("--audit", type=click.IntRange(min=0), default=0, show_default=True, metavar="K",
              help="Generate K clips again, chosen at random.")  # fmt: skip
@click.option("--audit-seed", type=int, help="Choose the clips by this number, and so the same ones again.")
@click.option("--store", type=click.Path(file_okay=False, path_type=Path),
              help="Read features from this store; without it all are made anew.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Worker processes; 0 means one per core.")
def command(run_dirs: tuple[Path, ...], audit: int, audit_seed: int | None, store: Path | None, jobs: int) -> int:
    """Check RUN: every hash from run.json to the sounds, every number by making it again from the sounds.

    With --audit also that the model still gives the same sounds, for K clips. Nothing is written into the run. Exit
    codes: 0 all of it held, 2 something is not as the run says, 3 something could not be looked at here.
    """
    from vsseval.cli.progress import shown
    from vsseval.stages.verify import verify

    outcomes = set()
    for directory in run_dirs:
        with shown() as watcher:
            for found in verify(directory, watcher, audit=audit, seed=audit_seed, store=store, jobs=jobs):
                outcomes.add(found.outcome)
                say(f"{directory.name}  {found.outcome:<7}  {found.what}: {found.said}")
    if "broken" in outcomes:
        return UsageError.exit_code
    return INCOMPLETE if "unknown" in outcomes else 0
