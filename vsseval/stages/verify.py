"""Verifies a run from its sounds: every hash of the chain, every number made again, and some sounds generated again.

Nothing is written into the run; what is made anew lies in a temporary folder, with a feature store of its own.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from vsseval import media
from vsseval.errors import UsageError, VssevalError
from vsseval.stages.bound_references import bound_references
from vsseval.stages.catalog import Catalog
from vsseval.stages.generate import generate_units, read_outcomes
from vsseval.stages.plan import begin, plan
from vsseval.stages.run import rescore
from vsseval.store.journal import read_samples
from vsseval.store.record import load_run, write_record
from vsseval.store.scores import read_scores
from vsseval.text.readers import file_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.records import Aggregate
    from vsseval.stages.plan import Plan
    from vsseval.stages.progress import Progress
    from vsseval.store.record import LoadedRun
    from vsseval.types import Generation

__all__ = ["Finding", "verify"]

RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz", "flags.json")
"""What is made again from the sounds; of one kind of machine the same bytes."""
CLOSE = 1e-6
"""Part of a number by which processors of other makers may differ."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    outcome: Literal["held", "broken", "unknown"]
    """`unknown`: it could not be looked at here."""
    said: str


def verify(
    directory: Path,
    progress: Progress | None = None,
    *,
    audit: int = 0,
    seed: int | None = None,
    store: Path | None = None,
    jobs: int = 0,
) -> Iterator[Finding]:
    """Look at one thing after the other, the cheap ones first.

    Args:
        directory: of a finished run.
        progress: who watches.
        audit: clips to generate again, chosen at random.
        seed: of that choice; None for one that nobody can foresee.
        store: where features are read from; None makes all of them anew.
        jobs: worker processes; 0 means one per core.

    Raises:
        UsageError: there is no finished run in the folder.
    """
    run = load_run(directory)
    if run.record.status != "finished":
        raise UsageError(
            f"{directory} is {run.record.status}, not finished: the same vsseval run command goes on with it"
        )
    yield from (Finding("chain", "broken", fault) for fault in run.broken.values())
    if not run.broken:
        yield Finding("chain", "held", "every file is as run.json says, and run.json as it says itself")
    yield _sounds(run)
    with _copy(run) as again:
        yield from _numbers(run, again, progress, store, jobs)
    if audit:
        yield from _audit(run, audit, random.Random(seed))  # noqa: S311 - no secret


def _lines(run: LoadedRun) -> list[Generation]:
    return [line for lines in read_samples(run.paths.shards).values() for line in lines.values()]


def _sounds(run: LoadedRun) -> Finding:
    """Hold every sound and picture against the sha256 of its journal."""
    wrong, count = [], 0
    for line in _lines(run):
        media_of = [(line.path, line.sha256)] if line.status == "ok" else []
        if line.picture is not msgspec.UNSET:
            media_of.append((line.picture.path, line.picture.sha256))
        for path, digest in media_of:
            count += 1
            if path is None or digest is None or not _is_there(run.path / path, digest):
                wrong.append(line.id)
    if wrong:
        return Finding("sounds", "broken", f"{len(wrong)} of {count} are not those of the journals: {_some(wrong)}")
    return Finding("sounds", "held", f"{count} sounds are those of the journals")


def _is_there(path: Path, digest: str) -> bool:
    try:
        return media.sha256(path) == digest
    except VssevalError:
        return False


@contextmanager
def _copy(run: LoadedRun) -> Iterator[Path]:
    """Give a copy of a run without its numbers, whose sounds are links where the file system has them."""
    with tempfile.TemporaryDirectory(prefix="vsseval-verify-") as folder:
        copy = Path(folder) / "runs" / run.path.resolve().name
        shutil.copytree(run.path, copy, symlinks=True, ignore=shutil.ignore_patterns(*RESULTS, "sums", ".*"))
        write_record(copy, run.record)
        yield copy


def _numbers(run: LoadedRun, copy: Path, progress: Progress | None, store: Path | None, jobs: int) -> Iterator[Finding]:
    """Score a copy of the run, and hold every number against it."""
    try:
        rescore(copy, progress, store=store or copy.parent / "store", jobs=jobs)
    except VssevalError as error:
        yield Finding("numbers", "unknown", f"they cannot be made again here: {error}")
        return
    same = [name for name in RESULTS if _bytes(run.path / name) == _bytes(copy / name)]
    if len(same) == len(RESULTS):
        yield Finding("numbers", "held", f"made again from the sounds, {', '.join(RESULTS)} are the same bytes")
        return
    again = load_run(copy)
    yield from (_cell(cell, again) for cell in run.aggregates)
    if _kinds(run) != _kinds(again):
        yield Finding("flags", "broken", f"the sounds have {len(again.flags.found)} flags, not {len(run.flags.found)}")
    if "scores.parquet" not in same:
        yield _scores(run, again)


