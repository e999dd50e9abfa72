"""Says what is odd about the sounds of a run: copies, one sound for many clips, wrong lengths, clipping, silence."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.records import Flag, Flags
from vsseval.stages.alike import RATE, Print, candidates, likeness
from vsseval.stages.inputs import PRINT, medium_source
from vsseval.stages.prints import Prints
from vsseval.types import Need, is_bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vsseval.stages.catalog import ResolvedMetrics
    from vsseval.stages.extract import ExtractFaults
    from vsseval.stages.plan import Plan
    from vsseval.types import ExtractorSpec, Generation, Medium, Sample

__all__ = ["find_flags"]

VERSION = "1"
"""Of this search: another one finds other flags in the same sounds."""

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
    """One sound."""

    sample: Sample
    sound: Medium
    key: str
    """Of its print in the store."""


class _Alike:
    """Likeness of sounds, the last of which are kept decoded."""

    def __init__(self) -> None:
        self._wave = lru_cache(maxsize=64)(_wave)

    def of(self, one: Medium, other: Medium, step: int = 1) -> float:
        """Return how alike two sounds are; with step -1 the first is played backwards."""
        return likeness(self._wave(one)[::step], self._wave(other))


def find_flags(
    plan: Plan,
    heard: Sequence[Mapping[str, Generation]],
    resolved: ResolvedMetrics,
    faults: ExtractFaults,
    known: Flags | None = None,
) -> Flags:
    """Look at every sound of a run.

    Args:
        plan: the run.
        heard: for each sample of the clips (`Plan.by_seed`), the outcome of every clip.
        resolved: its extractors; `sound_print` is one of them.
        faults: what could not be extracted.
        known: the flags of an earlier command, which stay where they were made from the same.
    """
    if is_bound(plan.model):
        return Flags()
    spec = resolved.extractors[PRINT]
    prints = Prints(spec, plan.store)
    references = _references(plan, prints)
    made_from = _made_from(plan, heard, references, spec, faults)
    # a sound that was unseen may have been mended meanwhile
    if known is not None and known.made_from == made_from and not known.unseen:
        return known
    alike = _Alike()
    found: list[Flag] = []
    covered: list[float] = []
    sounds = unseen = 0
    for one, lines in zip(plan.by_seed(), heard, strict=True):
        clips = []
        for sample in sorted(plan.samples, key=lambda sample: sample.id):
            line = lines[sample.id]
            source = medium_source(Need.AUDIO, sample, line, plan.root)
            if source is None or source.medium is None:
                continue
            arrays = None if faults.reason(PRINT, source.key) else prints.of(source.key)
            if arrays is None:
                unseen += 1
                continue
            clips.append(_Heard(sample, source.medium, source.key))
            covered.append(min(1.0, float(arrays["facts"][0]) / sample.duration))
            own = references.get(sample.id)
            reference = None if own is None else prints.of(own.key)
            found += _odd(sample, line, arrays, reference, one.spec.seed)
        sounds += len(clips)
        found += _copies(clips, references, one.spec.seed, prints, alike)
        found += _repeated(clips, one.spec.seed, prints, alike)
    mean = round(sum(covered) / len(covered), PLACES) if covered else None
    found.sort(key=lambda flag: (flag.kind, flag.clip, flag.seed))
    return Flags(sounds=sounds, unseen=unseen, covered=mean, found=tuple(found), made_from=made_from)


def _made_from(
    plan: Plan,
    heard: Sequence[Mapping[str, Generation]],
    references: Mapping[str, Medium],
    spec: ExtractorSpec,
    faults: ExtractFaults,
) -> str:
    """Return the sha256 of all that the flags of a run depend on."""
    digest = hashlib.sha256(msgspec.json.encode((VERSION, spec.identity)))
    for one, lines in zip(plan.by_seed(), heard, strict=True):
        for sample in plan.samples:
            line, own = lines[sample.id], references.get(sample.id)
            source = medium_source(Need.AUDIO, sample, line, plan.root)
            key = None if source is None or source.medium is None else source.key
            said = None if key is None else faults.reason(PRINT, key)
            peak = None if line.peak is msgspec.UNSET else line.peak
            of_clip = (one.spec.seed, sample.id, sample.duration, key, said, peak, own and own.key)
            digest.update(msgspec.json.encode(of_clip))
    return digest.hexdigest()


def _references(plan: Plan, prints: Prints) -> dict[str, Medium]:
    """Return the references that have a print, by the clip that they are of."""
    return {
        sample.id: sample.reference
        for sample in plan.samples
        if sample.reference is not None and sample.problem is None and prints.has(sample.reference.key)
    }


def _odd(
    sample: Sample,
    line: Generation,
    arrays: Mapping[str, np.ndarray],
    reference: Mapping[str, np.ndarray] | None,
    seed: int,
) -> Iterator[Flag]:
    """Yield what is odd about a sound by itself."""
    levels = arrays["levels"]
    longer = float(arrays["facts"][0]) / sample.duration
    if abs(longer - 1) > LENGTH:
        yield _flag("length", sample, seed, longer)
    peak, share = line.peak, float(arrays["facts"][2])
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
    clips: Sequence[_Heard], references: Mapping[str, Medium], seed: int, prints: Prints, alike: _Alike
) -> Iterator[Flag]:
    """Yield the sounds that are a reference of the benchmark, forwards or backwards."""
    names, media_of = [*references], [*references.values()]
    places = {name: place for place, name in enumerate(names)}

    def asked(number: int) -> Print:
        heard = prints.landmarks(clips[number // 2].key)
        return heard.backwards() if number % 2 else heard

    likely = candidates(len(names), lambda place: prints.landmarks(media_of[place].key), 2 * len(clips), asked)
    for number, clip in enumerate(clips):
        own = places.get(clip.sample.id)
        ways = [("", likely[2 * number], 1), ("played backwards", likely[2 * number + 1], -1)]
        best: Flag | None = None
        for note, others, step in ways:
            # of the clip's own reference landmarks are not asked for: it is the first thing that would be copied
            first = [own] if own is not None and step > 0 else []
            for place in dict.fromkeys([*first, *others]):
                found = alike.of(clip.sound, media_of[place], step)
                if found >= (OWN if place == own else OTHER) and (best is None or found > best.value):
                    best = _flag("copy", clip.sample, seed, found, other=names[place], note=note)
        if best is not None:
            yield best


def _repeated(clips: Sequence[_Heard], seed: int, prints: Prints, alike: _Alike) -> Iterator[Flag]:
    """Yield the sounds that at least three clips share, with the first clip of each that has it."""

    def landmarks(place: int) -> Print:
        return prints.landmarks(clips[place].key)

    found_by = candidates(len(clips), landmarks, len(clips), landmarks, own=True)
    likely: dict[int, float] = {}
    pairs = []
    for place in range(len(clips)):
        for other in found_by[place]:
            found = alike.of(clips[place].sound, clips[other].sound)
            if found >= REPEATED:
                likely[place] = max(likely.get(place, 0.0), found)
                pairs.append((place, other))
    for members in _groups(len(clips), pairs):
        if len(members) >= CLIPS:
            names = [clips[place].sample for place in members]
            for place, sample in zip(members, names, strict=True):
                whose = names[1] if place == members[0] else names[0]
                yield _flag("repeated", sample, seed, likely.get(place, REPEATED), other=whose.id)


def _groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return what pairs join: the places of each group, ascending."""
    first = [*range(count)]

    def root(place: int) -> int:
        while first[place] != place:
            place = first[place]
        return place

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        first[high] = low
    groups: dict[int, list[int]] = {}
    for place in range(count):
        groups.setdefault(root(place), []).append(place)
    return [*groups.values()]


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
