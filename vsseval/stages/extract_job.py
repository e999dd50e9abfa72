"""What one worker process does: open each medium once, hand it to all its extractors, store what they make of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from vsseval import media
from vsseval.border.blame import PluginFault
from vsseval.border.extractors import build_extractor, features, features_of_many
from vsseval.errors import Unmeasurable, VssevalError
from vsseval.stages.inputs import FeatureSource
from vsseval.store.features import FeatureStore
from vsseval.store.timings import timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    import numpy as np

    from vsseval.extractors.base import Arrays, Source
    from vsseval.types import ExtractorSpec


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
    opened = [(job, _timed_open(job, store)) for job in jobs]
    names = dict.fromkeys(name for job in jobs for name in job.extractors)
    return [
        fault
        for name in names
        for fault in _apply(name, [(j.origin, source) for j, source in opened if name in j.extractors], store, device)
    ]


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
        usable: list[tuple[FeatureSource, Any]] = []
        for origin, source in found:
            if isinstance(source, _ChangedFile):
                yield ExtractFault("clip", name, origin.key, source.why)
            elif isinstance(source, Unmeasurable):
                store.write_reason(extractor.spec, origin.key, _without_path(str(source), origin))
            else:
                usable.append((origin, source))
        results = _results(extractor, [source for _, source in usable], device)
        watch.clips, watch.seconds = len(usable), sum(_seconds(source) for _, source in usable)
        watch.written = sum(value.nbytes for one in results if isinstance(one, dict) for value in one.values())
    for (origin, _), result in zip(usable, results, strict=True):
        if isinstance(result, Unmeasurable):
            store.write_reason(extractor.spec, origin.key, _without_path(str(result), origin))
        elif isinstance(result, VssevalError):
            yield ExtractFault("extractor", name, origin.key, str(result))
        elif isinstance(result, Exception):
            yield ExtractFault("clip", name, origin.key, f"{name}: {result}")
        else:
            store.write(extractor.spec, origin.key, result)


def _results(extractor: Any, sources: Sequence[Any], device: str) -> list[dict[str, np.ndarray] | Exception]:
    """Return the features of each source, or what was raised; one clip's fault is lost alone, and not the batch."""
    if device != "cpu" and len(sources) > 1 and hasattr(extractor, "extract_many"):
        # Whose fault it was comes out one by one.
        with suppress(PluginFault, Unmeasurable, VssevalError):
            return [*features_of_many(extractor, sources)]
    return [_result(extractor, source) for source in sources]


def _result(extractor: Any, source: Any) -> dict[str, np.ndarray] | Exception:
    try:
        with _one_thread():
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
    opening = media.Video if origin.kind == "video" else media.load_audio
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


@contextmanager
def _one_thread() -> Iterator[None]:
    """Give torch one thread: the same bits for any number of processes, and no crowd on the cores."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
