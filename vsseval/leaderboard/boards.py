"""Turns accepted records and reported numbers into one board a task: rows of systems, columns of metrics.

Measured and reported numbers share a board and never a column: a measured one stands under the metric's id with its
recipe (`fad@logmel`), a reported one under the name that its source uses, or that of the metric which it claims to be.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vsseval.leaderboard.sources import source_link
from vsseval.store.layout import safe_name
from vsseval.tables.html import table
from vsseval.tables.layout import sections
from vsseval.tables.reported import DIRECTIONS, TRUST
from vsseval.tables.text import TASKS, circumstances

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vsseval.leaderboard.entries import LeaderboardEntry
    from vsseval.tables.cells import Block
    from vsseval.tables.reported import Reported

MORE_TASKS = {"a2v": "audio to video", "classifier": "classifiers", "oracle": "test values of a tool"}
NAMES = {**TASKS, **MORE_TASKS}


def boards(
    entries: Sequence[LeaderboardEntry], reported: Sequence[Reported], signers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return a board for each task that has a number, in the order of the tasks.

    Args:
        entries: accepted records.
        reported: numbers that others print.
        signers: who signed each record, by its id; empty for nobody.

    Returns:
        Of each: `task`, `name`, `columns` (key, head, unit, arrow, kind, tip) and `rows` (id, system, kind, suite,
        part, source, link, cells by column: text, number, interval, tip; facts; links; signatures).
    """
    found: dict[str, dict[str, Any]] = {}
    for task, columns, rows in (*_measured(entries, signers), *_reported(reported)):
        board = found.setdefault(task, {"task": task, "name": NAMES[task], "columns": {}, "rows": []})
        for key, column in columns.items():
            known = board["columns"].setdefault(key, column)
            if known["arrow"] != column["arrow"]:
                known["arrow"] = ""  # sources do not agree which way is better
        board["rows"] += rows
    ordered = [found[task] for task in NAMES if task in found]
    for board in ordered:
        board["columns"] = list(board["columns"].values())
        _distinct(board["rows"])
    return ordered


def _distinct(rows: list[dict[str, Any]]) -> None:
    """Give each row an address of its own."""
    seen: dict[str, int] = {}
    for row in rows:
        seen[row["id"]] = seen.get(row["id"], 0) + 1
        if seen[row["id"]] > 1:
            row["id"] = f"{row['id']}~{seen[row['id']]}"


Board = tuple[str, dict[str, dict[str, Any]], list[dict[str, Any]]]


def _measured(entries: Sequence[LeaderboardEntry], signers: Mapping[str, str]) -> Iterator[Board]:
    by_id = {entry.id: entry for entry in entries}
    for section in sections([entry.loaded for entry in entries], subsets=True):
        for block in (section.whole, *section.parts):
            columns = {
                column.metric: {
                    "key": column.metric, "head": column.name, "recipe": column.recipe_line, "unit": column.unit,
                    "arrow": column.arrow, "kind": "measured", "tip": column.description, "decimals": column.decimals,
                }
                for column in block.columns
            }  # fmt: skip
            yield block.task, columns, _measured_rows(block, by_id, signers)


def _measured_rows(
    block: Block, by_id: dict[str, LeaderboardEntry], signers: Mapping[str, str]
) -> list[dict[str, Any]]:
    rows = []
    shown = [row for part in table(block)["parts"] for row in part["rows"]]
    for row, texts in zip(block.rows, shown, strict=True):
        cells = {
            column.metric: {
                "text": text["value"], "spread": text["spread"], "few": text["few"], "value": cell.value,
                "low": cell.low, "high": cell.high, "n": cell.n, "total": cell.total, "tip": text["tip"],
                "place": "best" if cell.best else "second" if cell.second else "",
                "why": "; ".join(block.notes[note - 1] for note in cell.notes),
            }
            for column, cell, text in zip(block.columns, row.cells, texts["cells"], strict=True)
            if cell.value is not None or cell.notes
        }  # fmt: skip
        entry = by_id[row.run]
        name = safe_name(entry.id)
        rows.append({
            "id": _slug(row.run, block.subset), "system": row.label, "kind": "bound" if row.bound else "measured",
            "suite": block.benchmark, "part": block.subset, "source": "measured with vsseval",
            "link": f"reports/{name}.html", "cells": cells,
            "facts": [
                *_facts(entry, block, [block.notes[note - 1] for note in row.notes]),
                ("signed by", signers[entry.id] or "nobody"),
            ],
            "signatures": [cell.signature for cell in row.cells if cell.signature],
            "links": [["record", f"records/{name}.json"], ["report", f"reports/{name}.html"]],
        })  # fmt: skip
    return rows


