"""Says what is odd about the sounds of a run: copies, one sound for many clips, wrong lengths, clipping, silence."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.records import Flag, Flags
from vsseval.stages.alike import RATE, Print, PrintIndex, likeness
from vsseval.stages.inputs import PRINT, medium_source
from vsseval.types import Need, is_bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.extract import ExtractFaults
    from vsseval.stages.plan import Plan
    from vsseval.store.features import FeatureStore
    from vsseval.types import ExtractorSpec, Generation, Medium, Sample

__all__ = ["find_flags"]

OWN, OTHER = 0.3, 0.4
"""Likeness to the clip's own reference, and to another's, from which on a sound is a copy. Measured on the shipped
benchmarks (docs/reliability.md): copies under noise of 0 dB have 0.27 to 0.6, unrelated sounds up to 0.24; one bank of
recordings that two systems draw on gave 0.35 with a reference of another clip."""
REPEATED, CLIPS = 0.5, 3
"""Likeness from which on two clips have one sound, and how many have to for it to be odd."""
LENGTH = 0.05
"""Share of the length that was asked for."""
CLIPPED = 0.001
"""Share of samples at full scale; a sound that went beyond it before it was written is clipped in any case."""
SILENT = 1e-3
"""-60 dB of full scale: the level of 20 ms below which nothing is to be heard."""
SOUNDING = 1e-2
"""Of a reference's highest level (-40 dB): above it, it sounds."""
UNFILLED = 0.5
"""Share of what the reference sounds that a sound may be silent for before its first and after its last sound."""
PLACES = 3
"""Decimals that are kept: the last bits of a correlation depend on the machine."""


class _Heard(NamedTuple):
    """One sound, and what it is held against."""

    sample: Sample
    generation: Generation
    sound: Medium
    print: Mapping[str, np.ndarray]

    @property
    def seconds(self) -> float:
        return float(self.print["facts"][0])


class _Alike:
    """Likeness of sounds, the last of which are kept decoded."""

    def __init__(self) -> None:
        self._wave = lru_cache(maxsize=64)(_wave)

    def of(self, one: Medium, other: Medium | None, step: int = 1) -> float:
        """Return how alike two sounds are; with step -1 the first is played backwards."""
        return 0.0 if other is None else likeness(self._wave(one)[::step], self._wave(other))


def find_flags(
    plan: Plan, heard: Sequence[Mapping[str, Generation]], resolved: ResolvedMetrics, faults: ExtractFaults
) -> Flags:
    """Look at every sound of a run.

    Args:
        plan: the run.
        heard: for each sample of the clips (`Plan.by_seed`), the outcome of every clip.
        resolved: its extractors; `sound_print` is one of them.
        faults: what could not be extracted.
    """
    if is_bound(plan.model):
        return Flags()
    spec, store = resolved.extractors[PRINT], plan.store
    references = _references(plan, spec, store)
    alike = _Alike()
    found: list[Flag] = []
    covered: list[float] = []
    sounds = unseen = 0
    for one, lines in zip(plan.by_seed(), heard, strict=True):
        clips = []
        for sample in sorted(plan.samples, key=lambda sample: sample.id):
            source = medium_source(Need.AUDIO, sample, lines[sample.id], plan.root)
            if source is None or source.medium is None:
                continue
            arrays = None if faults.reason(PRINT, source.key) else _print(store, spec, source.key)
            if arrays is None:
                unseen += 1
            else:
                clips.append(_Heard(sample, lines[sample.id], source.medium, arrays))
        sounds += len(clips)
        covered += [min(1.0, clip.seconds / clip.sample.duration) for clip in clips]
        own = {sample.id: arrays for sample, arrays in references}
        for clip in clips:
            found += _odd(clip, own.get(clip.sample.id), one.spec.seed)
        found += _copies(clips, references, one.spec.seed, alike)
        found += _repeated(clips, one.spec.seed, alike)
    mean = round(sum(covered) / len(covered), PLACES) if covered else None
    found.sort(key=lambda flag: (flag.kind, flag.clip, flag.seed))
    return Flags(sounds=sounds, unseen=unseen, covered=mean, found=tuple(found))


def _references(plan: Plan, spec: ExtractorSpec, store: FeatureStore) -> list[tuple[Sample, Mapping[str, np.ndarray]]]:
    found = []
    for sample in plan.samples:
        if sample.reference is not None and sample.problem is None:
            arrays = _print(store, spec, sample.reference.key)
            if arrays is not None:
                found.append((sample, arrays))
    return found


