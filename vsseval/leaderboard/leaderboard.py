"""Turns accepted records and reported numbers into a static site that opens from disk, and checks them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.errors import UsageError, VssevalError
from vsseval.leaderboard.entries import LeaderboardEntry, entry_faults, read_entry
from vsseval.report.report import record_page
from vsseval.statistics.gate_rules import load_gates
from vsseval.store import atomic
from vsseval.store.layout import safe_name
from vsseval.store.leftovers import is_leftover
from vsseval.tables.html import rendered, table
from vsseval.tables.layout import sections
from vsseval.tables.reported import CAUTION, DIRECTIONS, TRUST, Reported, examine
from vsseval.tables.text import BOLD_RULES, LEGEND, SECOND_RULE, TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATES = Path(__file__).parent / "templates"
MORE_TASKS = {"a2v": "audio to video", "classifier": "classifiers", "oracle": "test values of a tool"}


class Verdict(NamedTuple):
    """What a check found."""

    records: int
    reported: int
    faults: list[tuple[Path, str]]
    """File, and what is wrong with it."""


def check(folder: Path) -> Verdict:
    """Check all that a leaderboards folder holds: records, reported numbers, rules of the gate.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}. Name another one with: --leaderboards DIR")
    paths = _records(folder)
    faults = [(path, fault) for path in paths for fault in entry_faults(path)]
    strangers = [
        path
        for path in sorted((folder / "records").glob("*"))
        if path not in paths and path.name != "README.md" and not is_leftover(path.name)
    ]
    faults += [(path, "it is no record: only .json files belong here") for path in strangers]
    quoted = folder / "reported.csv"
    rows: list[Reported] = []
    if quoted.exists():
        rows, wrong = examine(quoted)
        faults += [(quoted, fault) for fault in wrong]
    gates = folder / "gates.toml"
    if gates.exists():
        try:
            load_gates(gates)
        except VssevalError as error:
            faults.append((gates, str(error).removeprefix(f"{gates}: ")))
    return Verdict(len(paths), len(rows), faults)


def build(folder: Path, target: Path) -> Verdict:
    """Write the site: `index.html`, copies of the records, and a report made from each.

    Args:
        folder: the leaderboards folder; it has to pass `check`.
        target: folder of the site; files of the same names are replaced.

    Raises:
        UsageError: something is wrong with a record or a reported number.
        EnvironmentFault: the site cannot be written.
    """
    verdict = check(folder)
    if verdict.faults:
        path, fault = verdict.faults[0]
        raise UsageError(
            f"{path}: {fault} ({len(verdict.faults)} faults in all; see them with: vsseval leaderboard check "
            f"--leaderboards {folder})"
        )
    entries = [read_entry(path)[0] for path in _records(folder)]
    reported = examine(folder / "reported.csv")[0] if (folder / "reported.csv").exists() else []
    for entry in entries:
        _copy(folder / "records" / f"{safe_name(entry.id)}.json", target / "records")
        atomic.write_bytes(target / "reports" / f"{safe_name(entry.id)}.html", record_page(entry.loaded).encode())
    atomic.write_bytes(target / "index.html", _page(entries, reported).encode())
    return verdict


def _records(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "records").glob("*.json") if not is_leftover(path.name))


def _copy(source: Path, folder: Path) -> None:
    with atomic.as_environment_fault(folder):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / source.name)


def _page(entries: Sequence[LeaderboardEntry], reported: Sequence[Reported]) -> str:
    measured = _measured(entries)
    quoted = _quoted(reported)
    tasks = dict.fromkeys(section["task"] for section in (*measured, *quoted))
    suites = dict.fromkeys(section["suite"] for section in (*measured, *quoted))
    names = {**TASKS, **MORE_TASKS}
    return rendered("leaderboard.html", {
        "measured": measured, "quoted": quoted, "records": len(entries), "numbers": len(reported),
        "tasks": [(task, names[task]) for task in tasks], "suites": sorted(suites, key=str.casefold),
        "legend": LEGEND, "bold": BOLD_RULES["distances"], "second": SECOND_RULE, "caution": CAUTION,
    }, TEMPLATES)  # fmt: skip


