"""What was asked of a run, and what came of it: frozen structs that go to disk as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from vsseval.types import BenchmarkCard, MetricSpec, ModelCard, Record, Status

FAST = "bfloat16"
"""Precision of what is computed fast."""


class RunSpec(Record, frozen=True):
    """One model on one benchmark, as asked."""

    model: str
    """Name, or `name:argument`."""
    benchmark: str
    seed: int = 0
    """Of the run: every clip's seed comes from it."""
    seeds: tuple[int, ...] = ()
    """One for each of several samples of every clip, ascending; `seed` is then the first. Empty for one sample."""
    limit: int | None = None
    metrics: tuple[str, ...] = ()
    """Metric ids, added to those of the profile; without both, the benchmark's default metrics."""
    profile: str = ""
    """Whose recipes to measure by (`vsseval.profiles`)."""
    checkpoint: Path | None = None
    runs: Path = Path("runs")
    store: Path | None = None
    """Feature store; None means the user's cache directory."""
    jobs: int = 0
    """Processes for generation and feature extraction; 0 means one per core, or per GPU."""
    device: str = "cpu"
    """Where the model and the networks of extractors run."""
    fast: bool = False
    """Heavy networks of extractors compute in bfloat16, and their numbers have signatures of their own."""
    shard_size: int = 0
    """Clips of a shard, which one process generates; 0 means a number that suits the model and the benchmark."""

    @property
    def every_seed(self) -> tuple[int, ...]:
        """The seed of each sample of a clip."""
        return self.seeds or (self.seed,)

    @property
    def networks(self) -> str:
        """Where the networks of extractors run and, behind a plus, in which precision: `cpu`, `cpu+bfloat16`."""
        return f"{self.device}+{FAST}" if self.fast else self.device


class Spread(Record, frozen=True):
    """What the error of a value over several samples of each clip comes from, in the metric's stored unit."""

    samples: int
    """Samples of each clip."""
    se_seeds: float
    """Part of the standard error that is due to the samples: more of them make it smaller."""
    se_clips: float | None = None
    """The rest, due to the clips: `se`² = `se_clips`² + `se_seeds`². None where there is no standard error."""
    sd_seeds: float | None = None
    """Standard deviation between samples of one clip. None for distances of sets of clips."""
    sd_clips: float | None = None
    """Standard deviation between clips, without what their samples add to it. None for distances and a single clip."""


class Aggregate(Record, frozen=True):
    """One cell of a table. `value` is None exactly where `status` is not "ok"."""

    metric: str
    status: Status
    n: int
    """Clips that the value is made of."""
    total: int
    """Clips that it ought to be made of: the manifest's, less those to which the metric does not apply."""
    value: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval."""
    method: str = ""
    macro: float | None = None
    """Unweighted mean over clips, where the value is a ratio of sums (WER)."""
    failed: int = 0
    missing: int = 0
    not_applicable: int = 0
    reason: str | None = None
    signature: str = ""
    subset: str = ""
    """Empty for the whole benchmark."""
    spread: Spread | None = None
    """Where several samples of each clip were made."""


FlagKind = Literal["copy", "repeated", "length", "clipped", "silent", "unfilled"]


class Flag(Record, frozen=True, omit_defaults=True):
    """What is odd about one sound of a run."""

    kind: FlagKind
    """`copy`: it is a reference of the benchmark, of this clip or another. `repeated`: at least three clips have the
    same sound. `length`: over 5 % longer or shorter than asked. `clipped`: it goes beyond full scale. `silent`: nothing
    is to be heard. `unfilled`: it is silent for most of what the reference sounds."""
    clip: str
    seed: int
    value: float
    """Of `copy` and `repeated` the likeness, 0 to 1; of `length` its seconds over those asked for; of `clipped` the
    share of samples; of `silent` and `unfilled` the share of the reference that it is silent for."""
    other: str = ""
    """The clip whose reference, or whose sound, it is."""
    note: str = ""
    """How it was hidden ("played backwards"), or how large the peak was."""


class Flags(Record, frozen=True):
    """What is odd about the sounds of a run (`flags.json`); bounds, which are what they say, have none."""

    sounds: int = 0
    """Sounds that were looked at."""
    unseen: int = 0
    """Sounds that could not be looked at."""
    covered: float | None = None
    """Mean share of the seconds asked for that the sounds fill; None where none was looked at."""
    found: tuple[Flag, ...] = ()
    """By kind, clip and seed."""
    made_from: str = ""
    """sha256 of what they depend on: which sounds, references and lengths, and the version of the search."""


class RunRecord(Record, frozen=True):
    """What happened: header of a run directory (`run.json`)."""

    schema: int
    id: str
    status: Literal["started", "generated", "finished"]
    spec: RunSpec
    benchmark: BenchmarkCard
    model: ModelCard
    manifest_sha256: str
    created: str
    finished: str | None = None
    clips: dict[str, int] = msgspec.field(default_factory=dict)
    """Number of clips by generation status."""
    metrics: dict[str, MetricSpec] = msgspec.field(default_factory=dict)
    provenance: dict[str, Any] = msgspec.field(default_factory=dict)
    """Also the sha256 of every file that the numbers are made of (`store.chain`)."""
    seal: str = ""
    """sha256 of all of the above, as it was written; empty in records of a leaderboard, which have their own."""

    @property
    def system(self) -> str:
        """What was run, as `--model` takes it, in its one spelling."""
        name, colon, _ = self.spec.model.partition(":")
        return self.spec.model if self.model.argument is None else f"{name}{colon}{self.model.argument}"
