"""Turns the scores, journals and clips of one benchmark into the columns that the explorer of the report pages through.

Numbers are in displayed units, with two digits more than tables show; texts that repeat are kept once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vsseval.report.clips import detail_of
from vsseval.report.marked_words import compact, marked
from vsseval.turns import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vsseval.report.clips import Clips
    from vsseval.store.record import LoadedRun
    from vsseval.types import Generation, MetricSpec, Sample

CODES = {"failed": 1, "missing": 2, "not_applicable": 3}
"""How the page writes why a clip has no value."""
DIGITS = 2
"""Beyond those that a table prints."""


class Texts:
    """Texts that many clips share, each kept once and named by its number."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Return the number of a text, which is a new one if the text is new."""
        if text not in self._places:
            self._places[text] = len(self.all)
            self.all.append(text)
        return self._places[text]


def columns(clips: Clips, samples: Mapping[str, Sample], specs: Sequence[MetricSpec]) -> dict[str, Any]:
    """Return what the page knows of each clip: ids, texts, values, reasons, words, notes.

    Args:
        clips: rows and journals of the runs of one table.
        samples: of the benchmark by clip id, where these are at hand.
        specs: of the metrics, in the order of the table.
    """
    runs = clips.in_order
    ids = clip_ids(clips, samples)
    places = {clip: place for place, clip in enumerate(ids)}
    texts = Texts()
    shown = [spec for spec in specs if spec.least_clips == 1 and any(_has_values(clips.table(r), spec) for r in runs)]
    cells = [[_column(clips.table(run), spec, places, texts) for run in runs] for spec in shown]
    return {
        "systems": [
            {"label": clips.labels[run.path.name], "bound": clips.bounds[run.path.name], "run": run.path.name}
            for run in runs
        ],
        "metrics": [_metric(spec) for spec in shown],
        "clips": {"id": ids, "subset": _subsets(clips, places), **_facts(ids, samples)},
        "values": [[values for values, _ in row] for row in cells],
        "without": [[reasons for _, reasons in row] for row in cells],
        "words": [_words(clips.table(run), places, samples) for run in runs],
        "made": [_made(run, clips.journal(run), places, texts) for run in runs],
        "notes": [_notes(clips.journal(run), places, texts) for run in runs],
        "texts": texts.all,
    }  # fmt: skip


def clip_ids(clips: Clips, samples: Mapping[str, Sample]) -> list[str]:
    """Return every clip of the manifest, in its order, or by name where the manifest is not at hand."""
    known = {str(clip) for run in clips.runs for clip in clips.table(run)["sample_id"].unique()}
    known |= {clip for run in clips.runs for clip in clips.journal(run)}
    return [clip for clip in samples if clip in known] + sorted(known - samples.keys())


def _metric(spec: MetricSpec) -> dict[str, Any]:
    return {
        "id": spec.id, "unit": spec.unit, "decimals": spec.decimals, "direction": spec.direction if spec.ranked else "",
        "description": spec.description,
    }  # fmt: skip


def _has_values(table: pd.DataFrame, spec: MetricSpec) -> bool:
    return bool(table.loc[table["metric"] == spec.id, "value"].notna().any())


def _column(
    table: pd.DataFrame, spec: MetricSpec, places: Mapping[str, int], texts: Texts
) -> tuple[list[float | None], dict[int, list[int]]]:
    """Return a metric's values of a run, one for each clip, and why clips have none: place -> code, text."""
    mine = table[table["metric"] == spec.id]
    values: list[float | None] = [None] * len(places)
    without: dict[int, list[int]] = {}
    for clip, value, status, detail in zip(
        mine["sample_id"], mine["value"], mine["status"], mine["detail"], strict=True
    ):
        place = places[str(clip)]
        if status == "ok" and value is not None and np.isfinite(value):
            values[place] = round(float(value) * spec.scale, spec.decimals + DIGITS)
        else:
            reason = str(detail_of(detail).get("reason", "")) or "no number"
            without[place] = [CODES.get(str(status), 1), texts.place(reason)]
    return values, without


def _subsets(clips: Clips, places: Mapping[str, int]) -> list[str]:
    found = [""] * len(places)
    for run in clips.runs:
        table = clips.table(run).drop_duplicates("sample_id")
        for clip, subset in zip(table["sample_id"], table["subset"], strict=True):
            found[places[str(clip)]] = str(subset or "")
    return found


def _facts(ids: Sequence[str], samples: Mapping[str, Sample]) -> dict[str, list[Any]]:
    """Return what the benchmark says of its clips; a column that says nothing is left out."""
    found = [samples.get(clip) for clip in ids]
    facts: dict[str, list[Any]] = {
        name: [getattr(sample, name) if sample else None for sample in found]
        for name in ("label", "caption", "transcript", "problem")
    }
    facts["events"] = [[round(t, 3) for t in sample.events] if sample and sample.events else None for sample in found]
    facts["seconds"] = [round(sample.duration, 3) if sample else None for sample in found]
    return {name: column for name, column in facts.items() if any(column)}


def hypotheses(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the details of the first metric of each clip that says what was heard, by clip."""
    heard = table[table["detail"].str.contains('"hypothesis"', regex=False)].drop_duplicates("sample_id")
    return {str(clip): detail_of(detail) for clip, detail in zip(heard["sample_id"], heard["detail"], strict=True)}


def _words(table: pd.DataFrame, places: Mapping[str, int], samples: Mapping[str, Sample]) -> dict[int, str]:
    found = {}
    for clip, detail in hypotheses(table).items():
        sample = samples.get(clip)
        words = marked(spoken((sample and sample.transcript) or ""), detail)
        if words is not None:
            found[places[clip]] = compact(words)
    return found


def _made(
    run: LoadedRun, lines: Mapping[str, Generation], places: Mapping[str, int], texts: Texts
) -> dict[int, list[int]]:
    """Return of the clips that have no sound why: place -> code, text."""
    found = {}
    for clip, line in lines.items():
        if line.status != "ok":
            found[places[clip]] = [CODES.get(line.status, 1), texts.place(line.error or "no sound")]
        elif line.path is None or not (run.path / line.path).exists():
            found[places[clip]] = [CODES["missing"], texts.place("its audio file is gone")]
    return found


def _notes(lines: Mapping[str, Generation], places: Mapping[str, int], texts: Texts) -> dict[int, list[int]]:
    """Return what is to be said of single sounds: place -> texts. The page shows them beside the clip."""
    found = {places[clip]: [texts.place(note) for note in clip_notes(line)] for clip, line in lines.items()}
    return {place: notes for place, notes in found.items() if notes}


def clip_notes(line: Generation) -> list[str]:
    """Return what is odd about a sound that was taken as it is, one text a note."""
    return [line.note] if line.note else []
