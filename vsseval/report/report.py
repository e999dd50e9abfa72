"""Turns runs into the report: one HTML file with tables, plots, players, failures and provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.report import calibration
from vsseval.report.clip_cards import card
from vsseval.report.clips import Clips
from vsseval.report.embed import MediaBudget
from vsseval.report.figures import forest_plot, svg
from vsseval.statistics.flagged import flagged_clips, said
from vsseval.statistics.run_cache import RunCache
from vsseval.store import atomic
from vsseval.tables.html import rendered
from vsseval.tables.html import table as html_table
from vsseval.tables.layout import Section, sections
from vsseval.tables.text import BOLD_RULES, LEGEND, SECOND_RULE, title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from vsseval.records import RunRecord
    from vsseval.report.clips import Choice
    from vsseval.statistics.calibration import Calibration
    from vsseval.store.record import LoadedRun
    from vsseval.types import Sample

TEMPLATES = Path(__file__).parent / "templates"
MEGABYTE = 1_000_000
BUDGET = 40 * MEGABYTE
"""Bytes of embedded media: mail servers and browsers take such a page without complaint."""
CLIPS = 12
"""Clips shown of each benchmark."""
FAILURES_SHOWN = 200
FLAGS_SHOWN = 50
"""Clips named for each kind of flag."""
LONGEST_TITLE = 80


class Media(NamedTuple):
    """What a benchmark adds to the record of a run: the clips themselves, with their videos and transcripts."""

    samples: Mapping[str, Sample] = {}
    """By clip id."""
    note: str = ""
    """Why there are none, or what is wrong with them; usually empty."""


class Part(NamedTuple):
    """One benchmark on its way to the page."""

    section: Section
    clips: Clips
    media: Media


def write_report(
    runs: Iterable[LoadedRun],
    target: Path,
    *,
    budget: int = BUDGET,
    clips: int = CLIPS,
    calibrations: Sequence[Calibration] = (),
    media: Callable[[RunRecord], Media] | None = None,
) -> MediaBudget:
    """Write the report of some runs, from their directories alone but for the benchmarks' own videos and transcripts.

    Args:
        runs: any runs; of each model on each benchmark the newest finished one is shown.
        target: the HTML file, replaced if it exists.
        budget: bytes of the page that media may take; 0 leaves out players and spectrograms.
        clips: how many clips of each benchmark to show, at most.
        calibrations: of benchmarks; each becomes a section of its own.
        media: finds the clips of a run's benchmark; None shows neither its videos nor its transcripts.

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
    parts = [_part(section, media if clips else None, cache) for section in found]
    media_budget = MediaBudget(budget)
    cards = _cards(parts, media_budget, clips)
    page = rendered("report.html", {
        "sections": [_section(part, shown, i) for i, (part, shown) in enumerate(zip(parts, cards, strict=True))],
        "calibrations": [calibration.section(one) for one in calibrations],
        "calibration_legend": calibration.LEGEND,
        "summary": _summary(found),
        "legend": LEGEND,
        "bold": [BOLD_RULES[rule] for rule in sorted({s.whole.bold for s in found})],
        "shelf": media_budget,
        "second": SECOND_RULE,
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
        "sections": [{**_overview(section, index), "cards": []} for index, section in enumerate(found)],
        "calibrations": [],
        "summary": _summary(found),
        "legend": LEGEND,
        "bold": [BOLD_RULES[rule] for rule in sorted({s.whole.bold for s in found})],
        "shelf": MediaBudget(0),
        "second": SECOND_RULE,
        "record_only": True,
    }, TEMPLATES)  # fmt: skip


def _part(section: Section, media: Callable[[RunRecord], Media] | None, cache: RunCache) -> Part:
    found = media(section.group.runs[0].record) if media else Media()
    return Part(section, Clips(section.group, section.whole, cache), found)


def _cards(parts: list[Part], media_budget: MediaBudget, limit: int) -> list[list[dict[str, Any]]]:
    """Spend the media budget in turns, so that what is left out leaves every benchmark with its first clips."""
    chosen: list[list[Choice]] = []
    for part in parts:
        specs = {m: spec for run in part.section.group.runs for m, spec in run.record.metrics.items()}
        chosen.append(part.clips.choose(list(specs.values()), limit))
    cards: list[list[dict[str, Any]]] = [[] for _ in parts]
    for place in range(max((len(c) for c in chosen), default=0)):
        for part, choices, shown in zip(parts, chosen, cards, strict=True):
            if place < len(choices):
                sample = part.media.samples.get(choices[place].clip)
                shown.append(card(choices[place], sample, part.clips, part.section.whole, media_budget))
    return cards


def _section(part: Part, cards: list[dict[str, Any]], index: int) -> dict[str, Any]:
    failures = part.clips.failures()
    return {
        **_overview(part.section, index),
        "cards": cards,
        "media_note": part.media.note,
        "failures": failures[:FAILURES_SHOWN],
        "failures_more": max(0, len(failures) - FAILURES_SHOWN),
    }


def _overview(section: Section, index: int) -> dict[str, Any]:
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


def _summary(found: list[Section]) -> dict[str, Any]:
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
