"""Runs whose names hold what means something to a style, for the tests of every style."""

import csv

import pytest

from support.synthetic_runs import METRICS, toy_load, write_run, write_table
from vsseval import plugins
from vsseval.errors import UsageError
from vsseval.store.record import find_runs
from vsseval.tables.reported import FIELDS, read_reported
from vsseval.tables.table import arranged

ODD = 'Zoë_Ψ 模型 🎵 "x" ~^{}$#%&\\ <b>*|`@[]'
"""A name that holds what means something to any of the styles."""


def load(kind, name):
    """Stand in for `plugins.load`; only the made-up distance is installed."""
    if name != "fad@toy":
        raise UsageError(f"no {name}")
    return toy_load(kind, name)


@pytest.fixture(autouse=True)
def _toy(monkeypatch):
    monkeypatch.setattr(plugins, "load", load)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    write_table(root)
    write_run(root, "middle", 0.28, noise_seed=70)
    write_run(root, ODD, 0.6, failed=(3,), noise_seed=9, note=f"a note of {ODD}")
    write_table(root, benchmark="toy_two", metrics=METRICS[1:3])
    return root


@pytest.fixture
def quoted(tmp_path):
    """Reported numbers of the first benchmark: two metrics that it has, and one that it has not."""
    path = tmp_path / "reported.csv"
    common = {
        "table": "t1", "task": "joint", "benchmark": "Toy set", "suite": "toy_joint", "setting": "text+video",
        "system": "Other", "system_as_printed": f"Other {ODD}", "direction": "down", "n_clips": "527",
        "trust": "secondary-note", "source": 'a/b@c README.md, table "T_1"',
    }  # fmt: skip
    numbers = [
        {"metric": "WER (%)", "name": "wer", "value": "1.5", "value_as_printed": "1.50"},
        {
            "metric": "DeSync", "name": "desync", "value": "0.001", "value_as_printed": "0.001±0.0005",
            "plus_minus": "0.0005",
        },
        {"metric": "MOS", "name": "", "value": "4.2", "value_as_printed": "4.2"},
    ]  # fmt: skip
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, restval="")
        writer.writeheader()
        writer.writerows({**common, **number} for number in numbers)
    return path


def shown(runs, quoted=None, **options):
    return arranged(find_runs(runs), reported=read_reported(quoted) if quoted else (), **options)
