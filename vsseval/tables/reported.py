"""Reads numbers quoted from papers (`leaderboards/reported.csv`), and puts those that fit below the rows of a block."""

from __future__ import annotations

import math
import re
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.tables.cells import Block, Cell, Column, Notes, Row
from vsseval.text.readers import Unreadable, csv_rows, file_text
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TRUST = {
    "authors-repo": "read in the authors' repository",
    "authors-repo-older-version": "read in an older version of the authors' repository",
    "authors-repo-code": "read in the authors' plotting code",
    "third-party-repo": "read in another project's repository",
    "third-party-page": "read on a third party's page",
    "secondary-note": "from somebody's note on the paper, not checked against it",
    "secondary-digest": "from a machine-written digest of the paper, not checked against it",
}
"""Where a number was seen, from the most to the least to be trusted, and what is said of it."""
TASKS = ("v2s", "vtts", "joint", "tts", "a2v", "classifier", "oracle")
_SAME = 0.01
"""Share of a number by which two sources may round it differently."""
DIRECTIONS = {"up": "↑", "down": "↓", "none": ""}
CAUTION = (
    "Reported numbers are quoted, not measured here, and not ranked: behind the same name other clips, networks, "
    "rates or averages may lie."
)


class Reported(Record, frozen=True):
    """One number of one source; one row of the file."""

    table: str
    """Numbers of one table were made in one way; numbers of two tables mostly were not."""
    task: str
    benchmark: str
    suite: str
    """The benchmark of vsseval that this is; empty where there is none."""
    setting: str
    system: str
    system_as_printed: str
    metric: str
    """As the source names it: the same name means different things in different sources."""
    name: str
    """The metric of vsseval whose scale this has ("fd_passt", without a recipe); empty where it is not known."""
    recipe: str
    """The recipe of vsseval by which the source measured ("avbench"), where it says so; empty where it is not known."""
    direction: str
    value: float
    value_as_printed: str
    plus_minus: float | None
    unit: str
    epoch: str
    n_clips: int | None
    trust: str
    source: str
    notes: str


FIELDS = Reported.__struct_fields__


def read_reported(path: Path) -> list[Reported]:
    """Read the file.

    Raises:
        UsageError: it is missing, or a row is wrong; the first such row is named.
    """
    rows, faults = examine(path)
    if faults:
        raise UsageError(f"{path}, {faults[0]}. See all with: vsseval leaderboard check")
    return rows


