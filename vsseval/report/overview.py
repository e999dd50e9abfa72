"""Turns one table into what a section of the report shows of headers and aggregates: tables, plots, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vsseval.report.figures import forest_plot, svg
from vsseval.statistics.flagged import flagged_clips, said
from vsseval.tables.html import table as html_table
from vsseval.tables.text import title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.store.record import LoadedRun
    from vsseval.tables.layout import Section

LONGEST_TITLE = 80
FLAGS_SHOWN = 50
"""Clips named for each kind of flag."""


def overview(section: Section, index: int) -> dict[str, Any]:
    """Return what a section shows of headers and aggregates: tables, plots, provenance."""
    block = section.whole
    labels = {row.run: row.label for row in block.rows}
    plots = [
        {"metric": column.metric, "what": column.description, "flag": column.flag, "doubt": column.doubt,
         "svg": svg(forest_plot(block, column), f"{column.metric} on {title(block)}")}
        for i, column in enumerate(block.columns)
        if any(row.cells[i].value is not None for row in block.rows)
    ]  # fmt: skip
    card_of = section.group.runs[0].record.benchmark
    return {
        "id": f"s{index}",
        "about": card_of.description,
        "licence": card_of.licence,
        "table": html_table(block),
        "parts": [html_table(inner) for inner in section.parts],
        "plots": plots,
        "flags": [
            (labels[run.path.name], said(kind, some, run.flags.sounds, named=FLAGS_SHOWN))
            for run in section.group.runs
            for kind, some in flagged_clips(run.flags).items()
        ],
        "runs": [_provenance(run, labels[run.path.name]) for run in section.group.runs],
    }


def _provenance(run: LoadedRun, label: str) -> dict[str, Any]:
    record = run.record
    model = record.model
    facts = {
        "run": run.path.name, "model": f"{model.name} {model.version}", "weights": model.weights,
        "licence": model.licence, "asked as": record.spec.model, "seed": ", ".join(map(str, record.spec.every_seed)),
        "device": record.spec.device, "created": record.created, "finished": record.finished,
        "manifest": record.manifest_sha256,
        "clips": ", ".join(f"{n} {status}" for status, n in record.clips.items()),
    }  # fmt: skip
    for name, value in record.provenance.items():
        if isinstance(value, dict):
            facts[name] = ", ".join(f"{k} {_short(v)}" for k, v in value.items())
        else:
            facts[name] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return {
        "label": label,
        "facts": {name: value for name, value in facts.items() if value not in {None, ""}},
        "signatures": [cell.signature for cell in run.aggregates if cell.signature],
    }


def _short(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(str(value[key])[:12] for key in ("version", "weights") if key in value)
    return str(value)


def summary(found: Sequence[Section]) -> dict[str, Any]:
    """Return the head of the page."""
    records = [run.record for section in found for run in section.group.runs]
    systems = {row.label for section in found for row in section.whole.rows if not row.bound}
    names = ", ".join(sorted(systems)) or "The bounds"
    return {
        "title": names if len(names) <= LONGEST_TITLE else f"{len(systems)} systems compared",
        "benchmarks": len({section.whole.benchmark for section in found}),
        "runs": len(records),
        "newest": max((record.finished or record.created)[:10] for record in records),
        "versions": sorted({str(r.provenance.get("packages", {}).get("vsseval", "")) for r in records} - {""}),
    }
