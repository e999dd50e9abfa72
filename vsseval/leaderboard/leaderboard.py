"""Turns accepted records and reported numbers into a static site that opens from disk, and checks them."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.errors import UsageError, VssevalError
from vsseval.leaderboard.board_csv import board_csv
from vsseval.leaderboard.boards import boards
from vsseval.leaderboard.entries import LeaderboardEntry, entry_faults, read_entry
from vsseval.leaderboard.signing import SIGNERS, signature_of
from vsseval.report.report import record_page
from vsseval.statistics.gate_rules import load_gates
from vsseval.store import atomic
from vsseval.store.layout import safe_name
from vsseval.store.leftovers import is_leftover
from vsseval.tables.html import json_block, rendered
from vsseval.tables.reported import CAUTION, Reported, examine
from vsseval.tables.text import BOLD_RULES, LEGEND, SECOND_RULE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

TEMPLATES = Path(__file__).parent / "templates"


class Verdict(NamedTuple):
    """What a check found."""

    records: int
    signed: int
    """Records with a good signature."""
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
    faults += _odd_ones(paths, {path for path, _ in faults})
    signatures = {path: signature_of(path, folder / SIGNERS) for path in paths}
    faults += [(path, signed.fault) for path, signed in signatures.items() if signed.fault]
    strangers = [
        path
        for path in sorted((folder / "records").glob("*"))
        if path not in paths
        and path.name != "README.md"
        and path.with_suffix("") not in paths
        and not is_leftover(path.name)
    ]
    faults += [(path, "it is no record: only .json files and their signatures belong here") for path in strangers]
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
    return Verdict(len(paths), sum(bool(signed.by) for signed in signatures.values()), len(rows), faults)


def _odd_ones(paths: Sequence[Path], bad: Collection[Path]) -> Iterator[tuple[Path, str]]:
    """Name records whose benchmark has another number of clips than most records of the same version and name have."""
    groups: defaultdict[tuple[str, str], list[tuple[Path, int]]] = defaultdict(list)
    for path in paths:
        if path not in bad:
            card = read_entry(path)[0].run.benchmark
            groups[card.name, card.version].append((path, card.size))
    for (name, version), found in groups.items():
        usual = Counter(size for _, size in found).most_common(1)[0][0]
        for path, size in found:
            if size != usual:
                yield path, f"it says that {name} {version} has {size} clips, other records {usual}"


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
    entries = [read_entry(path)[0] for path in _records(folder)]
    reported = examine(folder / "reported.csv")[0] if (folder / "reported.csv").exists() else []
    for entry in entries:
        record = folder / "records" / f"{safe_name(entry.id)}.json"
        for file in (record, record.with_name(f"{record.name}.sig")):
            if file.exists():
                _copy(file, target / "records")
        atomic.write_bytes(target / "reports" / f"{safe_name(entry.id)}.html", record_page(entry.loaded).encode())
    signers = {
        entry.id: signature_of(folder / "records" / f"{safe_name(entry.id)}.json", folder / SIGNERS).by
        for entry in entries
    }
    found = boards(entries, reported, signers)
    for board in found:
        atomic.write_bytes(target / f"{board['task']}.csv", board_csv(board).encode())
    atomic.write_bytes(target / "index.html", _page(found, entries, reported).encode())
    return verdict


def _records(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "records").glob("*.json") if not is_leftover(path.name))


def _copy(source: Path, folder: Path) -> None:
    with atomic.as_environment_fault(folder):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / source.name)


def _page(found: Sequence[Mapping[str, Any]], entries: Sequence[LeaderboardEntry], reported: Sequence[Reported]) -> str:
    return rendered("leaderboard.html", {
        "boards": [(board["task"], board["name"], json_block(board)) for board in found],
        "records": len(entries), "numbers": len(reported), "tables": len({row.table for row in reported}),
        "legend": LEGEND, "bold": BOLD_RULES["distances"], "second": SECOND_RULE, "caution": CAUTION,
    }, TEMPLATES)  # fmt: skip
