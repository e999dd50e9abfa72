"""Puts what a list says of a clip and what was found in its files together: a clip of the manifest, or its problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.datasets.description import ClipEntry, Variant, least_seconds
from vsseval.types import Medium, Sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vsseval.datasets.hash_media import FileFacts


def sample_without_video(entry: ClipEntry, variant: Variant, facts: Mapping[Path, FileFacts]) -> Sample:
    """Return a clip without a video: texts and a length, and a recording or a voice where the list has one."""
    heard = facts.get(entry.reference) if entry.reference else None
    seconds = variant.seconds or entry.seconds or (heard.seconds if heard else None)
    lacking = None if seconds else "no length: neither the list, the variant nor a recording says how many seconds"
    return Sample(
        id=entry.id,
        cluster=entry.cluster,
        duration=seconds or 0.0,
        caption=entry.caption,
        transcript=entry.transcript,
        language=entry.language,
        speaker_prompt=_medium(facts, entry.speaker_prompt),
        reference=_medium(facts, entry.reference),
        label=entry.label,
        subset=entry.subset,
        problem=entry.problem or _problem(entry, facts) or lacking,
    )


def _medium(
    facts: Mapping[Path, FileFacts], path: Path | None, start: float = 0.0, seconds: float | None = None
) -> Medium | None:
    known = facts.get(path) if path else None
    return Medium(path, known.sha256, start, seconds) if path and known and known.sha256 else None


def sample_with_video(entry: ClipEntry, facts: Mapping[Path, FileFacts], *, shortest: bool) -> Sample:
    """Put an entry and what was found in its files together.

    A clip is as long as its video; with `shortest`, for protocols that cut both, not longer than its reference either.
    """
    ends = [found.seconds for path in (entry.video, entry.reference) if path and (found := facts.get(path))]
    start = _start(entry, min(ends, default=0.0))
    available = max((min(ends) if shortest else ends[0]) - start, 0.0) if ends else 0.0
    length = available if entry.seconds is None else min(entry.seconds, available)
    problem = entry.problem or _problem(entry, facts)
    if problem is None and entry.seconds is not None and length < least_seconds(entry.seconds):
        problem = f"too short: {length:.2f} s are left at {start:g} s, of {entry.seconds:g} s"
    # A sound and its video lie on one clock; the prompt is another recording.
    segment = (start, entry.seconds)
    own = entry.video if entry.own_sound else entry.reference
    return Sample(
        id=entry.id,
        cluster=entry.cluster,
        duration=length,
        video=_medium(facts, entry.video, *segment),
        caption=entry.caption,
        transcript=entry.transcript,
        language=entry.language,
        speech_window=entry.speech_window,
        speaker_prompt=_medium(facts, entry.speaker_prompt),
        reference=_medium(facts, own, *segment),
        label=entry.label,
        events=entry.events,
        subset=entry.subset,
        problem=problem,
    )


def _start(entry: ClipEntry, whole: float) -> float:
    """Return the second of the file at which a clip begins."""
    if entry.spread is None:
        return entry.start
    place, count = entry.spread
    return max(0.0, whole - (entry.seconds or 0.0)) * place / max(1, count - 1)


def _problem(entry: ClipEntry, facts: Mapping[Path, FileFacts]) -> str | None:
    roles = (("video", entry.video), ("reference", entry.reference), ("speaker prompt", entry.speaker_prompt))
    for role, path in roles:
        if path is None:
            continue
        found = facts[path]
        if found.fault is not None:
            return f"unreadable {role}: {found.fault}"
        heard = role != "video" or entry.own_sound
        if heard and not found.has_audio:
            return f"no sound: {path.name} has no audio track"
        if role != "speaker prompt" and found.seconds <= entry.start:
            return f"too short: {path.name} has {found.seconds:.2f} s, the clip begins at {entry.start:g} s"
    return None
