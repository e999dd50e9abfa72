"""Small pieces of text that every renderer shares: numbers, marks, headings and footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vsseval.text.escaping import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.tables.cells import Block, Cell, Column, Row

Interval = Literal["half", "ends"]
"""How a 95 % interval is shown: as ± half of its width, or by its two ends."""

DASH = "–"  # noqa: RUF001 - an en dash, as tables have it
FLAG = "†"
DOUBT = "‡"
ENDS = "its two ends where one arm is over 40 % longer"
LEGEND = f"value ± half of the 95 % interval, or {ENDS}; n/N where a number is over fewer clips than its column"
LEGENDS = {
    "half": LEGEND,
    "ends": "value with its 95 % interval; n/N where a number is over fewer clips than its column",
}
TASKS = {"v2s": "video to sound", "vtts": "visual TTS", "joint": "sound and speech", "tts": "TTS"}
BOLD_RULES = {
    "paired": "best system, where its paired difference from each other system is clear of zero (95 %)",
    "distances": (
        "best system, where its 95 % interval overlaps no other system's; by a distance of sets of clips, where its "
        "paired difference from each other system is clear of zero (95 %)"
    ),
    "intervals": "best system, where its 95 % interval overlaps no other system's",
}
SECOND_RULE = "second, where the same holds against all but the best"
REPORTED = "reported, not measured here"


def number(value: float | None, decimals: int) -> str:
    """Print a displayed number; never "-0.00"."""
    if value is None:
        return DASH
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def value_and_half(cell: Cell, column: Column) -> tuple[str, str]:
    """Return the value, and the half-width of its interval ("" where there is none)."""
    half = cell.half
    return number(cell.value, column.decimals), "" if half is None else number(half, column.decimals)


def value_and_spread(cell: Cell, column: Column, interval: Interval) -> tuple[str, str]:
    """Return the value, and its interval as it stands behind it ("" where there is none): ±0.05, or [0.42, 0.52].

    Where one arm is over 40 % longer than the other, and that shows in the digits printed, ± would not be true: the
    ends stand there whatever was asked for.
    """
    if cell.printed:
        value, sign, rest = cell.printed.partition("±")
        return value.strip(), f"{sign}{rest.strip()}"
    value, half = value_and_half(cell, column)
    if not half or cell.low is None or cell.high is None:
        return value, ""
    if interval == "half" and not _unequal(cell, column.decimals):
        return value, f"±{half}"
    low, high = number(cell.low, column.decimals), number(cell.high, column.decimals)
    # A minus beside a dash is hard to read.
    return value, f"[{low}, {high}]" if low.startswith("-") else f"[{low}{DASH}{high}]"


def _unequal(cell: Cell, decimals: int) -> bool:
    if not cell.lopsided or cell.value is None or cell.low is None or cell.high is None:
        return False
    return number(cell.value - cell.low, decimals) != number(cell.high - cell.value, decimals)


def marks(column: Column) -> str:
    """Return the marks behind the name of a column: of a bound that it does not see, of one that cannot be told."""
    return (FLAG if column.flag else "") + (DOUBT if column.doubt else "")


def coverage(cell: Cell, column: Column) -> str:
    """Return "n/N" where a cell is made of fewer clips than a complete cell of its column, else ""."""
    complete = cell.n == cell.total == column.total
    return "" if cell.value is None or complete or cell.printed else f"{cell.n}/{cell.total}"


def superscript(notes: tuple[int, ...]) -> str:
    """Write the numbers of footnotes as raised digits."""
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return " ".join(str(note).translate(raised) for note in notes)


def head(column: Column) -> str:
    """Name a column in one line: the metric's id, or what a paper calls it; with arrow, unit and flag."""
    parts = [column.marked(column.head or column.metric), column.arrow, column.unit]
    return " ".join(part for part in parts if part) + marks(column)


def count(column: Column) -> str:
    """Say how many clips a complete cell of a column is made of; "" for a column that no run has."""
    return f"N={column.total}" if column.total else ""


def title(block: Block) -> str:
    """Name a block: benchmark, version and part; of a wide one, all of them."""
    if block.spans:
        return ", ".join(dict.fromkeys(span.title for span in block.spans))
    part = f" · {block.subset}" if block.subset else ""
    return one_line(f"{block.benchmark} {block.version}{part}")


def circumstances(block: Block) -> str:
    """Say under a block's name what was measured: task, clips, seed."""
    if block.spans:
        return "; ".join(f"{span.title}: {span.circumstances}" for span in block.spans)
    clips = f"{block.clips} clips" + (f" (limit {block.limit})" if block.limit and not block.subset else "")
    return f"{TASKS[block.task]}, {clips}, seed {block.seed}"


