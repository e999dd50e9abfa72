"""The comparison table from Python: it shows itself, and becomes a data frame, LaTeX, Markdown or HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.api.arguments import some_runs, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vsseval.api.arguments import AnyRun, Place
    from vsseval.tables.cells import Block

__all__ = ["Table", "table"]


class Table:
    """The tables of some runs, one for each benchmark and setting."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each system, with its value by each metric, in displayed units.

        Returns:
            Indexed by benchmark and model; columns are metric ids. NaN where there is no number. Intervals and counts
            are in `Run.to_frame`, or in `render("csv")`.
        """
        import pandas as pd

        rows = {
            (block.benchmark, row.label): {
                column.metric: cell.value for column, cell in zip(block.columns, row.cells, strict=True)
            }
            for block in self.blocks
            for row in block.rows
        }
        index = pd.MultiIndex.from_tuples([*rows], names=["benchmark", "model"])
        return pd.DataFrame([*rows.values()], index=index, dtype=float)

    def render(self, style: str = "terminal", *, caption: str = "", label: str = "") -> str:
        """Return the tables as text.

        Args:
            style: terminal, markdown, latex, html (a page), csv, typst, or one of an installed package.
            caption: of a table in latex or typst.
            label: of a table in latex or typst.
        """
        from vsseval.tables.table import render_blocks

        return render_blocks(self.blocks, style, caption=caption, label=label)

    def to_latex(self, *, caption: str = "", label: str = "") -> str:
        """Return LaTeX; the first line names the packages that it needs."""
        return self.render("latex", caption=caption, label=label)

    def __repr__(self) -> str:
        """Return the tables as text."""
        return self.render()

    def _repr_html_(self) -> str:
        from vsseval.tables.fragment import blocks_html

        return blocks_html(self.blocks)


def table(
    *runs: AnyRun,
    metrics: str | Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    bounds: bool = True,
    wide: bool = False,
    subsets: bool = False,
    runs_dir: Place = "runs",
) -> Table:
    """Return the comparison table of finished runs.

    Args:
        runs: run directories, folders of them, names (`audio:a`), or runs; without any, all below `runs_dir`.
        metrics: ids, or names for every recipe of them, in the order of the columns; without any, all.
        names: what systems are to be called: `{"audio:a": "Ours"}`.
        bounds: whether to show reference, shuffled, noise and silence, where they were run.
        wide: all benchmarks side by side.
        subsets: one more table for each part of a benchmark.
        runs_dir: folder of run directories.

    Raises:
        UsageError: an argument makes no sense, or there are no runs.
    """
    from vsseval.tables.table import arranged

    found = some_runs(runs, runs_dir, names)
    asked = words("metrics", metrics)
    return Table(arranged(found, wide=wide, subsets=subsets, metrics=asked, bounds=bounds))