def _kinds(run: LoadedRun) -> list[tuple[str, str, int, str]]:
    """Return the flags of a run but for their numbers, whose last digits depend on the processor."""
    return [(flag.kind, flag.clip, flag.seed, flag.other) for flag in run.flags.found]


def _scores(run: LoadedRun, again: LoadedRun) -> Finding:
    """Hold the scores of a run against others, clip by clip, by the metrics that can be measured here."""
    there = {metric for metric in run.record.metrics if metric in again.record.metrics}
    known = {(row.metric, row.sample_id, row.seed): row for row in read_scores(run.paths.scores) if row.metric in there}
    found = {(row.metric, row.sample_id, row.seed): row for row in read_scores(again.paths.scores)}
    wrong = [
        key for key, row in known.items()
        if key not in found or (row.status, row.cluster, row.subset) != (
            found[key].status, found[key].cluster, found[key].subset,
        ) or not _close(row.value, found[key].value) or not _close(row.weight, found[key].weight)
    ]  # fmt: skip
    if wrong:
        names = _some([f"{metric} of {clip}" for metric, clip, _ in wrong])
        return Finding("scores", "broken", f"{len(wrong)} of {len(known)} are not what the sounds give: {names}")
    return Finding("scores", "held", f"{len(known)} of clips, but for last digits, which depend on the processor")


def _cell(cell: Aggregate, again: LoadedRun) -> Finding:
    name = f"{cell.metric}{f' ({cell.subset})' if cell.subset else ''}"
    found = again.cell(cell.metric, cell.subset)
    if found is None or (found.status == "missing" and cell.status == "ok"):
        why = f": {found.reason}" if found is not None and found.reason else ""
        return Finding(name, "unknown", f"it cannot be measured here{why}")
    if found.signature != cell.signature:
        return Finding(name, "unknown", f"it is measured otherwise here: {found.signature}, not {cell.signature}")
    counts = (cell.status, cell.n, cell.total), (found.status, found.n, found.total)
    if counts[0] != counts[1] or not _close(cell.value, found.value):
        return Finding(
            name, "broken",
            f"{cell.value} over {cell.n}/{cell.total} clips is said, the sounds give {found.value} over "
            f"{found.n}/{found.total}",
        )  # fmt: skip
    return Finding(name, "held", f"{cell.value} over {cell.n}/{cell.total} clips")


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= CLOSE * max(1.0, abs(one))


def _audit(run: LoadedRun, count: int, chance: random.Random) -> Iterator[Finding]:
    """Generate some clips again, and hold their sounds against those of the run."""
    spec, catalog = run.record.spec, Catalog()
    with tempfile.TemporaryDirectory(prefix="vsseval-audit-") as folder:
        try:
            fresh = plan(msgspec.structs.replace(spec, runs=Path(folder), store=Path(folder) / "store"), catalog)
        except VssevalError as error:
            yield Finding("audit", "unknown", f"the model or the benchmark cannot be had here: {error}")
            return
        if fresh.identity != run.record.provenance.get("identity"):
            yield Finding(
                "audit", "broken", "the model, its weights or the benchmark are not those that the run was made with"
            )
            return
        before = read_samples(run.paths.shards)
        made = [line.id for line in next(iter(before.values()), {}).values() if line.status == "ok"]
        chosen = sorted(chance.sample(made, min(count, len(made))))
        samples = tuple(sample for sample in fresh.samples if sample.id in set(chosen))
        begun = replace(begin(fresh), samples=samples, references=bound_references(fresh.model.bound, fresh.samples))
        yield from _compared(begun, before, chosen, catalog)


def _compared(
    begun: Plan, before: dict[int | None, dict[str, Generation]], chosen: Sequence[str], catalog: Catalog
) -> Iterator[Finding]:
    every = [sample.id for sample in catalog.samples(begun.spec.benchmark)]
    for unit in generate_units(begun, every):
        faults = unit.run({"catalog": catalog}, lambda _: None)
        if faults:
            yield Finding("audit", "unknown", f"the model cannot run here: {faults[0]}")
            return
    other = []
    for one in begun.by_seed():
        again, known = read_outcomes(one), before.get(one.paths.seed, {})
        other += [clip for clip in chosen if again[clip].sha256 != known[clip].sha256]
    if other:
        yield Finding("audit", "broken", f"{len(other)} of {len(chosen)} clips sound otherwise: {_some(other)}")
    else:
        yield Finding("audit", "held", f"generated again, {len(chosen)} clips are the same bytes: {_some(chosen)}")


def _bytes(path: Path) -> bytes | None:
    return file_bytes(path) if path.exists() else None


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
