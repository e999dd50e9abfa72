"""The nouns of a table: cells, columns, rows, and the block that holds them, in displayed units."""

from __future__ import annotations

from vsseval.records import Spread
from vsseval.text.escaping import one_line
from vsseval.types import Record, Status, Task

LOPSIDED = 1.4
"""Times that the longer arm of an interval may be as long as the shorter, and still be shown as ±."""
PROXY = "proxy"
"""The word behind the recipe of a metric that stands in for what it is named after."""


class Cell(Record, frozen=True, kw_only=True):
    """One number, in displayed units; `value` is None exactly where `status` is not "ok"."""

    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    total: int = 0
    best: bool = False
    """Clearly the best system of its column."""
    second: bool = False
    """Clearly better than each system but the best."""
    notes: tuple[int, ...] = ()
    """Numbers (from 1) of the block's notes that belong here."""
    signature: str = ""
    macro: float | None = None
    method: str = ""
    spread: Spread | None = None
    """Where several samples of each clip were made; in displayed units."""
    printed: str = ""
    """A reported number as its source prints it."""

    @property
    def half(self) -> float | None:
        """Half the width of the 95 % interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def lopsided(self) -> bool:
        """Whether one arm of the interval is over 40 % longer than the other, so that ± half would say what is not."""
        if self.value is None or self.low is None or self.high is None:
            return False
        arms = sorted((self.value - self.low, self.high - self.value))
        return arms[1] > LOPSIDED * max(arms[0], 0.0)


class Column(Record, frozen=True, kw_only=True):
    """One metric; `flag` says which bound it fails to rank here, `doubt` of which bound so few clips cannot tell."""

    metric: str
    name: str
    recipe: str
    arrow: str
    unit: str
    decimals: int
    total: int
    """Clips that a complete cell is made of."""
    description: str = ""
    flag: str | None = None
    doubt: str | None = None
    head: str = ""
    """What a paper calls it, where the table is that of a paper."""
    proxy: bool = False
    """Whether the metric stands in for what it is named after."""

    @property
    def recipe_line(self) -> str:
        """The recipe as it stands under the name, or the whole id under what a paper calls it."""
        return self.marked(self.metric if self.head else f"@{self.recipe}")

    def marked(self, name: str) -> str:
        """Return a name of the metric, with one word behind it where it is a proxy."""
        return f"{name} {PROXY}" if self.proxy else name


class Row(Record, frozen=True, kw_only=True):
    """One model's cells, in the order of the columns."""

    label: str
    bound: bool
    run: str
    """Name of the run directory; of several, where the table is wide; of reported numbers, the table they are from."""
    cells: tuple[Cell, ...]
    notes: tuple[int, ...] = ()
    reported: bool = False
    """Quoted from a source, not measured here."""


class Span(Record, frozen=True, kw_only=True):
    """Neighbouring columns of a wide table that belong to one benchmark."""

    title: str
    circumstances: str
    columns: int


class Block(Record, frozen=True, kw_only=True):
    """One table: one benchmark (or a part of it), one manifest, one seed; or several side by side."""

    benchmark: str
    version: str
    task: Task
    clips: int
    seed: int
    """Of the runs; where several samples of each clip were made, of the first."""
    limit: int | None
    subset: str
    apart: tuple[str, ...]
    """Why this table stands apart from the one above of the same benchmark."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    """Systems, then bounds, then reported numbers."""
    notes: tuple[str, ...]
    unfinished: tuple[str, ...]
    bold: str
    """The rule by which the best system was found to be clearly the best."""
    spans: tuple[Span, ...] = ()
    """Of a wide table: its benchmarks, in the order of the columns."""
    remarks: tuple[str, ...] = ()
    """What else is to be said of the whole table."""
    of: str = ""
    """Title and citation of the paper whose columns these are."""


class Notes:
    """Footnotes of a block, numbered in order of appearance, each text once."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> tuple[int]:
        """Return the number of a note, which is a new one if the text is new."""
        text = one_line(text)
        if text not in self.texts:
            self.texts.append(text)
        return (self.texts.index(text) + 1,)

    def renumbered(self, numbers: tuple[int, ...], texts: tuple[str, ...]) -> tuple[int, ...]:
        """Return the numbers here of notes that had others in another block.

        Args:
            numbers: in the other block.
            texts: of all notes of the other block.
        """
        return tuple(self.add(texts[number - 1])[0] for number in numbers)
