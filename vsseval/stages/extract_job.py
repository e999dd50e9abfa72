"""What one worker process does: open each medium once, hand it to all its extractors, store what they make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval import media
from vsseval.border.blame import PluginFault
from vsseval.border.extractors import build_extractor, features, features_of_many
from vsseval.engines.devices import on_processor
from vsseval.engines.threads import threads
from vsseval.errors import Unmeasurable, VssevalError
from vsseval.stages.inputs import FeatureSource
from vsseval.stages.out_of_memory import free_memory, halves, out_of_memory
from vsseval.store.features import FeatureStore
from vsseval.store.timings import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    import numpy as np

    from vsseval.engines.base import Kept
    from vsseval.extractors.base import Arrays, Source
    from vsseval.types import ExtractorSpec

CHUNK = 4
"""Media handed to a process at a time: few enough for an even load and a lively progress bar."""
CHUNK_ON_DEVICE = 32
"""The same where a device wants batches."""


class ExtractJob(NamedTuple):
    """One medium and the extractors whose features of it are wanted."""

    origin: FeatureSource
    extractors: tuple[str, ...]
    hashed_state: media.FileState | None = None
    """The state of the medium's file in which the command has hashed it already."""


class ExtractFault(NamedTuple):
    """Something went wrong that is no property of the medium, so it is not stored and is tried again."""

    kind: Literal["clip", "extractor"]
    """One feature of one medium, or an extractor that does not work here at all."""
    extractor: str
    key: str
    reason: str


class _ChangedFile(NamedTuple):
    """A file that cannot stand for its key."""

    why: str


def run_jobs(jobs: Sequence[ExtractJob], root: Path, device: str = "cpu") -> list[ExtractFault]:
    """Extract and store the features of some media; what is stored is not returned.

    Raises:
        EnvironmentFault: the store cannot be written.
    """
    store = FeatureStore(root)
    with threads():
        # A device wants batches; without one, all that is wanted of a medium is made while its frames are at hand.
        groups = [[job] for job in jobs] if on_processor(device) else [[*jobs]]
        return [fault for group in groups for fault in _extract(group, store, device)]


def _extract(jobs: Sequence[ExtractJob], store: FeatureStore, device: str) -> Iterator[ExtractFault]:
    """Open some media, store what their extractors make of them, and yield what went wrong."""
    opened = [(job, _timed_open(job, store)) for job in jobs]
    for name in dict.fromkeys(name for job in jobs for name in job.extractors):
        yield from _apply(name, [(j.origin, one) for j, one in opened if name in j.extractors], store, device)


@dataclass(frozen=True)
class ExtractUnit:
    """Some media that one process turns into features."""

    jobs: tuple[ExtractJob, ...]
    root: Path
    """Of the feature store."""
    device: str = "cpu"

    def run(self, kept: Kept, tell: Callable[[int], None]) -> list[ExtractFault]:
        """Extract; see `run_jobs`."""
        del kept, tell
        return run_jobs(self.jobs, self.root, self.device)

    def parts(self) -> list[ExtractUnit]:
        """Return a unit for each medium."""
        return [replace(self, jobs=(job,)) for job in self.jobs]

    def give_up(self, why: str) -> list[ExtractFault]:
        """Return that none of the features could be made."""
        return [ExtractFault("clip", name, job.origin.key, why) for job in self.jobs for name in job.extractors]


def extract_units(jobs: Sequence[ExtractJob], root: Path, device: str) -> list[ExtractUnit]:
    """Return units of a few media each."""
    size = CHUNK if on_processor(device) else CHUNK_ON_DEVICE
    return [ExtractUnit(tuple(jobs[start : start + size]), root, device) for start in range(0, len(jobs), size)]


def _apply(
    name: str, found: Sequence[tuple[FeatureSource, Any]], store: FeatureStore, device: str
) -> Iterator[ExtractFault]:
    """Store what one extractor makes of some media, and yield what went wrong."""
    with timed(store.root, "extractor", name, device) as watch:
        try:
            extractor = _extractor(name, device)
        except VssevalError as error:
            yield from (ExtractFault("extractor", name, origin.key, str(error)) for origin, _ in found)
            return
        usable = [(origin, source) for origin, source in found if not isinstance(source, _ChangedFile | Unmeasurable)]
        results = _results(extractor, [source for _, source in usable], device)
        watch.clips, watch.seconds = len(usable), sum(_seconds(source) for _, source in usable)
        watch.written = sum(value.nbytes for one in results if isinstance(one, dict) for value in one.values())
    unopened = [(origin, source) for origin, source in found if isinstance(source, _ChangedFile | Unmeasurable)]
    for origin, result in (*unopened, *zip((origin for origin, _ in usable), results, strict=True)):
        fault = _stored(name, extractor.spec, origin, result, store)
        if fault is not None:
            yield fault


