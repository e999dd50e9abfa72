"""Embeds media of one clip after another within a budget of bytes, by as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from vsseval.report.clip_media import EncodedClip, block, encode_clip
from vsseval.report.word_times import Aligner
from vsseval.tables.html import json_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vsseval.report.clip_media import ClipJob, Marks

ALONE = 24
"""Clips up to which starting other processes would take longer than the work."""
AHEAD = 4
"""Clips for each process that are encoded before it is known whether they fit."""


class MediaBudget:
    """Counts what was embedded, and what was left out."""

    def __init__(self, budget: int) -> None:
        """Start empty.

        Args:
            budget: bytes of the page that media may take; 0 embeds nothing.
        """
        self.budget = budget
        self.used = 0
        self.embedded = 0
        """Media."""
        self.clips = 0
        """Clips whose media are embedded."""
        self.left_out = 0
        """Clips whose media are not."""
        self.unreadable: list[str] = []

    def take(self, clip: EncodedClip) -> str | None:
        """Return the text of a clip's media for a script element; None if it does not fit, or holds nothing."""
        self.unreadable += clip.unreadable
        if not clip.media:
            return None
        if self.used + clip.size > self.budget:
            return None
        self.used += clip.size
        self.embedded += clip.media
        self.clips += 1
        return json_block(block(clip))


def embedded(
    jobs: Sequence[tuple[str, ClipJob]], budget: MediaBudget, marks: Marks | None, processes: int | None = None
) -> Iterator[tuple[str, int, str]]:
    """Encode clips until the budget is spent; the first that does not fit is the last that is tried.

    Args:
        jobs: name of the benchmark's data on the page, and a clip; those that matter most first.
        budget: is spent.
        marks: finds onsets and events; None draws none.
        processes: at most; None for one a core.

    Yields:
        Name, place of the clip, and the text of its media.
    """
    if not budget.budget:
        budget.left_out += len(jobs)
        return
    cores = processes or _cores()
    tried = 0
    for (name, job), clip in zip(jobs, _encoded([job for _, job in jobs], marks, cores), strict=False):
        tried += 1
        text = budget.take(clip)
        if text is not None:
            yield name, job.place, text
        elif clip.media:
            budget.left_out += 1
            break
    budget.left_out += len(jobs) - tried


def _encoded(jobs: list[ClipJob], marks: Marks | None, processes: int) -> Iterator[EncodedClip]:
    if len(jobs) <= ALONE or processes == 1:
        aligner = Aligner()
        yield from (encode_clip(job, marks, aligner) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_start) as pool:
        for chunk in _chunks(jobs, AHEAD * processes):
            yield from pool.map(partial(_encode, marks=marks), chunk)


_process: dict[str, Aligner] = {}
"""The recogniser of this process of a pool, which is loaded once."""


def _start() -> None:
    _process["aligner"] = Aligner()


def _encode(job: ClipJob, marks: Marks | None) -> EncodedClip:
    return encode_clip(job, marks, _process["aligner"])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chunks(jobs: Sequence[ClipJob], size: int) -> Iterable[Sequence[ClipJob]]:
    return (jobs[start : start + size] for start in range(0, len(jobs), size))
