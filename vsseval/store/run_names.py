"""Finds runs by what people call them: a folder, the id of a run, a system (`audio:a`), or `SYSTEM@BENCHMARK`."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.errors import UsageError
from vsseval.store.record import find_runs, load_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vsseval.store.record import LoadedRun

__all__ = ["RunFinder", "called", "labelled", "newest", "setting", "system_names"]

HASH = 8
"""Hexadecimal digits at the end of a run's id, by which it may be named too."""
LISTED = 12
"""Runs that a message names, at most."""


class RunFinder:
    """The runs below one folder, read when a name is first asked for."""

    def __init__(self, root: Path | str = Path("runs")) -> None:
        self.root = Path(root)

    @cached_property
    def runs(self) -> list[LoadedRun]:
        """All runs below the folder that can be read, oldest first."""
        return find_runs(self.root)

    def every(self, names: Iterable[str | Path]) -> list[LoadedRun]:
        """Return all that some names stand for, each run once.

        Args:
            names: run directories, folders of them, or names; of a system the newest finished run of each benchmark,
                seed and limit counts.

        Raises:
            UsageError: one of them stands for nothing.
        """
        found: dict[Path, LoadedRun] = {}
        for name in names:
            for run in self._folder(name) or newest(self._called(str(name))):
                found.setdefault(run.path.absolute(), run)
        return list(found.values())

    def one(self, name: str | Path) -> LoadedRun:
        """Return the one run that a name stands for.

        Raises:
            UsageError: it stands for none, or for several, which are listed.
        """
        return self.together([name])[0]

    def together(self, names: Sequence[str | Path]) -> list[LoadedRun]:
        """Return one run for each name, all of one benchmark, seed and limit where names leave a choice.

        Raises:
            UsageError: a name stands for none; or several choices are left, which are listed; or none is.
        """
        choices = [self._folder(name, alone=True) or newest(self._called(str(name))) for name in names]
        if all(len(found) == 1 for found in choices):
            chosen = [found[0] for found in choices]
            if len({run.path.absolute() for run in chosen}) < len(chosen):
                raise UsageError(f"{', '.join(map(str, names))}: one run is named twice. See: vsseval list runs")
            return chosen
        by_setting = [{setting(run): run for run in found} for found in choices]
        shared = [key for key in by_setting[0] if all(key in found for found in by_setting)]
        if len(shared) == 1:
            return [found[shared[0]] for found in by_setting]
        several = " and ".join(
            f"'{name}'" for name, found in zip(names, choices, strict=True) if len(found) > 1 or not shared
        )
        said = "stand for several runs" if shared else "have no run on the same clips"
        if len(names) == 1:
            said = "stands for several runs"
        listed = [run for found in choices for run in found if not shared or setting(run) in shared]
        raise UsageError(
            f"{several} {said}. Say which, by one of these names or by a run directory:\n{_list(listed, self.runs)}"
        )

    def _folder(self, name: str | Path, *, alone: bool = False) -> list[LoadedRun]:
        """Return the run in a folder, or those below it; none where it is no such folder."""
        path = Path(name)
        if (path / "run.json").exists():
            return [load_run(path)]
        return [] if alone or not any(path.glob("*/run.json")) else find_runs(path)

    def _called(self, name: str) -> list[LoadedRun]:
        found = [run for run in self.runs if called(run, name)]
        finished = [run for run in found if run.record.status == "finished"]
        if finished:
            return finished
        if found:
            raise UsageError(
                f"{found[-1].path} is {found[-1].record.status}, not finished: the same vsseval run command goes on "
                "with it"
            )
        known = sorted({spelt for run in self.runs for spelt in _spellings(run)})
        full = sorted({f"{run.record.system}@{run.record.benchmark.title}" for run in self.runs})
        near = difflib.get_close_matches(_plain(name), known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(full[:LISTED])}."
        if not known:
            hint = f"there are no runs in {self.root} (--runs names another folder)."
        what = "is a folder that holds no run" if Path(name).is_dir() else "is no run directory"
        raise UsageError(f"'{name}' {what}, and no run in {self.root} is called so: {hint} See: vsseval list runs")


def called(run: LoadedRun, name: str) -> bool:
    """Tell whether a run is called so: by its id or the hash at its end, its system, or `SYSTEM@BENCHMARK`."""
    if name in {run.path.name, run.record.id} or (len(name) == HASH and run.record.id.endswith(f"-{name}")):
        return True
    return _plain(name) in _spellings(run)


def setting(run: LoadedRun) -> tuple[object, ...]:
    """Return what two runs have to share to be measured on the same clips: benchmark, manifest, seed, limit."""
    card, spec = run.record.benchmark, run.record.spec
    return card.name, card.version, run.record.manifest_sha256, spec.seed, spec.limit


def system_names(run: LoadedRun) -> list[str]:
    """Return what the system of a run is called, its full name first: `audio:a`, as it was asked for, and `a`."""
    record = run.record
    names = [record.system, _plain(record.spec.model), record.model.name]
    names += [argument for name in names[:2] if (argument := name.partition(":")[2])]
    return list(dict.fromkeys(names))


def labelled(runs: Iterable[LoadedRun], labels: Mapping[str, str]) -> tuple[list[LoadedRun], set[str]]:
    """Give runs the names that tables are to show.

    Args:
        runs: any runs.
        labels: what a run is called -> what it is to be called.

    Returns:
        The runs, and those names that no run has.
    """
    unused, found = {*labels}, []
    for run in runs:
        name = next((name for name in labels if called(run, name)), None)
        unused.discard(name or "")
        found.append(run if name is None else replace(run, label=labels[name]))
    return found, unused


def newest(runs: Iterable[LoadedRun]) -> list[LoadedRun]:
    """Keep the newest of those runs of one system that have one setting."""
    ordered = sorted(runs, key=lambda run: (run.record.created, run.path.name))
    return list({(run.record.system, setting(run)): run for run in ordered}.values())


def _spellings(run: LoadedRun) -> set[str]:
    card = run.record.benchmark
    benchmarks = {card.title, card.name, _plain(run.record.spec.benchmark)}
    systems = system_names(run)
    return {*systems, *(f"{system}@{benchmark}" for system in systems for benchmark in benchmarks)}


def _plain(name: str) -> str:
    """Return a name without what does not count in it: slashes at the end, "./" before a path."""
    kind, colon, rest = name.rstrip("/").removeprefix("./").partition(":")
    return f"{kind}{colon}{rest.removeprefix('./')}"


def _list(runs: Sequence[LoadedRun], all_runs: Sequence[LoadedRun]) -> str:
    lines = []
    for run in runs[:LISTED]:
        record = run.record
        name = f"{record.system}@{record.benchmark.title}"
        # a name that means more than this run is no help
        sure = len(newest(other for other in all_runs if called(other, name))) == 1
        more = "".join(f", {what} {value}" for what, value in (("seed", record.spec.seed), ("limit", record.spec.limit))
                       if value)  # fmt: skip
        lines.append(f"  {name if sure else run.path}  ({record.created[:10]}{more})")
    return "\n".join([*lines, *([f"  and {len(runs) - LISTED} more"] if len(runs) > LISTED else [])])
