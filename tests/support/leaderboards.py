"""An empty leaderboards folder, rows of reported numbers, and a made-up distance in the place of an installed one."""

import csv

import pytest

from support.synthetic_runs import METRICS, toy_load
from vsseval import plugins
from vsseval.errors import UsageError
from vsseval.leaderboard.leaderboard import check
from vsseval.tables.reported import FIELDS

ROW = {
    "table": "t", "task": "v2s", "benchmark": "B", "system": "S", "system_as_printed": "S", "metric": "FAD",
    "direction": "down", "value": "1.5", "value_as_printed": "1.50", "trust": "authors-repo", "source": "a/b README",
}  # fmt: skip


def load(kind, name):
    """Stand in for `plugins.load`; only the made-up distance is installed."""
    if name != "fad@toy":
        raise UsageError(f"no {name}")
    return toy_load(kind, name)


@pytest.fixture(autouse=True)
def _toy(monkeypatch):
    names = plugins.names
    monkeypatch.setattr(plugins, "load", load)
    monkeypatch.setattr(plugins, "names", lambda kind: [m.id for m in METRICS] if kind == "metrics" else names(kind))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty leaderboards folder where the command looks for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    (tmp_path / "leaderboards/records").mkdir(parents=True)
    return tmp_path / "leaderboards"


def faults(folder):
    return [fault for _, fault in check(folder).faults]


def written(folder, *rows):
    with (folder / "reported.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, restval="")
        writer.writeheader()
        writer.writerows(rows)
