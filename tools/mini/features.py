"""Makes the features that ship: slow extractors' of the videos, references and bounds of the mini benchmarks."""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from vsseval.records import RunSpec
from vsseval.stages.catalog import Catalog
from vsseval.stages.extract import missing_features
from vsseval.stages.generate import read_outcomes
from vsseval.stages.losses import Losses
from vsseval.stages.progress import NoProgress
from vsseval.stages.run import carry_out, plan_runs
from vsseval.store import codec
from vsseval.store.features import FeatureStore
from vsseval.store.packs import Packs
from vsseval.store.provenance import packages, processor_name
from vsseval.store.shipped import PROVENANCE, Made, ShippedFeatures
from vsseval.types import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vsseval.types import ExtractorSpec

BENCHMARKS = ("mini_v2s", "mini_vtts", "mini_joint")
SLOW = ("aisfx", "distill_mos", "faster_whisper_tiny_en", "ge2e", "mouth", "sphinx_grid")
"""Extractors whose features cost more to make than to carry; the others are signal processing, or large."""


def build_features(target: Path, work: Path, jobs: int = 0) -> Iterator[str]:
    """Make the features anew, and say of each extractor how much there is.

    Args:
        target: `vsseval/store/shipped`; what lies there is cleared first, so that nothing is taken from it.
        work: an empty folder for runs and features, or that of an earlier call, which goes on.
        jobs: processes; 0 for one per core.
    """
    for folder in (path for path in target.iterdir() if path.is_dir() and path.name != "__pycache__"):
        shutil.rmtree(folder)
    (target / PROVENANCE).unlink(missing_ok=True)
    asked = [
        RunSpec(model=model, benchmark=name, runs=work / "runs", store=work / "store", jobs=jobs)
        for model in BOUNDS
        for name in BENCHMARKS
    ]
    catalog = Catalog()
    carry_out(asked, catalog=catalog)
    wanted = _wanted(asked, catalog, work / "none")
    store, made = FeatureStore(work / "store"), []
    for spec, keys in sorted(wanted.items(), key=lambda item: item[0].name):
        source = Packs(store.folder(spec))
        shipped = _copied(spec, sorted(keys), source, target / store.folder(spec).name)
        made.append(shipped)
        size = sum(path.stat().st_size for path in (target / shipped.folder).iterdir())
        yield f"{spec.name}: {shipped.entries} features, {size / 1e6:.2f} MB"
    cards = [catalog.benchmark(name).card for name in BENCHMARKS]
    said = Made(packages(), processor_name(), tuple(f"{card.name}-{card.version}" for card in cards), tuple(made))
    (target / PROVENANCE).write_bytes(codec.pretty(said))


def _wanted(asked: list[RunSpec], catalog: Catalog, nothing: Path) -> dict[ExtractorSpec, set[str]]:
    """Return the keys of all media that some runs need features of, by slow extractor."""
    found: defaultdict[ExtractorSpec, set[str]] = defaultdict(set)
    # against a store without features every one is missing
    bare = [msgspec.structs.replace(spec, store=nothing) for spec in asked]
    for spec, empty in zip(asked, bare, strict=True):
        (done,) = plan_runs([spec], catalog, Losses([spec], set()), NoProgress(), here=True)
        (task,) = plan_runs([empty], catalog, Losses([empty], set()), NoProgress(), here=True)
        for job in missing_features(task.plan, read_outcomes(done.plan), task.resolved):
            for name in job.extractors:
                if name in SLOW:
                    found[task.resolved.extractors[name]].add(job.origin.key)
    return found


def _copied(spec: ExtractorSpec, keys: list[str], source: Packs, folder: Path) -> ShippedFeatures:
    target, entries = Packs(folder), 0
    for key in keys:
        value = source.read(key)
        if value is not None:
            target.write(key, *value)
            entries += 1
    del target
    sums = {}
    for kind in ("index", "pack"):
        (path,) = folder.glob(f"*.{kind}")
        named = path.rename(folder / f"features.{kind}")
        sums[named.name] = hashlib.sha256(named.read_bytes()).hexdigest()
    return ShippedFeatures(identity=spec.identity, folder=folder.name, entries=entries, sha256=sums)
