"""Turns one clip into what its card on the page shows: the video, and each model's sound, words and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vsseval.report.marked_words import marked
from vsseval.tables.text import number
from vsseval.turns import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vsseval.report.clips import Choice, Clips
    from vsseval.report.embed import MediaBudget
    from vsseval.store.record import LoadedRun
    from vsseval.tables.cells import Block
    from vsseval.types import MetricSpec, Sample

NO_SOUND = frozenset({"noise", "silence"})
"""Bounds that sound as their names say: their scores are shown, not their sound."""


def card(
    choice: Choice, sample: Sample | None, clips: Clips, block: Block, media_budget: MediaBudget
) -> dict[str, Any]:
    """Gather one clip; media that do not fit the media budget are None.

    Args:
        choice: the clip.
        sample: of the benchmark, where that is at hand.
        clips: rows and journals.
        block: the table, which gives the order of models and of metrics.
        media_budget: takes the media.
    """
    video = media_budget.video(sample.video) if sample and sample.video else None
    runs = {run.path.name: run for run in clips.runs}
    order = sorted(block.rows, key=lambda row: row.label != "reference")
    return {
        "id": choice.clip,
        "reasons": choice.reasons,
        "caption": sample.caption if sample else None,
        "label": sample.label if sample else None,
        "transcript": sample.transcript if sample else None,
        "problem": sample.problem if sample else None,
        "video": video,
        "outputs": [
            _output(runs[row.run], row.label, sample, choice.clip, clips, block, media_budget) for row in order
        ],
    }


def _output(
    run: LoadedRun, label: str, sample: Sample | None, clip: str, clips: Clips, block: Block, media_budget: MediaBudget
) -> dict[str, Any]:
    generation = clips.generation(run, clip)
    sound: str | None = None
    picture: str | None = None
    problem = ""
    if generation is None or generation.path is None or generation.status != "ok":
        problem = (generation.error if generation else None) or "no sound"
    elif not (run.path / generation.path).exists():
        problem = "its audio file is gone"
    elif label not in NO_SOUND:
        sound, picture = media_budget.sound(run.path / generation.path, sample.duration if sample else None)
    specs = [run.record.metrics[c.metric] for c in block.columns if c.metric in run.record.metrics]
    rows = [(spec, row) for spec in specs if (row := clips.row(run, clip, spec.id)) is not None]
    words = [
        w for _, row in rows if (w := marked(spoken((sample and sample.transcript) or ""), row["detail"])) is not None
    ]
    return {
        "label": label,
        "bound": clips.bounds[run.path.name],
        "sound": sound,
        "picture": picture,
        "problem": problem,
        "words": words[0] if words else None,
        "scores": [score for spec, row in rows if (score := _score(spec, row)) is not None],
    }


def _score(spec: MetricSpec, row: Mapping[str, Any]) -> dict[str, str] | None:
    """Show a metric's value for the clip; a distance has none, and what does not apply is not shown."""
    if row["status"] == "ok":
        if row["value"] is None or row["value"] != row["value"]:
            return None
        if spec.least_clips > 1:
            return {"name": spec.id, "text": "see mean", "why": "one clip says little by this metric"}
        unit = f" {spec.unit}" if spec.unit else ""
        return {"name": spec.id, "text": f"{number(float(row['value']) * spec.scale, spec.decimals)}{unit}", "why": ""}
    if row["status"] == "not_applicable":
        return None
    return {"name": spec.id, "text": str(row["status"]), "why": str(row["detail"].get("reason", ""))}