def _stored(
    name: str, spec: ExtractorSpec, origin: FeatureSource, result: Any, store: FeatureStore
) -> ExtractFault | None:
    """Store the features of a medium, or why it has none; return what is not the medium's for good."""
    if isinstance(result, _ChangedFile):
        return ExtractFault("clip", name, origin.key, result.why)
    if isinstance(result, media.BeyondLimit):  # with another limit it may be read
        return ExtractFault("clip", name, origin.key, _without_path(str(result), origin))
    if isinstance(result, Unmeasurable):
        store.write_reason(spec, origin.key, _without_path(str(result), origin))
        return None
    if isinstance(result, VssevalError):
        return ExtractFault("extractor", name, origin.key, str(result))
    if isinstance(result, Exception):
        return ExtractFault("clip", name, origin.key, f"{name}: {result}")
    store.write(spec, origin.key, result)
    return None


def _results(extractor: Any, sources: Sequence[Any], device: str) -> list[dict[str, np.ndarray] | Exception]:
    """Return the features of each source, or what was raised; one clip's fault is lost alone, and not the batch."""
    if not on_processor(device) and len(sources) > 1 and hasattr(extractor, "extract_many"):
        try:
            return [*features_of_many(extractor, sources)]
        except (PluginFault, Unmeasurable, VssevalError) as error:
            if out_of_memory(error):
                free_memory()
                return [one for half in halves(sources) for one in _results(extractor, half, device)]
            # Whose fault it was comes out one by one.
    return [_result(extractor, source) for source in sources]


def _result(extractor: Any, source: Any) -> dict[str, np.ndarray] | Exception:
    try:
        return features(extractor, source)
    except (PluginFault, Unmeasurable, VssevalError) as error:
        return error


def _timed_open(job: ExtractJob, store: FeatureStore) -> Any:
    with timed(store.root, "extractor", f"open {job.origin.kind}") as watch:
        source = _open(job, store)
        watch.clips, watch.seconds = int(job.origin.medium is not None), _seconds(source)
    return source


def _seconds(source: Any) -> float:
    """Return the length of a medium; 0 for anything else."""
    return float(getattr(source, "seconds", 0.0))


def _open(job: ExtractJob, store: FeatureStore) -> Source | tuple[Arrays, Arrays] | Unmeasurable | _ChangedFile:
    origin = job.origin
    if origin.source_extractor is not None:
        return _pair(origin.source_extractor, origin.pair, store)
    if origin.medium is None:
        return origin.text or ""
    medium = origin.medium
    try:
        known = job.hashed_state is not None and media.file_state(medium.path) == job.hashed_state
        if not known and media.sha256(medium.path) != medium.sha256:
            return _ChangedFile(f"{medium.path.name}: not the file that the manifest means (its sha256 differs)")
    except Unmeasurable as error:
        return _ChangedFile(str(error))
    opening = partial(media.Video, again=len(job.extractors) > 1) if origin.kind == "video" else media.load_audio
    try:
        return opening(medium.path, medium.start, medium.seconds)
    except Unmeasurable as error:
        return error


def _pair(reads: ExtractorSpec, keys: tuple[str, str], store: FeatureStore) -> tuple[Arrays, Arrays] | _ChangedFile:
    first, second = (store.read(reads, key) for key in keys)
    if first is None or second is None:
        return _ChangedFile(f"the features of {reads.name} that are put together have vanished from {store.root}")
    return first, second


def _without_path(reason: str, origin: FeatureSource) -> str:
    """Take the file's name out of a reason: features are shared by all files with the same bytes."""
    if origin.medium is None:
        return reason
    path = origin.medium.path
    bare = reason.replace(str(path), "the file").replace(f"{path.name}: ", "")
    return bare.replace(path.name, "the file")


@cache
def _extractor(name: str, device: str) -> Any:
    """Return an extractor of this process; each is built once."""
    return build_extractor(name, device)