def spans(block: Block) -> list[tuple[str, int]]:
    """Return the benchmarks over the columns, each with the number of its columns."""
    if block.spans:
        return [(span.title, span.columns) for span in block.spans]
    return [(title(block), len(block.columns))] if block.columns else []


def parts(block: Block) -> list[list[Row]]:
    """Return the rows in parts between which a rule stands: systems, bounds, reported numbers; none is empty."""
    kinds = [
        [row for row in block.rows if not row.bound and not row.reported],
        [row for row in block.rows if row.bound],
        [row for row in block.rows if row.reported],
    ]
    return [rows for rows in kinds if rows]


def macro_rates(block: Block, place: int, column: Column) -> str:
    """Return the unweighted means of a column whose values are ratios of sums; "" where they are the same."""
    rates = [
        f"{row.label} {number(row.cells[place].macro, column.decimals)}"
        for row in block.rows
        if row.cells[place].macro is not None
    ]
    return f"{column.metric} is micro (sums over clips); macro (mean of clips): {', '.join(rates)}" if rates else ""


def spreads(block: Block, place: int, column: Column) -> str:
    """Return what clips and their samples add to the errors of a column; "" where every clip has one sample."""
    found = []
    for row in block.rows:
        spread = row.cells[place].spread
        if spread is None:
            continue
        errors = f"{_part(spread.se_clips, column)} and {_part(spread.se_seeds, column)}"
        if spread.sd_seeds is None:
            found.append(f"{row.label} standard error {errors}")
        else:
            sizes = f"{_part(spread.sd_clips, column)} and {_part(spread.sd_seeds, column)}"
            found.append(f"{row.label} {sizes} (standard error {errors})")
    said = "spread between clips and between samples of a clip"
    return f"{column.metric}, {said}: {'; '.join(found)}" if found else ""


def _part(value: float | None, column: Column) -> str:
    return number(value, column.decimals + 1)


def remarks(block: Block) -> list[str]:
    """Return what stands under a block apart from its numbered notes, each with the mark that it explains."""
    # In a wide table a metric has a column for each benchmark.
    whose = [f"{span.title}: " for span in block.spans for _ in range(span.columns)] or [""] * len(block.columns)
    columns = [*enumerate(block.columns)]
    found = [f"A table of its own: {'; '.join(block.apart)}."] if block.apart else []
    found += [f"{FLAG} {whose[place]}{column.flag}" for place, column in columns if column.flag]
    unsure = [f"{whose[place]}{column.doubt}" for place, column in columns if column.doubt]
    if unsure:
        found.append(f"{DOUBT} Does the metric separate reference from its bounds here? {'. '.join(unsure)}.")
    found += [f"{whose[place]}{line}" for place, column in columns if (line := macro_rates(block, place, column))]
    found += [f"{whose[place]}{line}" for place, column in columns if (line := spreads(block, place, column))]
    if block.of:
        names = dict.fromkeys(f"{column.head} is {column.metric}" for column in block.columns if column.head)
        found.append(f"Columns of {block.of}: {', '.join(names)}.")
    elif any(column.head for column in block.columns):
        names = dict.fromkeys(f"{column.head} is {column.metric}" for column in block.columns if column.head)
        found.append(f"{', '.join(names)}.")
    found += block.remarks
    if block.unfinished:
        found.append(f"Not finished, not shown: {', '.join(block.unfinished)}. The same run command goes on with it.")
    if not block.rows:
        found.append("No finished run yet.")
    return found


def legend(blocks: Sequence[Block], interval: Interval, *, best: str, second: str) -> str:
    """Explain numbers and marks.

    Args:
        blocks: what is shown.
        interval: how intervals are shown.
        best: what the best system is marked by ("bold").
        second: what the second is marked by.
    """
    rules = sorted({b.bold for b in blocks if len([r for r in b.rows if not r.bound and not r.reported]) > 1})
    found = [LEGENDS[interval], *(f"{best}: {BOLD_RULES[rule]}" for rule in rules)]
    if any(cell.second for block in blocks for row in block.rows for cell in row.cells):
        found.append(f"{second}: {SECOND_RULE}")
    return "; ".join(found)


def signature_lines(block: Block) -> list[str]:
    """Return every signature of a block once, whole, behind the models that have it (none where all have it)."""
    lines = []
    for place in range(len(block.columns)):
        found: dict[str, list[str]] = {}
        for row in block.rows:
            if row.cells[place].signature:
                found.setdefault(row.cells[place].signature, []).append(row.label)
        alone = len(found) == 1
        lines += [sign if alone else f"{', '.join(models)}: {sign}" for sign, models in found.items()]
    return lines
