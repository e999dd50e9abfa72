"""Runs as `evaluation-tables.json` of Papers with Code, whose dumps and successors keep results in this layout.

A list of tasks, each with data sets, each with a table of rows (https://github.com/paperswithcode/sota-extractor).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.exports.base import numbers, title
from vsseval.store import atomic, codec
from vsseval.tables.text import TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun

__all__ = ["papers_with_code"]


def papers_with_code(runs: Sequence[LoadedRun], folder: Path) -> list[Path]:
    """Write one file with a table for each task and benchmark; values are texts, as there."""
    tables: dict[str, dict[str, list[LoadedRun]]] = {}
    for run in runs:
        card = run.record.benchmark
        tables.setdefault(TASKS[card.task], {}).setdefault(f"{card.title} {card.version}", []).append(run)
    found = [
        {
            "task": task, "description": "", "categories": ["Audio"], "subtasks": [], "synonyms": [],
            "datasets": [_dataset(name, mine) for name, mine in sets.items()],
        }
        for task, sets in tables.items()
    ]  # fmt: skip
    path = folder / "evaluation-tables.json"
    atomic.write_bytes(path, codec.pretty(found))
    return [path]


def _dataset(name: str, runs: Sequence[LoadedRun]) -> dict[str, Any]:
    rows = [_row(run) for run in runs]
    metrics = list(dict.fromkeys(metric for row in rows for metric in row["metrics"]))
    return {
        "dataset": name, "description": runs[0].record.benchmark.description, "dataset_citations": [],
        "dataset_links": [], "subdatasets": [], "sota": {"metrics": metrics, "rows": rows},
    }  # fmt: skip


def _row(run: LoadedRun) -> dict[str, Any]:
    values = {
        f"{number.metric}{f', {number.subset}' if number.subset else ''}": f"{number.value:.{number.decimals}f}"
        for number in numbers(run)
    }
    return {
        "model_name": title(run), "metrics": values, "paper_title": "", "paper_url": "", "paper_date": None,
        "code_links": [], "model_links": [], "uses_additional_data": False,
    }  # fmt: skip