def _print(store: FeatureStore, spec: ExtractorSpec, key: str) -> Mapping[str, np.ndarray] | None:
    try:
        return store.read(spec, key)
    except Unmeasurable:
        return None


def _odd(clip: _Heard, reference: Mapping[str, np.ndarray] | None, seed: int) -> Iterator[Flag]:
    """Yield what is odd about a sound by itself."""
    sample, levels = clip.sample, clip.print["levels"]
    longer = clip.seconds / sample.duration
    if abs(longer - 1) > LENGTH:
        yield _flag("length", sample, seed, longer)
    peak, share = clip.generation.peak, float(clip.print["facts"][2])
    if peak is not msgspec.UNSET or share > CLIPPED:
        yield _flag("clipped", sample, seed, share, note="" if peak is msgspec.UNSET else f"the peak was {peak:.3g}")
    sounding = _sounding(reference, sample.duration)
    heard = np.flatnonzero(levels > SILENT)
    if not heard.size:
        # where the reference is silent too, silence is right
        if reference is None or sounding.size:
            yield _flag("silent", sample, seed, 1.0)
    elif sounding.size:
        missed = float(((sounding < heard[0]) | (sounding > heard[-1])).mean())
        if missed > UNFILLED:
            yield _flag("unfilled", sample, seed, missed)


def _sounding(reference: Mapping[str, np.ndarray] | None, duration: float) -> np.ndarray:
    """Return the places of the 20 ms within the clip that a reference sounds."""
    if reference is None:
        return np.zeros(0, np.int64)
    levels = reference["levels"][: max(1, round(duration / 0.02))]
    return np.flatnonzero((levels > SILENT) & (levels > SOUNDING * levels.max(initial=0.0)))


def _copies(
    clips: Sequence[_Heard], references: Sequence[tuple[Sample, Mapping[str, np.ndarray]]], seed: int, alike: _Alike
) -> Iterator[Flag]:
    """Yield the sounds that are a reference of the benchmark, forwards or backwards."""
    index = PrintIndex([Print.of(arrays) for _, arrays in references])
    places = {sample.id: place for place, (sample, _) in enumerate(references)}
    for clip in clips:
        own = places.get(clip.sample.id)
        ways = [
            ("", index.candidates(Print.of(clip.print)), 1),
            ("played backwards", index.candidates(Print.reversed_of(clip.print)), -1),
        ]
        best: Flag | None = None
        for note, candidates, step in ways:
            # of the clip's own reference landmarks are not asked for: it is the first thing that would be copied
            first = [own] if own is not None and step > 0 else []
            for place in dict.fromkeys([*first, *candidates]):
                other = references[place][0]
                found = alike.of(clip.sound, other.reference, step)
                if found >= (OWN if place == own else OTHER) and (best is None or found > best.value):
                    best = _flag("copy", clip.sample, seed, found, other=other.id, note=note)
        if best is not None:
            yield best


def _repeated(clips: Sequence[_Heard], seed: int, alike: _Alike) -> Iterator[Flag]:
    """Yield the sounds that at least three clips share, with the first clip of each that has it."""
    prints = [Print.of(clip.print) for clip in clips]
    index, first = PrintIndex(prints), [*range(len(clips))]
    likely: dict[int, float] = {}

    def root(place: int) -> int:
        while first[place] != place:
            place = first[place]
        return place

    for place, asked in enumerate(prints):
        for other in index.candidates(asked, without=place):
            found = alike.of(clips[place].sound, clips[other].sound)
            if found >= REPEATED:
                likely[place] = max(likely.get(place, 0.0), found)
                low, high = sorted((root(place), root(other)))
                first[high] = low
    groups: dict[int, list[int]] = {}
    for place in range(len(clips)):
        groups.setdefault(root(place), []).append(place)
    for members in groups.values():
        if len(members) >= CLIPS:
            names = [clips[place].sample for place in members]
            for place, sample in zip(members, names, strict=True):
                whose = names[1] if place == members[0] else names[0]
                yield _flag("repeated", sample, seed, likely.get(place, REPEATED), other=whose.id)


def _wave(medium: Medium) -> np.ndarray:
    """Return a sound as it is compared; of one that cannot be read, nothing."""
    try:
        return media.load_audio(medium.path, medium.start, medium.seconds).mono(RATE)
    except Unmeasurable:
        return np.zeros(0, np.float32)


def _flag(kind: str, sample: Sample, seed: int, value: float, other: str = "", note: str = "") -> Flag:
    return msgspec.convert(
        {"kind": kind, "clip": sample.id, "seed": seed, "value": round(value, PLACES), "other": other, "note": note},
        Flag,
    )
