"""Profiles: every file is whole, names recipes that exist, and selects what a run is measured by."""

from __future__ import annotations

import pytest

from vsseval import plugins
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.profiles import load_profile, profile_names
from vsseval.store.record import find_runs

NAMES = profile_names()


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_is_whole(name):
    found = load_profile(name)
    assert found.title
    assert found.citation
    unknown = sorted(set(found.metrics) - set(plugins.names("metrics")))
    assert not unknown, f"not installed: {unknown}"
    assert len(set(found.metrics)) == len(found.metrics)
    tasks = ("v2s", "vtts", "joint", "tts")
    for task in tasks:
        heads = [column.head for column in found.of(task)]
        assert len(set(heads)) == len(heads)
        assert {column.metric for column in found.of(task)} <= set(found.selects(task))
    assert any(found.selects(task) for task in tasks)


def test_an_unknown_profile_names_its_neighbours():
    with pytest.raises(UsageError, match="avbench"):
        load_profile("avbensh")


def test_a_profile_that_does_not_exist_is_one_message(tmp_path, capsys):
    asked = ["run", "--model", "silence", "--benchmark", "mini_vtts", "--runs", str(tmp_path), "--no-bounds"]
    assert invoke([*asked, "--profile", "nobody"]) == 2
    assert "there is no profile 'nobody'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_profile_without_metrics_for_the_task_says_so(tmp_path, capsys):
    asked = ["run", "--model", "silence", "--benchmark", "mini_vtts", "--runs", str(tmp_path), "--no-bounds"]
    assert invoke([*asked, "--profile", "avbench"]) == 2
    assert "the profile 'avbench' has no metric for mini_vtts" in capsys.readouterr().err


def test_among_several_benchmarks_one_that_the_profile_does_not_cover_is_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "none"))
    asked = ["run", "--model", "silence", "--benchmark", "mini_vtts", "--benchmark", "mini_v2s", "--limit", "2"]
    where = ["--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store"), "--jobs", "1", "--no-bounds"]
    assert invoke([*asked, *where, "--profile", "avbench"]) == 3
    said = capsys.readouterr()
    assert "silence on mini_vtts: left out, the profile 'avbench' has no metric for the task vtts" in said.err
    assert "mini_v2s" in said.out
    assert len(list((tmp_path / "runs").glob("*/run.json"))) == 1


def test_a_profile_and_metrics_that_are_named_are_both_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "none"))
    asked = ["run", "--model", "silence", "--benchmark", "mini_v2s", "--limit", "2", "--no-bounds", "--jobs", "1"]
    where = ["--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store")]
    assert invoke([*asked, *where, "--profile", "avbench", "--metric", "fad@logmel"]) == 3  # nothing of the profile
    (run,) = find_runs(tmp_path / "runs")
    assert {cell.metric for cell in run.aggregates} == {*load_profile("avbench").metrics, "fad@logmel"}


def test_metrics_without_weights_are_missing_with_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "none"))
    runs = tmp_path / "runs"
    asked = ["run", "--model", "silence", "--benchmark", "mini_v2s", "--limit", "2", "--runs", str(runs), "--no-bounds"]
    assert invoke([*asked, "--store", str(tmp_path / "store"), "--jobs", "1", "--profile", "avbench"]) == 3
    said = capsys.readouterr()
    assert "vsseval weights pull" in said.out
    assert "mini_v2s: nothing of the profile 'avbench' could be measured" in said.err
    assert said.err.count("Get all that it needs with: vsseval weights pull --profile avbench") == 1
    # asked for by name, what is missing makes the run incomplete
    named = ["--metric", "fd_passt@avbench", "--store", str(tmp_path / "store"), "--jobs", "1"]
    assert invoke([*asked, *named]) == 3


def test_profiles_are_listed(capsys):
    assert invoke(["list", "profiles"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES)
