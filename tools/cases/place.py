"""A temporary copy of a case, and the whole commands that are run in it."""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.parquet as pq

from vsseval.media.apart import decoders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.context import ForkServerContext

__all__ = ["CRASHED", "Done", "NotHeld", "Place", "Run"]

CRASHED = 70
"""The exit code of a traceback."""
_LONGEST = 300
"""Seconds that one command may take."""
_OUT, _ERR, _PEAK = "stdout.txt", "stderr.txt", "peak.txt"
_LOADED = ("vsseval.cli", "vsseval.stages.run", "vsseval.extractors.base", "scipy.ndimage", "pyarrow.parquet")
"""What nearly every command imports: half of its time."""


class NotHeld(AssertionError):
    """What must hold does not."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    said: str
    code: int
    out: str
    err: str
    peak: int
    """Bytes of memory at the most."""

    def require(self, *codes: int) -> Done:
        """Raise NotHeld where there is a traceback, or another exit code than one of these; return the command."""
        if self.code == CRASHED or "Traceback" in self.err:
            raise NotHeld(f"{self.said}: exit {self.code} with a traceback:\n{self.err}")
        if self.code not in codes:
            raise NotHeld(f"{self.said}: exit {self.code}, not {' or '.join(map(str, codes))}:\n{self.err}")
        return self


@dataclass(frozen=True)
class Run:
    """A finished run of one model.

    Attributes:
        done: the command.
        clips: how many clips ended in which status.
        generations: status and reason of each clip, by id.
        rows: rows of `scores.parquet`, by (clip id, metric); `detail` is read.
        cells: the numbers, by metric.
    """

    done: Done
    clips: dict[str, int]
    rows: dict[tuple[str, str], dict[str, Any]]
    cells: dict[str, dict[str, Any]]

    @property
    def size(self) -> int:
        """N."""
        return sum(self.clips.values())

    def require_clips(self, **wanted: int) -> Run:
        """Raise NotHeld where other numbers of clips ended so."""
        if self.clips != {status: count for status, count in wanted.items() if count}:
            raise NotHeld(f"{self.done.said}: clips are {self.clips}, not {wanted}\n{self.done.err}")
        return self

    def details(self, metric: str, key: str) -> dict[str, float]:
        """Return what a metric noted under a key for each clip that it has a value for, by clip id."""
        return {
            clip: row["detail"][key]
            for (clip, name), row in self.rows.items()
            if name == metric and row["status"] == "ok"
        }


class Place:
    """A folder of `clips` and `out`, and what else a case holds; commands run in it, and write into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *arguments: str, program: str = "vsseval") -> Done:
        """Run a command line whole, in a process of its own that starts with nothing but imports done."""
        places = {"VSSEVAL_DATA": str(self.folder / "registered"), "XDG_CACHE_HOME": str(self.folder / "cache")}
        quiet = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg"}
        command = _Command(program, arguments, self.folder, {**os.environ, **quiet, **places})
        process = _server().Process(target=command.carry_out)
        process.start()
        process.join(_LONGEST)
        said = " ".join([program, *arguments])
        if process.exitcode is None:
            process.kill()
            raise NotHeld(f"{said}: not done after {_LONGEST} s")
        out, err, peak = ((self.folder / name).read_text() for name in (_OUT, _ERR, _PEAK))
        return Done(said, process.exitcode, out, err, int(peak or "0"))

    def run(self, *metrics: str, model: str = "audio:out", codes: tuple[int, ...] = (0,)) -> Run:
        """Run a model on `folder:clips` by metrics, without bounds.

        Raises:
            NotHeld: another exit code than one of `codes`.
        """
        asked = ["--model", model, "--benchmark", "folder:clips", "--no-bounds", "--json", "--jobs", "1"]
        done = self.command("run", *asked, *(word for metric in metrics for word in ("--metric", metric)))
        (told,) = json.loads(done.require(*codes).out)
        rows = {}
        for row in pq.read_table(self.folder / told["path"] / "scores.parquet").to_pylist():
            row["detail"] = json.loads(row["detail"] or "{}")
            rows[row["sample_id"], row["metric"]] = row
        return Run(done, told["record"]["clips"], rows, {cell["metric"]: cell for cell in told["aggregates"]})


class _Command(NamedTuple):
    program: str
    arguments: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]

    def carry_out(self) -> None:
        """Be that command; what it says lies in the folder, and its memory."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environ)
        for number, name in ((1, _OUT), (2, _ERR)):
            with Path(name).open("w") as file:
                os.dup2(file.fileno(), number)
        sys.argv = [self.program, *self.arguments]
        Path(_PEAK).touch()
        try:
            import_module(f"{self.program}.cli").main()
        finally:
            decoders().close()  # whose memory is known once they have ended
            used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
            (self.folder / _PEAK).write_text(str(max(used) * 1024))


@cache
def _server() -> ForkServerContext:
    """Return what starts processes that have imported what is wanted, and done nothing else."""
    context = get_context("forkserver")
    context.set_forkserver_preload([*_LOADED])
    return context