def _measured(entries: Sequence[LeaderboardEntry]) -> list[dict[str, Any]]:
    by_id = {entry.id: entry for entry in entries}
    found = []
    for section in sections([entry.loaded for entry in entries], subsets=True):
        block = section.whole
        shown = table(block)
        for part in shown["parts"]:
            for row in part["rows"]:
                row["more"] = _facts(by_id[row["run"]])
        found.append({
            "task": block.task, "suite": block.benchmark, "table": shown,
            "parts": [table(part) for part in section.parts],
            "about": by_id[block.rows[0].run].run.benchmark.description if block.rows else "",
        })  # fmt: skip
    return found


def _facts(entry: LeaderboardEntry) -> dict[str, Any]:
    """Return what opens below a measured row: who, when, with what, and the files."""
    run = entry.run
    packages = run.provenance.get("packages", {})
    facts = {
        "model": f"{run.model.name} {run.model.version}", "weights": run.model.weights, "licence": run.model.licence,
        "asked as": run.spec.model, "profile": run.spec.profile, "finished": run.finished,
        "seed": ", ".join(map(str, run.spec.every_seed)),
        "clips": ", ".join(f"{count} {status}" for status, count in run.clips.items()),
        "manifest": run.manifest_sha256, "commit": run.provenance.get("commit"),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "sha256 of the record": entry.sha256,
    }  # fmt: skip
    return {
        "facts": {name: value for name, value in facts.items() if value not in {None, ""}},
        "signatures": [cell.signature for cell in entry.aggregates if cell.signature and not cell.subset],
        "record": f"records/{safe_name(entry.id)}.json",
        "report": f"reports/{safe_name(entry.id)}.html",
    }


def _quoted(reported: Sequence[Reported]) -> list[dict[str, Any]]:
    """Return a table for each table of the sources; numbers of two are never put together."""
    tables: dict[str, list[Reported]] = {}
    for row in reported:
        tables.setdefault(row.table, []).append(row)
    order = {task: place for place, task in enumerate((*TASKS, *MORE_TASKS))}
    found = [_quoted_table(name, rows) for name, rows in tables.items()]
    # What vsseval has a benchmark for comes first.
    return sorted(found, key=lambda one: (order[one["task"]], not one["known"], one["suite"].casefold()))


def _quoted_table(name: str, rows: Sequence[Reported]) -> dict[str, Any]:
    first = rows[0]
    # A source may print one metric in several settings or epochs: each is a column.
    settings = {row.setting for row in rows}
    columns = list(dict.fromkeys(_head(row, alone=len(settings) == 1) for row in rows))
    systems: dict[str, dict[tuple[str, str], Reported]] = {}
    for row in rows:
        systems.setdefault(row.system_as_printed, {})[_head(row, alone=len(settings) == 1)] = row
    return {
        "id": name, "task": first.task, "known": bool(first.suite), "suite": first.suite or first.benchmark,
        "title": first.benchmark,
        "setting": first.setting if len(settings) == 1 else "", "source": first.source, "trust": first.trust,
        "says": TRUST[first.trust], "notes": list(dict.fromkeys(row.notes for row in rows if row.notes)),
        "columns": columns,
        "rows": [
            {"system": system, "name": next(iter(cells.values())).system,
             "cells": [cells.get(column) for column in columns],
             "n": sorted({row.n_clips for row in cells.values() if row.n_clips})}
            for system, cells in systems.items()
        ],
    }  # fmt: skip


def _head(row: Reported, *, alone: bool) -> tuple[str, str]:
    """Return the head of a column: the metric with its arrow, and below it the epoch or the setting."""
    below = ", ".join(filter(None, [f"epoch {row.epoch}" if row.epoch else "", "" if alone else row.setting, row.unit]))
    return f"{row.metric} {DIRECTIONS[row.direction]}".strip(), below
