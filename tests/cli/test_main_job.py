"""The main job as a newcomer types it, in an empty folder, on a few clips of each suite."""

import json
import os
import subprocess
import sys

import pytest

from vsseval import find_runs

RUN = ["run", "--model", "vssflow", "--model", "onset_foley", "--suite", "all", "--limit", "3", "--jobs", "1"]
BENCHMARKS = {"mini_v2s", "mini_vtts", "mini_joint"}


def vsseval(folder, *arguments):
    environment = {**os.environ, "VSSEVAL_STORE": str(folder / "store"), "COLUMNS": "160"}
    command = [sys.executable, "-m", "vsseval", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("newcomer")
    done = vsseval(folder, *RUN)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_every_suite_has_a_table_with_systems_and_bounds(job):
    _, done = job
    for name in (*BENCHMARKS, "vssflow", "onset_foley", "reference", "shuffled", "noise", "silence"):
        assert name in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_number_has_an_interval_a_denominator_and_a_signature(job):
    folder, _ = job
    runs = find_runs(folder / "runs")
    assert {run.record.benchmark.name for run in runs} == BENCHMARKS
    for run in runs:
        assert run.record.status == "finished"
        for cell in run.aggregates:
            assert (cell.value is None) == (cell.status != "ok")
            assert cell.n + cell.failed + cell.missing == cell.total
            assert cell.signature
            if cell.value is not None and cell.n > 1:
                assert cell.low <= cell.value <= cell.high


@pytest.mark.slow
def test_the_same_command_again_changes_nothing(job):
    folder, first = job
    before = {path: path.read_bytes() for path in (folder / "runs").rglob("*") if path.is_file()}
    again = vsseval(folder, *RUN)
    assert again.returncode == 0
    assert again.stdout == first.stdout
    after = {path: path.read_bytes() for path in (folder / "runs").rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.slow
def test_table_and_report_come_from_the_finished_runs(job):
    folder, _ = job
    latex = vsseval(folder, "table", "--style", "latex")
    assert "\\toprule" in latex.stdout
    report = vsseval(folder, "report", "--no-media")
    assert report.returncode == 0, report.stderr
    page = (folder / "report.html").read_text()
    assert all(name in page for name in BENCHMARKS)
    shown = json.loads(vsseval(folder, "table", "--json").stdout)
    assert shown
