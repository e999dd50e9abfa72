"""Runs and rules from which the tests of the gate are made."""

from __future__ import annotations

from support.synthetic_runs import write_run
from vsseval.statistics.gate_rules import GateRule, Gates
from vsseval.store.record import load_run
from vsseval.store.scores import read_scores, write_scores


def made(root, model, badness=0.2, **options):
    return load_run(write_run(root, model, badness, **options))


def rules(**by_metric):
    return Gates("gates.toml", {"*": {f"{name}@toy": GateRule(**rule) for name, rule in by_metric.items()}})


ALL = rules(fad={"margin": 0.5}, clap_score={"margin": 0.1}, desync={"margin": 0.1}, wer={"margin": 10.0})


def rewrite(run, change):
    """Change rows of a run's scores, as something that went wrong would."""
    rows = [change(row) for row in read_scores(run.paths.scores)]
    write_scores(run.paths.scores, [row for row in rows if row is not None])


def by_name(verdict):
    return {check.name: check for check in verdict.checks}