def examine(path: Path) -> tuple[list[Reported], list[str]]:
    """Read the file, and say what is wrong with it, row by row.

    Raises:
        UsageError: it cannot be read at all.
    """
    try:
        text = file_text(path)
    except FileNotFoundError:
        raise UsageError(
            f"there are no reported numbers: {path} does not exist. Name the file with: --reported-from FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    lines = ((line, cells) for line, cells in csv_rows(text) if cells)
    try:
        table = [*lines]
    except Unreadable as error:
        return [], [str(error)]
    heads = tuple(table[0][1]) if table else ()
    if heads != FIELDS:
        there = ", ".join(heads[: 2 * len(FIELDS)])
        return [], [f"line 1: the columns are {there}; they ought to be {', '.join(FIELDS)}"]
    rows: list[Reported] = []
    faults: list[str] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in table[1:]:
        found, wrong = _parsed(dict(zip(FIELDS, cells, strict=True)) if len(cells) == len(FIELDS) else {})
        faults += [f"line {line}: {what}" for what in wrong]
        if found is None:
            continue
        key = found.table, found.system_as_printed, found.metric, found.epoch, found.setting
        if key in seen:
            faults.append(f"line {line}: the same number as in line {seen[key]} ({', '.join(filter(None, key))})")
        seen.setdefault(key, line)
        rows.append(found)
    return rows, faults


def _parsed(row: dict[str, str]) -> tuple[Reported | None, list[str]]:
    if not row:
        return None, [f"it ought to have {len(FIELDS)} fields"]
    numbers: dict[str, float | int | None] = {}
    faults = []
    for name in ("value", "plus_minus", "n_clips"):
        try:
            numbers[name] = (int(row[name]) if name == "n_clips" else float(row[name])) if row[name] else None
        except ValueError:
            faults.append(f"{name} is '{row[name]}', which is no number")
    if faults:
        return None, faults
    if numbers["value"] is None:
        return None, ["it has no value"]
    found = msgspec.convert({**row, **numbers}, Reported)
    return found, _faults(found)


def _faults(row: Reported) -> list[str]:
    """Say what is wrong with a row whose fields are of the right kinds."""
    needed = ("table", "benchmark", "system", "system_as_printed", "metric", "value_as_printed", "source")
    faults = [f"{name} is empty" for name in needed if not getattr(row, name).strip()]
    for name, known in (("trust", TRUST), ("task", TASKS), ("direction", DIRECTIONS)):
        if getattr(row, name) not in known:
            faults.append(f"{name} is '{getattr(row, name)}'; it ought to be one of {', '.join(known)}")
    if not math.isfinite(row.value) or (row.plus_minus is not None and not 0 <= row.plus_minus < math.inf):
        faults.append(f"{row.value} ± {row.plus_minus} is no number")
    if row.n_clips is not None and row.n_clips < 1:
        faults.append(f"n_clips is {row.n_clips}")
    if row.recipe and not row.name:
        faults.append(f"recipe is '{row.recipe}', of a metric that has no name here")
    if row.name and not re.fullmatch(r"[a-z][a-z0-9_]*", row.name):
        faults.append(f"name is '{row.name}'; the name of a metric has small letters, digits and underscores")
    return faults


def with_reported(block: Block, reported: Iterable[Reported]) -> Block:
    """Put reported numbers of the same benchmark below a block's rows.

    A number stands in a column if its name is that of the column's metric. It is grey, cited and never ranked, and
    has a note wherever it was measured in another way than the column, or nobody knows in which; another one where
    sources disagree about the same system. Of training curves the last epoch is taken.

    Args:
        block: of one whole benchmark; a part has no reported numbers.
        reported: any.
    """
    names = {column.name for column in block.columns if column.name}
    fitting = [row for row in reported if not block.subset and _same(block.benchmark, row.suite) and row.name in names]
    if not fitting:
        return block
    notes = Notes()
    notes.texts = [*block.notes]
    rows, disputed = [], _disputed(fitting)
    for (table, system), mine in _grouped(fitting).items():
        values = {row.name: row for row in mine}
        cells = tuple(_cell(values.get(column.name), column, notes, disputed) for column in block.columns)
        cited = notes.add(citation(mine[0]))
        rows.append(Row(label=system, bound=False, reported=True, run=table, cells=cells, notes=cited))
    return msgspec.structs.replace(
        block, rows=(*block.rows, *rows), notes=tuple(notes.texts), remarks=(*block.remarks, CAUTION)
    )


def citation(row: Reported) -> str:
    """Say where a number was seen, how far that is to be trusted, and in what setting it was made."""
    facts = [row.source, TRUST[row.trust], row.setting, f"N = {row.n_clips}" if row.n_clips else ""]
    return "; ".join(fact for fact in facts if fact)


def _same(benchmark: str, suite: str) -> bool:
    return bool(suite) and re.fullmatch(rf"{re.escape(suite)}([_:-].*)?", benchmark) is not None


def _grouped(rows: Sequence[Reported]) -> dict[tuple[str, str], list[Reported]]:
    found: dict[tuple[str, str], list[Reported]] = {}
    for row in rows:
        found.setdefault((row.table, row.system_as_printed), []).append(row)
    return found


def difference(row: Reported, column: Column) -> str:
    """Say in what a number was measured otherwise than a column, as far as its source says; "" if in nothing."""
    told = []
    if not row.recipe:
        told.append("its source does not say by which network, rate and average it was measured")
    elif f"{row.name}@{row.recipe}" != column.metric:
        told.append(f"measured by {row.name}@{row.recipe}, the column by {column.metric}")
    if row.n_clips and column.total and row.n_clips != column.total:
        told.append(f"of {row.n_clips:,} clips, the column of {column.total:,}")
    return f"not by this recipe as far as is known: {'; '.join(told)}" if told else ""


def _disputed(rows: Sequence[Reported]) -> dict[tuple[str, str], str]:
    """Return what is said of numbers that sources print differently, by system and metric."""
    found: dict[tuple[str, str], dict[str, Reported]] = {}
    for row in rows:
        found.setdefault((row.system, row.name), {})[row.table] = row
    texts = {}
    for (system, name), tables in found.items():
        values = sorted(row.value for row in tables.values())
        if values[-1] - values[0] > _SAME * max(abs(values[0]), abs(values[-1])):
            printed = sorted({row.value_as_printed: row.value for row in tables.values()}.items(), key=itemgetter(1))
            texts[system, name] = f"{len(tables)} tables print {', '.join(text for text, _ in printed)} for {system}"
    return texts


def _cell(row: Reported | None, column: Column, notes: Notes, disputed: dict[tuple[str, str], str]) -> Cell:
    if row is None:
        return Cell(status="missing")
    half = row.plus_minus
    told = [text for text in (difference(row, column), disputed.get((row.system, row.name), "")) if text]
    return Cell(
        notes=tuple(number for text in told for number in notes.add(text)),
        status="ok", value=row.value, printed=row.value_as_printed, n=row.n_clips or 0,
        low=None if half is None else row.value - half, high=None if half is None else row.value + half,
    )  # fmt: skip
