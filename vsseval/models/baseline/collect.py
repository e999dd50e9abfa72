"""Finds the sound of each clip after a run: only what the run has written, one file per clip, and like the system's."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vsseval.errors import Unmeasurable
from vsseval.media import load_audio, longest_read
from vsseval.models.base import ModelOutput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.media import Audio
    from vsseval.models.baseline.spec import Baseline, Collect, Expect
    from vsseval.models.baseline.stage import Staged

__all__ = ["RunStart", "audio_mismatch", "collect", "escaped", "find"]

_SLACK = 0.25
"""Seconds by which a length may miss what is expected: frames of codecs and vocoders."""


class RunStart(NamedTuple):
    """The moment before a run, as the file system tells time."""

    nanoseconds: int

    @classmethod
    def mark(cls, folder: Path) -> RunStart:
        """Take the time from a file written now: the clocks of file servers differ from this machine's."""
        marker = folder / ".start"
        marker.write_bytes(b"")
        return cls(marker.stat().st_mtime_ns)


def collect(baseline: Baseline, clips: Sequence[Staged], start: RunStart) -> dict[str, ModelOutput]:
    """Return the outputs of those clips that have left exactly one new file each, by id.

    Two files of one clip, one file of two clips, and a file that is not like the system's are errors of their clips;
    a clip without a file is not in the answer.
    """
    assert baseline.collect is not None
    durations = {clip.request.id: clip.request.duration for clip in clips}
    found = {clip.request.id: find(baseline.collect, clip.values, start) for clip in clips}
    owners: dict[Path, list[str]] = {}
    for clip, files in found.items():
        for file in files:
            owners.setdefault(file, []).append(clip)
    outputs = {}
    for clip, files in found.items():
        if not files:
            continue
        shared = [other for other in owners[files[0]] if other != clip]
        if len(files) > 1:
            names = " and ".join(str(file) for file in files[:3])
            outputs[clip] = ModelOutput(clip, None, 0, error=f"{len(files)} files claim to be this clip: {names}")
        elif shared:
            outputs[clip] = ModelOutput(clip, None, 0, error=f"{files[0]} would be the sound of '{shared[0]}' too")
        else:
            outputs[clip] = read_output(baseline, clip, files[0], durations[clip])
    return outputs


def find(rule: Collect, values: Mapping[str, object], start: RunStart | None) -> list[Path]:
    """Return the files that a clip's sound may be, of those not older than the start.

    Args:
        rule: their names.
        values: what the placeholders stand for; wildcards in them are taken literally.
        start: None takes files of any age.
    """
    patterns = [pattern.format_map(escaped(values)) for pattern in (rule.pattern, *rule.also)]
    # Absolute patterns: Path.glob knows relative ones only.
    names = {name for pattern in patterns for name in glob.glob(pattern, recursive=True)}  # noqa: PTH207
    files = [Path(name) for name in sorted(names) if Path(name).is_file()]
    return [file for file in files if start is None or file.stat().st_mtime_ns >= start.nanoseconds]


def escaped(values: Mapping[str, object]) -> dict[str, object]:
    """Return values in which texts hold no wildcards."""
    return {name: glob.escape(value) if isinstance(value, str) else value for name, value in values.items()}


def read_output(baseline: Baseline, clip: str, file: Path, duration: float) -> ModelOutput:
    """Return the sound of a file that was made for a clip of some seconds, with the picture if the system made one.

    Or why it is not believed.
    """
    try:
        audio = load_audio(file, seconds=max(longest_read(duration), (baseline.expect.longest or 0.0) + 1.0))
    except Unmeasurable as reason:
        return ModelOutput(clip, None, 0, error=str(reason))
    fault = audio_mismatch(baseline.expect, audio)
    if fault is not None:
        return ModelOutput(clip, None, 0, error=f"{file.name}: {fault}")
    picture = file.read_bytes() if baseline.picture == "own" else None
    return ModelOutput(clip, audio.samples, audio.sample_rate, picture=picture)


def audio_mismatch(expect: Expect, audio: Audio) -> str | None:
    """Return in what a sound differs from what the system writes, or None."""
    channels, count = audio.samples.shape
    seconds = count / audio.sample_rate
    told = "it is another system's, or `expect` in baseline.toml is wrong"
    if expect.sample_rate is not None and audio.sample_rate != expect.sample_rate:
        return f"{audio.sample_rate} Hz, where the system writes {expect.sample_rate} Hz: {told}"
    if expect.channels is not None and channels != expect.channels:
        return f"{channels} channels, where the system writes {expect.channels}: {told}"
    if expect.shortest is not None and seconds < expect.shortest - _SLACK:
        return f"{seconds:.2f} s, where the system writes at least {expect.shortest:g} s: {told}"
    if expect.longest is not None and seconds > expect.longest + _SLACK:
        return f"{seconds:.2f} s, where the system writes at most {expect.longest:g} s: {told}"
    return None
