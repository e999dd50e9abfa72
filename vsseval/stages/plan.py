"""Turns what was asked into a plan: the clips, the identity of the run, and its directory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.models.base import FinishedSound
from vsseval.records import RunRecord
from vsseval.stages.bound_references import bound_references
from vsseval.stages.catalog import Catalog, hash_order
from vsseval.store import atomic, lock
from vsseval.store.features import FeatureStore, default_store_root
from vsseval.store.layout import RunPaths, slug
from vsseval.store.manifest_hash import manifest_hash
from vsseval.store.record import SCHEMA, read_record, write_record
from vsseval.store.run_identity import run_identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vsseval.models.base import Model
    from vsseval.records import RunSpec
    from vsseval.stages.bound_references import BoundReferencesByClip
    from vsseval.types import BenchmarkCard, ModelCard, Sample

SMALLEST_SHARD = 4
LARGEST_SHARD = 64
SHARDS = 1024
"""Where the size of a shard is between the two: as many as keep 64 processes busy to the end."""


@dataclass(frozen=True)
class Plan:
    """One run, decided: everything that the stages need, without the model itself."""

    spec: RunSpec
    benchmark: BenchmarkCard
    model: ModelCard
    samples: tuple[Sample, ...]
    """The clips of the run, in manifest order; they are its N."""
    manifest_sha256: str
    identity: str
    """sha256 of all that the sounds depend on."""
    root: Path
    """The run directory; it need not exist yet."""
    references: BoundReferencesByClip = None
    """What a bound is made from, by clip; None for a model that is no bound."""

    @property
    def paths(self) -> RunPaths:
        """Where the files of the run lie; of one of several samples, those of its own too."""
        return RunPaths(self.root, self.spec.seed if self.spec.seeds else None)

    def by_seed(self) -> tuple[Plan, ...]:
        """Return the plan of each sample of every clip: the same run, with another `spec.seed`."""
        if not self.spec.seeds:
            return (self,)
        return tuple(replace(self, spec=msgspec.structs.replace(self.spec, seed=seed)) for seed in self.spec.seeds)

    @property
    def sample(self) -> int:
        """Number of the sample, from 0, that this is the plan of."""
        return self.spec.every_seed.index(self.spec.seed)

    @property
    def store(self) -> FeatureStore:
        """The feature store."""
        return FeatureStore(self.spec.store or default_store_root())

    @property
    def shards(self) -> range:
        """Indices of the shards."""
        return range(-(-len(self.samples) // self.spec.shard_size))

    def shard(self, index: int) -> tuple[Sample, ...]:
        """Return the clips of one shard."""
        size = self.spec.shard_size
        return self.samples[index * size : (index + 1) * size]


def plan(spec: RunSpec, catalog: Catalog | None = None) -> Plan:
    """Decide a run; nothing is written.

    Args:
        spec: what was asked.
        catalog: benchmarks and models that are already built.

    Raises:
        UsageError: an unknown name, a bad manifest, a bad option.
        EnvironmentFault: data or packages are not there.
    """
    catalog = catalog or Catalog()
    if spec.limit is not None and spec.limit < 1:
        raise UsageError(f"--limit {spec.limit}: at least one clip is needed")
    if spec.shard_size < 0:
        raise UsageError(f"a shard of {spec.shard_size} clips is impossible: at least 1, or 0 for what suits")
    card = catalog.benchmark(spec.benchmark).card
    every = catalog.samples(spec.benchmark)
    built = catalog.model_of_run(spec)
    model = built.card
    spec = _seeded(spec, built)
    if spec.limit is not None and spec.limit >= len(every):
        spec = msgspec.structs.replace(spec, limit=None)  # as many as there are is no limit
    samples = limit_samples(every, spec.limit)
    if not spec.shard_size:
        spec = msgspec.structs.replace(spec, shard_size=shard_size(len(samples), model))
    manifest = manifest_hash(samples)
    identity = run_identity(spec, card, model, manifest)
    root = existing_run(spec.runs, identity) or _new_run(spec.runs, card, model, identity)
    return Plan(spec, card, model, samples, manifest, identity, root, bound_references(model.bound, samples))


def begin(asked: Plan) -> Plan:
    """Make the run directory, or take up the one that is there, and write its header as "started".

    To be called with the lock of the run held. A run that is taken up keeps its shards. Several processes that share
    the lock make one folder.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    with lock.hold_lock(asked.spec.runs, f"{asked.identity}.begin", wait=True):
        return _begin(asked)


