"""Which engine was asked for, and which part of the units is this process's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from vsseval.errors import UsageError

__all__ = ["ENGINES", "LOCAL", "WHOLE", "EngineChoice", "Part", "read_choice", "read_part"]

ENGINES = ("local", "ray", "slurm", "torchrun")


class Part(NamedTuple):
    """One of several processes that carry out the same command, each with the units that are its own."""

    number: int
    """From 0."""
    total: int

    def takes_shard(self, shard: int) -> bool:
        """Return whether a shard is this part's."""
        return shard % self.total == self.number

    def takes_medium(self, key: str) -> bool:
        """Return whether a medium that needs no sound of a model is this part's, by the sha256 that is its key."""
        return int(key[:12], 16) % self.total == self.number


WHOLE = Part(0, 1)


class EngineChoice(NamedTuple):
    """What carries out the units of a command."""

    name: str = "local"
    argument: str = ""
    """What stands behind the colon: the address of a Ray cluster, options of Slurm."""
    workers: int = 0
    """Actors of Ray, tasks of Slurm; 0 means as many as suit."""
    part: Part = WHOLE
    local_rank: int = 0
    local_count: int = 1
    """Place among the parts on this machine, and their number."""


LOCAL = EngineChoice()


def read_choice(engine: str, workers: int, shard: str | None, environ: Mapping[str, str] = os.environ) -> EngineChoice:
    """Read `--engine`, `--workers` and `--shard`.

    Raises:
        UsageError: one of them makes no sense.
    """
    name, _, argument = engine.partition(":")
    if name not in ENGINES:
        raise UsageError(f"--engine {engine}: there is {', '.join(ENGINES)}")
    if argument and name in {"local", "torchrun"}:
        raise UsageError(f"--engine {engine}: write --engine {name}, it takes nothing more")
    if workers and name in {"local", "torchrun"}:
        raise UsageError(f"--workers is for ray and slurm; processes of this machine are --jobs {workers}")
    if shard is not None and name != "local":
        raise UsageError(f"--shard {shard} chooses the units by hand, --engine {name} by itself: leave out one of them")
    if name == "torchrun":
        return _of_torchrun(environ)
    return EngineChoice(name, argument, workers, WHOLE if shard is None else read_part(shard))


def read_part(text: str) -> Part:
    """Read `0/4`.

    Raises:
        UsageError: it is no such thing.
    """
    index, _, count = text.partition("/")
    try:
        part = Part(int(index), int(count))
    except ValueError:
        part = Part(-1, 0)
    if not 0 <= part.number < part.total:
        raise UsageError(f"--shard {text}: of four parts the first is 0/4 and the last 3/4")
    return part


def _of_torchrun(environ: Mapping[str, str]) -> EngineChoice:
    try:
        rank, world = int(environ["RANK"]), int(environ["WORLD_SIZE"])
        local, beside = int(environ["LOCAL_RANK"]), int(environ["LOCAL_WORLD_SIZE"])
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"--engine torchrun is for a process that torchrun has started, and {error} is not set: "
            "torchrun --nproc-per-node 2 -m vsseval run --engine torchrun …"
        ) from error
    return EngineChoice("torchrun", "", 0, Part(rank, world), local, beside)
