"""`vsseval power`: how many clips does a difference need, and which difference do these clips show?"""

from __future__ import annotations

from pathlib import Path

import click

from vsseval.cli.compare import printed, printed_json
from vsseval.cli.named import root_option
from vsseval.errors import UsageError


@click.command(name="power", short_help="How many clips does a difference need?")
@click.argument("run")
@click.argument("other", required=False)
@root_option
@click.option("--metric", "metrics", multiple=True, metavar="ID", help="Only this metric (fad@logmel); repeatable.")
@click.option("--difference", type=float, metavar="X",
              help="Difference to be shown, in the displayed unit of the one --metric.")  # fmt: skip
@click.option("--power", type=float, default=0.8, show_default=True, help="Chance of showing it.")
@click.option("--alpha", type=float, default=0.05, show_default=True,
              help="Level of the test; divide by the number of metrics that will be tested together.")  # fmt: skip
@click.option("--correlation", type=float, default=0.0, show_default=True,
              help="Of two systems over clips, where OTHER is not given.")  # fmt: skip
@click.option("--json", "style", flag_value="json", help="Print the answers as JSON.")
@click.option("--markdown", "style", flag_value="markdown", help="Print them as Markdown.")
def command(
    run: str, other: str | None, root: Path, metrics: tuple[str, ...], difference: float | None, power: float,
    alpha: float, correlation: float, style: str | None,
) -> None:  # fmt: skip
    """Say which difference the clips of RUN show, and how many a given difference needs.

    With OTHER, the spread of the two runs' paired differences is known, and the difference asked about is theirs
    unless --difference gives another. From one run alone, the other is taken to spread as much as this one; systems
    that find the same clips hard need fewer clips than is said (--correlation).

    \b
    vsseval power runs/A --metric wer@sphinx-grid --difference 2
    vsseval power audio:a audio:b
    """  # noqa: D301 - click wants the control character, which keeps the lines apart
    from vsseval.statistics.planning import PowerSettings
    from vsseval.statistics.power import power_of_pair, power_of_run
    from vsseval.store.run_names import RunFinder
    from vsseval.tables.chosen import metrics_called
    from vsseval.tables.comparison import run_title
    from vsseval.tables.power_table import sheet

    first, *others = RunFinder(root).together([run] if other is None else [run, other])
    second = others[0] if others else None
    metrics = tuple(metrics_called(metrics, [*first.record.metrics])) if metrics else ()
    if difference is not None and len(metrics) != 1:
        raise UsageError(f"--difference {difference:g} is in the unit of one metric: name it with --metric ID")
    if difference is not None:
        difference /= first.record.metrics[metrics[0]].scale
    settings = PowerSettings(alpha=alpha, power=power, correlation=correlation, difference=difference)
    needs = (
        power_of_run(first, metrics, settings) if second is None else power_of_pair(first, second, metrics, settings)
    )
    if style == "json":
        printed_json(needs)
    else:
        printed(sheet(needs, [run_title(loaded) for loaded in (first, second) if loaded is not None], settings), style)