def _begin(asked: Plan) -> Plan:
    root = existing_run(asked.spec.runs, asked.identity) or asked.root
    earlier = read_record(root)
    spec = asked.spec
    if earlier is not None:
        spec = msgspec.structs.replace(spec, shard_size=earlier.spec.shard_size)
    begun = replace(asked, root=root, spec=spec)
    with atomic.as_environment_fault(root):
        for folder in (root, begun.paths.shards, root / "audio"):
            folder.mkdir(parents=True, exist_ok=True)
    created = earlier.created if earlier else now()
    # flags of the same sounds stay, as long as they are those that were sealed
    sealed = {"flags": earlier.provenance["flags"]} if earlier and "flags" in earlier.provenance else {}
    write_record(root, header(begun, created=created, sealed=sealed))
    return begun


def header(of: Plan, *, created: str, sealed: Mapping[str, object]) -> RunRecord:
    """Return the header of a run that has been started, with the sums of results that it takes over."""
    return RunRecord(
        schema=SCHEMA,
        id=of.root.name,
        status="started",
        spec=of.spec,
        benchmark=of.benchmark,
        model=of.model,
        manifest_sha256=of.manifest_sha256,
        created=created,
        provenance={"identity": of.identity, **sealed},
    )


def limit_samples(samples: Sequence[Sample], limit: int | None) -> tuple[Sample, ...]:
    """Return the first `limit` clips of a list ordered by hash, in manifest order: a sample without a bias."""
    if limit is None or limit >= len(samples):
        return tuple(samples)
    chosen = {sample.id for sample in hash_order(samples)[:limit]}
    return tuple(sample for sample in samples if sample.id in chosen)


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def shard_size(clips: int, model: ModelCard) -> int:
    """Return how many clips make a shard: several shards for each process, but no load for a clip or two."""
    return max(min(model.batch, clips), min(LARGEST_SHARD, max(SMALLEST_SHARD, -(-clips // SHARDS))))


def _seeded(spec: RunSpec, model: Model) -> RunSpec:
    """Return a spec with its seeds in order; finished sound has as many samples as the folder holds."""
    seeds = tuple(sorted(spec.seeds))
    if len({*seeds}) < len(seeds) or min(seeds, default=0) < 0:
        raise UsageError(f"--seeds {','.join(map(str, spec.seeds))}: different numbers from 0 on are needed")
    if isinstance(model, FinishedSound):
        first = seeds[0] if seeds else spec.seed
        seeds = tuple(range(first, first + model.samples))
    return msgspec.structs.replace(spec, seed=seeds[0] if seeds else spec.seed, seeds=seeds if len(seeds) > 1 else ())


def existing_run(runs: Path, identity: str) -> Path | None:
    """Return the folder of the run with this identity, or None where there is none."""
    for folder in sorted(runs.glob(f"*-{identity[:8]}")):
        record = read_record(folder)
        # A folder without a header was left by a crash between two system calls.
        if record is None or record.provenance.get("identity") == identity:
            return folder
    return None


def finished_record(of: Plan) -> RunRecord | None:
    """Return the record of a run that is finished, by whichever process; else None."""
    root = existing_run(of.spec.runs, of.identity)
    record = read_record(root) if root is not None else None
    return record if record is not None and record.status == "finished" else None


def _new_run(runs: Path, benchmark: BenchmarkCard, model: ModelCard, identity: str) -> Path:
    time = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return runs / f"{time}-{slug(model.name)}-{slug(benchmark.title)}-{identity[:8]}"
