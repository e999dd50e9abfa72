"""Turns accepted records and reported numbers into a static site that opens from disk, and checks them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vsseval.errors import UsageError, VssevalError
from vsseval.leaderboard.board_csv import board_csv
from vsseval.leaderboard.boards import boards
from vsseval.leaderboard.entries import LeaderboardEntry, entry_faults, read_entry
from vsseval.report.report import record_page
from vsseval.statistics.gate_rules import load_gates
from vsseval.store import atomic
from vsseval.tables.html import json_block, rendered
from vsseval.tables.reported import CAUTION, Reported, examine
from vsseval.tables.text import BOLD_RULES, LEGEND, SECOND_RULE

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATES = Path(__file__).parent / "templates"


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
    paths = sorted((folder / "records").glob("*.json"))
    faults = [(path, fault) for path in paths for fault in entry_faults(path)]
    strangers = [
        path for path in sorted((folder / "records").glob("*")) if path not in paths and path.name != "README.md"
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
    """Write the site: `index.html`, a CSV file for each task, copies of the records, and a report made from each.

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
    entries = [read_entry(path)[0] for path in sorted((folder / "records").glob("*.json"))]
    reported = examine(folder / "reported.csv")[0] if (folder / "reported.csv").exists() else []
    for entry in entries:
        _copy(folder / "records" / f"{entry.id}.json", target / "records")
        atomic.write_bytes(target / "reports" / f"{entry.id}.html", record_page(entry.loaded).encode())
    for board in boards(entries, reported):
        atomic.write_bytes(target / f"{board['task']}.csv", board_csv(board).encode())
    atomic.write_bytes(target / "index.html", _page(entries, reported).encode())
    return verdict


def _copy(source: Path, folder: Path) -> None:
    with atomic.as_environment_fault(folder):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / source.name)


def _page(entries: Sequence[LeaderboardEntry], reported: Sequence[Reported]) -> str:
    found = boards(entries, reported)
    return rendered("leaderboard.html", {
        "boards": [(board["task"], board["name"], json_block(board)) for board in found],
        "records": len(entries), "numbers": len(reported), "tables": len({row.table for row in reported}),
        "legend": LEGEND, "bold": BOLD_RULES["distances"], "second": SECOND_RULE, "caution": CAUTION,
    }, TEMPLATES)  # fmt: skip
