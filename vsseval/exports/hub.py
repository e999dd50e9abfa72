"""Runs as model cards of the Hugging Face Hub: `README.md` with a `model-index`, one for each system.

The layout is that of the Hub's documentation: https://huggingface.co/docs/hub/model-cards#evaluation-results
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.exports.base import numbers, title
from vsseval.store import atomic
from vsseval.store.layout import slug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.exports.base import Number
    from vsseval.store.record import LoadedRun

__all__ = ["hub"]

TASKS = {
    "v2s": ("video-to-audio", "Video to sound"),
    "vtts": ("text-to-speech", "Visual text to speech"),
    "tts": ("text-to-speech", "Text to speech"),
    "joint": ("video-to-audio", "Video to sound and speech"),
}
"""Task -> the Hub's type and a name for people."""


def hub(runs: Sequence[LoadedRun], folder: Path) -> list[Path]:
    """Write one card for each system, with a result for each of its runs."""
    systems: dict[str, list[LoadedRun]] = {}
    for run in runs:
        systems.setdefault(title(run), []).append(run)
    return [_card(name, mine, folder) for name, mine in systems.items()]


def _card(name: str, runs: Sequence[LoadedRun], folder: Path) -> Path:
    index = [{"name": name, "results": [_result(run) for run in runs]}]
    types = list(dict.fromkeys(TASKS[run.record.benchmark.task][0] for run in runs))
    head = {"tags": ["vsseval", *types], "model-index": index}
    body = [f"# {name}", "", "Measured with vsseval; every number has a 95 % interval and a signature.", ""]
    for run in runs:
        body += _table(run)
    path = folder / "hub" / slug(name) / "README.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, "\n".join(["---", *_yaml(head), "---", "", *body]).encode())
    return path


def _result(run: LoadedRun) -> dict[str, Any]:
    card = run.record.benchmark
    kind, task = TASKS[card.task]
    return {
        "task": {"type": kind, "name": task},
        "dataset": {"type": card.title, "name": card.title, "revision": card.version},
        "metrics": [_metric(number) for number in numbers(run)],
    }


def _metric(number: Number) -> dict[str, Any]:
    part = f", {number.subset}" if number.subset else ""
    return {
        "type": number.name,
        "name": f"{number.metric}{part}{f' ({number.unit})' if number.unit else ''}",
        "value": number.value,
        "args": {
            "interval_95": [number.low, number.high], "n": number.n, "total": number.total,
            "signature": number.signature,
        },
    }  # fmt: skip


def _table(run: LoadedRun) -> list[str]:
    card = run.record.benchmark
    lines = [f"## {card.title} {card.version}", "", "| metric | value | 95 % interval | clips |", "|---|---:|---|---:|"]
    for number in numbers(run):
        ends = [f"{end:.{number.decimals}f}" for end in (number.low, number.high) if end is not None]
        part = f", {number.subset}" if number.subset else ""
        arrow, unit = "↑" if number.higher_is_better else "↓", f" {number.unit}" if number.unit else ""
        cells = (f"{number.metric}{part} {arrow}{unit}", f"{number.value:.{number.decimals}f}", " to ".join(ends))
        lines.append(f"| {' | '.join(cells)} | {number.n}/{number.total} |")
    return [*lines, ""]


def _yaml(data: Mapping[str, Any], indent: str = "") -> list[str]:
    """Return a mapping as lines of YAML; texts and numbers are written as JSON, which YAML reads."""
    lines = []
    for key, value in data.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            lines.append(f"{indent}{key}:")
            for item in value:
                first, *rest = _yaml(item, f"{indent}    ")
                lines += [f"{indent}  - {first.strip()}", *rest]
        elif isinstance(value, dict):
            lines += [f"{indent}{key}:", *_yaml(value, f"{indent}  ")]
        else:
            lines.append(f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}")
    return lines
