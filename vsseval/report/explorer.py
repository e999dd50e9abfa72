"""Gathers what the explorer of the report pages through for one benchmark, and what its clips are encoded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vsseval.report.clip_media import ClipJob, SoundJob, words_of
from vsseval.report.differences import differences
from vsseval.report.distributions import distributions
from vsseval.report.explorer_data import columns, hypotheses
from vsseval.report.links import links
from vsseval.tables.text import circumstances, title
from vsseval.types import Medium

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vsseval.report.clips import Clips
    from vsseval.statistics.run_cache import RunCache
    from vsseval.store.record import LoadedRun
    from vsseval.tables.cells import Block
    from vsseval.types import Generation, MetricSpec, Sample

PICKS = 24
"""Clips that are named as the worst, the best and the median by each metric, and those that failed, at most."""
SOUNDLESS = frozenset({"noise", "silence"})
"""Bounds that sound as their names say: they are linked and not embedded."""


def explored(
    block: Block, clips: Clips, samples: Mapping[str, Sample], cache: RunCache, folder: Path
) -> dict[str, Any]:
    """Return everything of one table that the page pages through.

    Args:
        block: the table.
        clips: rows and journals of its runs.
        samples: of the benchmark, by clip id.
        cache: what was read before.
        folder: of the report.
    """
    specs = _specs(block, clips)
    found = columns(clips, samples, specs)
    ids = found["clips"]["id"]
    places = {clip: place for place, clip in enumerate(ids)}
    return {
        **found,
        **links(clips, ids, samples, folder),
        "title": title(block),
        "circumstances": circumstances(block),
        "picks": [[places[choice.clip], choice.reasons] for choice in clips.choose(specs, PICKS)],
        "pairs": differences(clips, places, cache),
        "distributions": distributions(found["values"], [metric["decimals"] for metric in found["metrics"]]),
    }


def clip_jobs(clips: Clips, ids: Sequence[str], samples: Mapping[str, Sample]) -> list[ClipJob]:
    """Return what each clip is encoded from, in the order of the page."""
    heard = [hypotheses(clips.table(run)) for run in clips.in_order]
    jobs = []
    for place, clip in enumerate(ids):
        sample = samples.get(clip)
        sounds = {}
        for system, run in enumerate(clips.in_order):
            line = clips.journal(run).get(clip)
            if clips.labels[run.path.name] in SOUNDLESS or line is None or not _is_there(run, line):
                continue
            words = words_of(str(heard[system].get(clip, {}).get("hypothesis", "")))
            sounds[system] = SoundJob(run.path / str(line.path), line.sha256, words, _picture(run, line))
        video = sample.video if sample else None
        jobs.append(ClipJob(place, sample.duration if sample else None, video, sounds))
    return jobs


def _is_there(run: LoadedRun, line: Generation) -> bool:
    return line.status == "ok" and line.path is not None and (run.path / line.path).exists()


def _picture(run: LoadedRun, line: Generation) -> Medium | None:
    if not isinstance(line.picture, Medium):
        return None
    return msgspec.structs.replace(line.picture, path=run.path / line.picture.path)


def _specs(block: Block, clips: Clips) -> list[MetricSpec]:
    known = {metric: spec for run in clips.runs for metric, spec in run.record.metrics.items()}
    return [known[column.metric] for column in block.columns if column.metric in known]
