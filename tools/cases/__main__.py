"""`python -m tools.cases [FOLDER]` runs every case, made here or of a folder, and prints which held."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tools.cases.kinds import kind_of
from tools.cases.made import CASES
from tools.cases.place import NotHeld, Place


def found(folder: Path, only: str = "") -> Iterator[Path]:
    """Yield the cases of a folder: its subfolders that are of a known kind, and whose name begins so."""
    for case in sorted(path for path in folder.iterdir() if path.is_dir() and path.name.startswith(only)):
        if kind_of(case) is None:
            click.echo(f"{case.name}: passed over, of no known kind")
        else:
            yield case


def made(folder: Path, only: str = "") -> Iterator[Path]:
    """Make each case whose name begins so, and yield it."""
    for name, make in CASES.items():
        if name.startswith(only):
            make(folder / name)
            yield folder / name


def hold(case: Path, work: Path) -> None:
    """Hold a copy of a case to its kind.

    Args:
        case: folder of the case, named by its kind.
        work: an empty folder, or one to be made, for the copy.

    Raises:
        NotHeld: what must hold does not.
    """
    kind = kind_of(case)
    if kind is None:
        raise NotHeld(f"{case.name}: of no known kind")
    shutil.copytree(case, work, copy_function=shutil.copyfile, dirs_exist_ok=True)
    for path in [work, *work.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    kind(Place(work))


def main() -> int:
    """Run all cases; return 1 where one did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tools.cases", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="folder of cases, each in a subfolder [made here]")
    parser.add_argument("--only", help="only cases whose name begins so", default="")
    asked = parser.parse_args()
    broken = tried = 0
    with TemporaryDirectory() as temporary:
        cases = found(asked.folder, asked.only) if asked.folder else made(Path(temporary, "made"), asked.only)
        for case in cases:
            tried += 1
            begun = time.monotonic()
            try:
                hold(case, Path(temporary, "work", case.name))
            except NotHeld as reason:
                broken += 1
                click.echo(f"{case.name}: NOT HELD ({time.monotonic() - begun:.1f} s)\n  {reason}")
            else:
                click.echo(f"{case.name}: held ({time.monotonic() - begun:.1f} s)")
    click.echo(f"{tried} tried, {tried - broken} held")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
