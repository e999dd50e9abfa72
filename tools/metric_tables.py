"""Writes the tables of docs/metrics.md from the rows of metrics: what stands between its marks.

`python tools/metric_tables.py` writes them; with `--check` it changes nothing, and fails where they differ.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from vsseval import recipes
from vsseval.recipes import UncheckedRow
from vsseval.types import Feature

ROOT = Path(__file__).parents[1]
PAGE, FOLDER = ROOT / "docs" / "metrics.md", ROOT / "vsseval" / "metrics" / "recipes"
MARK = re.compile(r"(<!-- recipes: ([^>]+) -->\n).*?(<!-- end of recipes -->)", re.DOTALL)
VARIANTS = ROOT / "vsseval" / "extractors" / "variants"
HEAD = "| id | better | what it is | extractors | wrong lengths | held to |\n|---|---|---|---|---|---|\n"


def filled(page: str) -> str:
    """Return the page with the tables that the rows give; a mark names files of rows, or ids.

    Raises:
        ValueError: a file of rows cannot be read, a metric is in no table, or a mark names what is none.
    """
    rows, faults = recipes.read_rows("vsseval.metrics.recipes", FOLDER)
    named = {name for match in MARK.finditer(page) for name in _names(match)}
    known = {row.name for row in rows} | {row.file.stem for row in rows}
    faults += [f"there are no rows {name}" for name in sorted(named - known)]
    faults += [f"{row.name} is in no table" for row in rows if not named & {row.name, row.file.stem}]
    if faults:
        raise ValueError("; ".join(faults))
    return MARK.sub(lambda match: match[1] + table(rows, _names(match)) + match[3], page)


def table(rows: list[UncheckedRow], names: list[str]) -> str:
    """Return the table of some metrics, by file or id, in the order of the names and rows."""
    variants = {
        row.name: row.checked(recipes.ExtractorVariant)
        for row in recipes.read_rows("vsseval.extractors.variants", VARIANTS)[0]
    }
    return HEAD + "".join(_line(row, variants) for name in names for row in rows if name in {row.name, row.file.stem})


def _names(match: re.Match[str]) -> list[str]:
    return [name.strip() for name in match[2].split(",")]


def _line(stated: UncheckedRow, variants: Mapping[str, recipes.ExtractorVariant]) -> str:
    row, spec = stated.checked(recipes.MetricRecipe), recipes.spec_of(stated)
    better = f"{'↑' if spec.direction == 'higher' else '↓'} {spec.unit}".strip()
    used = dict.fromkeys(value.extractor for value in spec.inputs.values() if isinstance(value, Feature))
    what = f"{spec.description}; {row.note}" if row.note else spec.description
    cells = (
        f"`{spec.id}`",
        better,
        what,
        ", ".join(f"`{one}`" for one in used),
        recipes.length_rule(row, variants.__getitem__),
        row.checked_against,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def main() -> int:
    """Write the page, or check it; return the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    made = filled(page)
    if sys.argv[1:] == ["--check"]:
        if made != page:
            sys.stderr.write(f"{PAGE} is not what the rows say. Write it anew with: python {Path(__file__).name}\n")
        return int(made != page)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
