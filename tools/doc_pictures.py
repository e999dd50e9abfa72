"""Makes the pictures of docs/ from the accepted records in leaderboards/: `python tools/doc_pictures.py [FOLDER]`."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.leaderboard.entries import read_entry
from vsseval.report.figures import PAPER, forest_plot, svg
from vsseval.tables.table import arranged, render_blocks

if TYPE_CHECKING:
    from vsseval.store.record import LoadedRun

ROOT = Path(__file__).parents[1]
BENCHMARK, METRICS, WIDTH = "mini_v2s", ("fad@aisfx", "clap_score@mini", "desync@onset"), 100
PAGE = """<svg class="rich-terminal" viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font: {char_height}px monospace; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
<rect fill="#ffffff" width="100%" height="100%"/>
<g transform="translate(8, 8)"><g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""As rich's own, without the frame of a window and without a font of another server."""


def runs() -> list[LoadedRun]:
    """Return the accepted records of the shipped benchmark."""
    entries = [read_entry(path)[0] for path in sorted((ROOT / "leaderboards" / "records").glob("*.json"))]
    return [entry.loaded for entry in entries if entry.run.benchmark.name == BENCHMARK]


def pictures() -> dict[str, str]:
    """Return the pictures by file name, as SVG."""
    from rich.console import Console
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME
    from rich.text import Text

    (block,) = arranged(runs(), metrics=METRICS)
    text = render_blocks([block], "terminal", width=WIDTH, colour=True)
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(text), soft_wrap=True)
    table = console.export_svg(title="", theme=DEFAULT_TERMINAL_THEME, code_format=PAGE, unique_id="table")
    made = {"table.svg": table}
    for column in block.columns:
        made[f"{column.name}.svg"] = svg(forest_plot(block, column, PAPER), f"{column.metric} on {block.benchmark}")
    return made


def main() -> int:
    """Write the pictures; return the exit code."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
