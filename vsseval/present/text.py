"""Small pieces of text that every renderer shares: numbers, marks, headings and footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsseval.present.grid import Block, Cell, Column

DASH = "–"  # noqa: RUF001 - an en dash, as tables have it
FLAG = "†"
LEGEND = "value ± half of the 95 % interval; n/N where a number is over fewer clips than its column"
TASKS = {"v2s": "video to sound", "vtts": "visual TTS", "joint": "sound and speech", "tts": "TTS"}
BOLD_RULES = {
    "paired": "best system, where its paired difference from each other system is clear of zero (95 %)",
    "intervals": "best system, where its 95 % interval overlaps no other system's",
}


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


def coverage(cell: Cell, column: Column) -> str:
    """Return "n/N" where a cell is made of fewer clips than a complete cell of its column, else ""."""
    complete = cell.n == cell.total == column.total
    return "" if cell.value is None or complete else f"{cell.n}/{cell.total}"


def superscript(notes: tuple[int, ...]) -> str:
    """Write the numbers of footnotes as raised digits."""
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return " ".join(str(note).translate(raised) for note in notes)


def title(block: Block) -> str:
    """Name a block: benchmark, version and part."""
    part = f" · {block.subset}" if block.subset else ""
    return f"{block.benchmark} {block.version}{part}"


def circumstances(block: Block) -> str:
    """Say under a block's name what was measured: task, clips, seed."""
    clips = f"{block.clips} clips" + (f" (limit {block.limit})" if block.limit and not block.subset else "")
    return f"{TASKS[block.task]}, {clips}, seed {block.seed}"


def macro_rates(block: Block, place: int, column: Column) -> str:
    """Return the unweighted means of a column whose values are ratios of sums; "" where they are the same."""
    rates = [
        f"{row.label} {number(row.cells[place].macro, column.decimals)}"
        for row in block.rows
        if row.cells[place].macro is not None
    ]
    return f"{column.metric} is micro (sums over clips); macro (mean of clips): {', '.join(rates)}" if rates else ""


def remarks(block: Block) -> list[str]:
    """Return what stands under a block besides its numbered notes, each with the mark that it explains."""
    found = [f"{FLAG} {column.flag}" for column in block.columns if column.flag]
    found += [line for place, column in enumerate(block.columns) if (line := macro_rates(block, place, column))]
    if block.apart:
        found.insert(0, f"A table of its own: {'; '.join(block.apart)}.")
    if block.unfinished:
        found.append(f"Not finished, not shown: {', '.join(block.unfinished)}. The same run command goes on with it.")
    if not block.rows:
        found.append("No finished run yet.")
    return found