def _facts(entry: LeaderboardEntry, block: Block, notes: Sequence[str]) -> list[tuple[str, str]]:
    """Return what opens below a measured row: who, when, with what."""
    run = entry.run
    packages = run.provenance.get("packages", {})
    facts = {
        "benchmark": f"{block.benchmark} {block.version}: {circumstances(block)}. {run.benchmark.description}",
        "note": " ".join(notes), "model": f"{run.model.name} {run.model.version}", "weights": run.model.weights,
        "licence": run.model.licence, "asked as": run.spec.model, "profile": run.spec.profile,
        "finished": run.finished, "seed": ", ".join(map(str, run.spec.every_seed)),
        "clips": ", ".join(f"{count} {status}" for status, count in run.clips.items()),
        "manifest": run.manifest_sha256, "commit": run.provenance.get("commit"),
        "packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "sha256 of the record": entry.sha256,
    }  # fmt: skip
    return [(name, str(value)) for name, value in facts.items() if value not in {None, ""}]


def _reported(reported: Sequence[Reported]) -> Iterator[Board]:
    """Yield a row for each system of each table of the sources, and of each setting and epoch in it."""
    groups: dict[tuple[str, ...], list[Reported]] = {}
    for row in reported:
        groups.setdefault((row.table, row.system_as_printed, row.setting, row.epoch), []).append(row)
    for mine in groups.values():
        first = mine[0]
        columns = {_key(row): _reported_column(row) for row in mine}
        cells = {
            _key(row): {"text": row.value_as_printed, "value": row.value, "n": row.n_clips, "tip": row.metric}
            for row in mine
        }
        address = source_link(first.source)
        yield first.task, columns, [{
            "id": _slug(first.table, first.system_as_printed, first.setting, first.epoch),
            "system": first.system_as_printed, "kind": "reported", "suite": first.suite or first.benchmark, "part": "",
            "source": first.source, "link": address, "cells": cells, "facts": _said(mine), "signatures": [],
            "links": [["source", address]] if address else [],
        }]  # fmt: skip


def _said(rows: Sequence[Reported]) -> list[tuple[str, str]]:
    first = rows[0]
    counts = sorted({row.n_clips for row in rows if row.n_clips})
    facts = [
        ("known as", first.system if first.system != first.system_as_printed else ""),
        ("benchmark", first.benchmark), ("setting", first.setting), ("epoch", first.epoch),
        ("clips", ", ".join(map(str, counts))), ("source", first.source),
        ("trust", f"{first.trust}: {TRUST[first.trust]}"),
        *(("note", note) for note in dict.fromkeys(row.notes for row in rows) if note),
        ("signature", "none: it was not measured with vsseval"),
    ]  # fmt: skip
    return [fact for fact in facts if fact[1]]


def _key(row: Reported) -> str:
    name = row.name or row.metric
    return f"reported {name} {row.unit}" if row.unit else f"reported {name}"


def _reported_column(row: Reported) -> dict[str, Any]:
    return {
        "key": _key(row), "head": row.name or row.metric, "recipe": "reported", "unit": row.unit,
        "arrow": DIRECTIONS[row.direction], "kind": "reported", "decimals": 0,
        "tip": f"{row.name or row.metric} as sources print it: which clips, networks and averages lie behind differs",
    }  # fmt: skip


def _slug(*parts: str) -> str:
    return "-".join(re.sub(r"[^\w.@+]+", "-", part).strip("-") for part in parts if part)
