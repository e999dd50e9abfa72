"""The clips of registered benchmarks as training data: beside `plugin.py`, what alone knows the harness's nouns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vsseval import language
from vsseval.border import benchmarks
from vsseval.border.build import build
from vsseval.types import Medium, Sample

SECONDS = 10.0
"""What is used of a clip, from its beginning."""


class Stretch(NamedTuple):
    """A piece of a file: nothing outside it is seen or heard."""

    path: Path
    key: str
    """Of its bytes and its ends: features are kept under it."""
    start: float
    seconds: float | None
    """At most `SECONDS`; None reaches to the end of the file."""

    @property
    def whole(self) -> bool:
        """Whether a reader of the whole file hears the same."""
        return self.start == 0 and self.seconds is None


class TrainingClip(NamedTuple):
    """One clip, before anything of it is opened."""

    name: str
    """`benchmark/id`, for messages."""
    id: str
    sound: Stretch | None
    video: Stretch | None
    transcript: str | None
    window: tuple[float, float] | None
    """Seconds between which the transcript is spoken; None for all of the clip."""
    problem: str | None
    """Why it cannot be used."""


def registered_clips(references: Sequence[str]) -> tuple[TrainingClip, ...]:
    """Return every clip of benchmarks that `vsseval data add` registered (or that ship), in their order.

    Args:
        references: as `--benchmark` names them, `grid` or `vggsound:custom-train`.

    Raises:
        UsageError: no such benchmark or variant, or its manifest is unreadable.
        EnvironmentFault: its data is not there; the message holds the command that registers it.
    """
    return tuple(clip for reference in references for clip in _of(reference))


def _of(reference: str) -> list[TrainingClip]:
    name, _, argument = reference.partition(":")
    benchmark = build("benchmarks", name, argument or None)
    return [_clip(reference, sample) for sample in benchmarks.samples(benchmark, reference)]


def _clip(reference: str, sample: Sample) -> TrainingClip:
    transcript = (sample.transcript or "").strip() or None
    problem = sample.problem
    if problem is None and sample.reference is None:
        problem = "no recording to learn from"
    if problem is None and transcript is not None and not language.covers("en*", sample.language):
        problem = f"its language is {sample.language}, and the phones are those of English"
    return TrainingClip(
        f"{reference}/{sample.id}", sample.id, _stretch(sample.reference), _stretch(sample.video), transcript,
        sample.speech_window, problem,
    )  # fmt: skip


def _stretch(medium: Medium | None) -> Stretch | None:
    if medium is None:
        return None
    # a file that is longer than what is used of it is not cut: features and rows stop at ten seconds by themselves
    seconds = None if medium.seconds is None else min(SECONDS, medium.seconds)
    return Stretch(medium.path, medium.key, medium.start, seconds)
