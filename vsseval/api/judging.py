"""Compares runs, and judges one against a baseline, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.api.arguments import blamed, one_of_each, some_runs, words
from vsseval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vsseval.api.arguments import AnyRun, Place
    from vsseval.statistics.compare_several import Pair
    from vsseval.statistics.delta import Delta
    from vsseval.statistics.gate_verdict import Verdict
    from vsseval.tables.sheet import Sheet

__all__ = ["Comparison", "Judgement", "compare", "gate"]


class Comparison:
    """Paired differences of runs; it shows itself as text and in a notebook."""

    def __init__(self, pairs: Sequence[Pair], sheet: Sheet) -> None:
        self.pairs = tuple(pairs)
        self._sheet = sheet

    @property
    def deltas(self) -> tuple[Delta, ...]:
        """All differences, pair by pair."""
        return tuple(delta for pair in self.pairs for delta in pair.deltas)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each pair and metric.

        Returns:
            Columns `a`, `b`, `metric`, `value_a`, `value_b`, `difference`, `low`, `high` (in displayed units), `p`,
            `p_holm`, `effect`, `n`, `better` (the name of the system that is, else "") and `reason`.
        """
        import pandas as pd

        def row(delta: Delta) -> dict[str, object]:
            numbers = {name: getattr(delta, name) for name in ("value_a", "value_b", "difference", "low", "high")}
            scaled = {name: None if x is None else x * delta.scale for name, x in numbers.items()}
            better = {"a": delta.a, "b": delta.b}.get(delta.better or "", "") if delta.significant else ""
            return {
                "a": delta.a, "b": delta.b, "metric": delta.metric, **scaled, "p": delta.p, "p_holm": delta.p_holm,
                "effect": delta.effect, "n": delta.n, "better": better, "reason": delta.reason or "",
            }  # fmt: skip

        return pd.DataFrame([row(delta) for delta in self.deltas])

    def __repr__(self) -> str:
        """Return the table as text."""
        from vsseval.tables.sheet import terminal

        return terminal(self._sheet, width=100, colour=False)

    def _repr_html_(self) -> str:
        from vsseval.tables.fragment import sheet_html

        return sheet_html(self._sheet)


def compare(
    a: AnyRun,
    b: AnyRun,
    *others: AnyRun,
    metrics: str | Sequence[str] = (),
    subset: str = "",
    all_pairs: bool = False,
    allow_partial: bool = False,
    names: Mapping[str, str] | None = None,
    runs_dir: Place = "runs",
) -> Comparison:
    """Compare finished runs of one benchmark clip by clip: the first with each other one.

    Args:
        a: a run directory, a name (`audio:a`, `audio:a@mini_v2s`), or a run.
        b: another.
        others: further ones.
        metrics: ids, or names for every recipe of them; without any, all that the runs share.
        subset: part of the benchmark.
        all_pairs: each with each.
        allow_partial: compare the clips that both measured, where these are not the same ones.
        names: what systems are to be called: `{"audio:a": "Ours"}`.
        runs_dir: folder in which names are looked up.

    Raises:
        UsageError: an argument makes no sense, or the runs are not comparable; all reasons are in the message.
    """
    from vsseval.statistics.compare_several import compare_several
    from vsseval.tables.chosen import metrics_called
    from vsseval.tables.comparison import run_title, sheet, sheet_of_several

    given = {"a": a, "b": b, **{f"others[{place}]": run for place, run in enumerate(others)}}
    runs = one_of_each(given, runs_dir, names)
    asked = words("metrics", metrics)
    with blamed("metrics", list(asked)):
        wanted = metrics_called(asked, [*runs[0].record.metrics]) if asked else []
    pairs = compare_several(runs, wanted, subset=subset, allow_partial=allow_partial, all_pairs=all_pairs)
    titles = [run_title(run, subset) for run in runs]
    shown = sheet(pairs[0].deltas, titles) if len(runs) == 2 else sheet_of_several(pairs, titles)
    return Comparison(pairs, shown)


class Judgement:
    """What came of a gate; true where it passed."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.verdicts = tuple(verdicts)

    @property
    def passed(self) -> bool:
        """Whether every check of every benchmark passed."""
        return all(verdict.exit_code == 0 for verdict in self.verdicts)

    def __bool__(self) -> bool:
        """Whether it passed."""
        return self.passed

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each check: `benchmark`, `check`, `status`, `message`."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"benchmark": verdict.benchmark, "check": check.name, "status": check.status, "message": check.message}
                for verdict in self.verdicts
                for check in verdict.checks
            ]
        )

    def __repr__(self) -> str:
        """Return the checks, one a line."""
        from vsseval.tables.gate import plain

        return plain(self.verdicts)

    def _repr_html_(self) -> str:
        from vsseval.tables.fragment import sheet_html
        from vsseval.tables.gate import verdict_sheet

        return sheet_html(verdict_sheet(self.verdicts))


def gate(
    run: AnyRun,
    against: AnyRun,
    *,
    margins: Place | Mapping[str, float] = "leaderboards/gates.toml",
    any_seed: bool = False,
    runs_dir: Place = "runs",
) -> Judgement:
    """Judge a run against a baseline, clip by clip: it passes where it is shown to be no worse.

    Args:
        run: a run, its directory, a folder of them, or a name.
        against: the baseline, likewise.
        margins: a file of margins (docs/gate.md); or metric id -> how much worse it may be, in displayed units.
        any_seed: take a run of another seed than the baseline's.
        runs_dir: folder in which names are looked up.

    Raises:
        UsageError: an argument makes no sense, or the runs are not comparable.
    """
    from vsseval.statistics.gate_rules import GateRule, Gates, load_gates
    from vsseval.statistics.judged_runs import judge, systems

    if isinstance(margins, Mapping):
        for metric, margin in margins.items():
            if not isinstance(margin, int | float):
                raise UsageError(f"margins[{metric!r}]={margin!r}: give a number, in the unit that tables show")
        rules = {metric: GateRule(margin=float(margin)) for metric, margin in margins.items()}
        gates = Gates("margins", {"*": rules})
    else:
        with blamed("margins", str(margins)):
            gates = load_gates(Path(margins))
    with blamed("run", str(getattr(run, "path", run))):
        judged = systems(some_runs([run], runs_dir), str(run))
    with blamed("against", str(getattr(against, "path", against))):
        bases = systems(some_runs([against], runs_dir), str(against))
    return Judgement(judge(judged, bases, str(getattr(against, "path", against)), gates, any_seed=any_seed))
