"""Turns runs into the report: one HTML file with tables, plots, every clip, failures and provenance."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.report import calibration
from vsseval.report.clip_media import order
from vsseval.report.clips import Clips
from vsseval.report.embed import MediaBudget, embedded
from vsseval.report.explorer import clip_jobs, explored
from vsseval.report.overview import overview, summary
from vsseval.report.spectrogram import frequency_ticks
from vsseval.statistics.run_cache import RunCache
from vsseval.store import atomic
from vsseval.tables.html import json_block, rendered
from vsseval.tables.layout import Section, sections
from vsseval.tables.text import BOLD_RULES, LEGEND, SECOND_RULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from vsseval.records import RunRecord
    from vsseval.report.clip_media import ClipJob, Marks
    from vsseval.statistics.calibration import Calibration
    from vsseval.store.record import LoadedRun
    from vsseval.types import Sample

TEMPLATES = Path(__file__).parent / "templates"
MEGABYTE = 1_000_000
BUDGET = 40 * MEGABYTE
"""Bytes of embedded media: mail servers and browsers take such a page without complaint."""
FAILURES_SHOWN = 200


class Media(NamedTuple):
    """What a benchmark adds to the record of a run: the clips themselves, with their videos and transcripts."""

    samples: Mapping[str, Sample] = {}
    """By clip id."""
    note: str = ""
    """Why there are none, or what is wrong with them; usually empty."""


class Part(NamedTuple):
    """One benchmark on its way to the page."""

    key: str
    """Name of the benchmark in addresses (`#clip=mini_v2s/clip07`)."""
    section: Section
    clips: Clips
    media: Media
    data: dict[str, Any]
    """What the explorer pages through."""


def write_report(
    runs: Iterable[LoadedRun],
    target: Path,
    *,
    budget: int = BUDGET,
    calibrations: Sequence[Calibration] = (),
    media: Callable[[RunRecord], Media] | None = None,
    marks: Marks | None = None,
    processes: int | None = None,
) -> MediaBudget:
    """Write the report of some runs, from their directories alone but for the benchmarks' own videos and transcripts.

    Args:
        runs: any runs; of each model on each benchmark the newest finished one is shown.
        target: the HTML file, replaced if it exists.
        budget: bytes of the page that media may take; what does not fit is linked.
        calibrations: of benchmarks; each becomes a section of its own.
        media: finds the clips of a run's benchmark; None shows neither its videos nor its transcripts.
        marks: finds what is drawn over spectrograms; None draws nothing.
        processes: that encode media, at most; None for one a core.

    Returns:
        What was embedded and what was left out.

    Raises:
        UsageError: none of the runs is finished, or their scores cannot be read.
        EnvironmentFault: the file cannot be written.
    """
    cache = RunCache()
    found = [s for s in sections(runs, subsets=True, cache=cache) if s.group.runs]
    if not found:
        raise UsageError("no run is finished yet: there is nothing to report. Make some with: vsseval run")
    folder = target.resolve().parent
    parts = [_part(section, key, media, cache, folder) for section, key in zip(found, _keys(found), strict=True)]
    media_budget = MediaBudget(budget)
    blocks = list(embedded(_in_turns(parts), media_budget, marks, processes))
    for part in parts:
        part.data["embedded"] = sorted(place for key, place, _ in blocks if key == part.key)
    page = rendered("report.html", {
        **_frame(found, media_budget),
        "sections": [_section(part, i) for i, part in enumerate(parts)],
        "calibrations": [calibration.section(one) for one in calibrations],
        "calibration_legend": calibration.LEGEND,
        "data": [(part.key, json_block(part.data)) for part in parts],
        "blocks": [(f"{key}/{place}", text) for key, place, text in blocks],
        "settings": json_block({"ticks": frequency_ticks()}),
        "record_only": False,
    }, TEMPLATES)  # fmt: skip
    try:
        atomic.write_bytes(target, page.encode())
    except EnvironmentFault as problem:
        cause = problem.__cause__
        reason = cause.strerror if isinstance(cause, OSError) else problem
        raise EnvironmentFault(f"cannot write {target}: {reason}. Choose another file with -o") from problem
    return media_budget


def record_page(run: LoadedRun) -> str:
    """Return the report of one run from its header and aggregates alone: HTML without clips and failures.

    Args:
        run: an accepted record; nothing is read from its folder.
    """
    found = sections([run], subsets=True)
    return rendered("report.html", {
        **_frame(found, MediaBudget(0)),
        "sections": [overview(section, index) for index, section in enumerate(found)],
        "calibrations": [], "data": [], "blocks": [], "settings": "{}", "record_only": True,
    }, TEMPLATES)  # fmt: skip


def _frame(found: Sequence[Section], media_budget: MediaBudget) -> dict[str, Any]:
    return {
        "summary": summary(found), "legend": LEGEND,
        "bold": [BOLD_RULES[rule] for rule in sorted({s.whole.bold for s in found})],
        "shelf": media_budget, "second": SECOND_RULE,
    }  # fmt: skip


def _part(
    section: Section, key: str, media: Callable[[RunRecord], Media] | None, cache: RunCache, folder: Path
) -> Part:
    found = media(section.group.runs[0].record) if media else Media()
    clips = Clips(section.group, section.whole, cache)
    return Part(key, section, clips, found, explored(section.whole, clips, found.samples, cache, folder))


def _keys(found: Sequence[Section]) -> list[str]:
    """Name each table by its benchmark; a second one of the same benchmark by a number too."""
    keys: list[str] = []
    for section in found:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", section.whole.benchmark)
        keys.append(
            next(key for n in range(1, len(found) + 1) if (key := f"{name}~{n}" if n > 1 else name) not in keys)
        )
    return keys


def _in_turns(parts: Sequence[Part]) -> list[tuple[str, ClipJob]]:
    """Order all clips, so that what is not embedded leaves every benchmark with its most telling clips."""
    queues = []
    for part in parts:
        jobs = clip_jobs(part.clips, part.data["clips"]["id"], part.media.samples)
        picks = [place for place, _ in part.data["picks"]]
        queues.append([(part.key, jobs[place]) for place in order(picks, len(jobs))])
    longest = max(map(len, queues))
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def _section(part: Part, index: int) -> dict[str, Any]:
    failures = part.clips.failures()
    places = {clip: place for place, clip in enumerate(part.data["clips"]["id"])}
    return {
        **overview(part.section, index),
        "key": part.key,
        "media_note": part.media.note,
        "failures": [(failure, failure.clip in places) for failure in failures[:FAILURES_SHOWN]],
        "failures_more": max(0, len(failures) - FAILURES_SHOWN),
    }
