"""`vsseval gate` as a command, and the commands of both CI snippets, run as they stand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from support.fake_plugin import ROOT, environment
from support.synthetic_runs import write_run
from vsseval.cli import invoke
from vsseval.store.record import find_runs

GITHUB = yaml.safe_load((ROOT / "docs/ci/github-actions.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "docs/ci/gitlab-ci.yml").read_text())
MARGINS = '["*"."wer@toy"]\nmargin = 8.0\n["*"."clap_score@toy"]\nmargin = 0.06\nfloor = 0.4\n'


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder with margins, a baseline, a rerun that is as good and a worse run; the metric is made up."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("leaderboards").mkdir()
    Path("leaderboards/gates.toml").write_text(MARGINS)
    return {
        "base": str(write_run(tmp_path / "base", "m", 0.2)),
        "same": str(write_run(tmp_path / "same", "m", 0.2, noise_seed=3)),
        "worse": str(write_run(tmp_path / "worse", "m", 0.5, noise_seed=4)),
    }


def gate(*arguments):
    return invoke(["gate", *map(str, arguments)])


def test_it_passes_and_fails_with_the_exit_codes_and_writes_what_is_asked(toy, capsys):
    assert gate(toy["same"], "--against", toy["base"], "--junit", "out/gate.xml", "--markdown", "gate.md") == 0
    assert "gate: passed (4 passed)" in capsys.readouterr().out
    assert ET.parse("out/gate.xml").getroot()[0].get("failures") == "0"
    assert "✅ vsseval gate: passed" in Path("gate.md").read_text()
    assert gate(toy["worse"], "--against", toy["base"], "--json") == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["status"], verdict["exit_code"]) == ("regression", 1)
    assert verdict["checks"][1]["delta"]["metric"] == "wer@toy"


def test_on_github_it_appends_to_the_summary_and_annotates(toy, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("before\n")
    assert gate(toy["worse"], "--against", toy["base"]) == 1
    shown = capsys.readouterr()
    assert shown.err.count("::error title=") == 3
    assert "::error" not in shown.out
    assert Path("summary.md").read_text().startswith("before\n<!-- vsseval gate -->")
    assert gate(toy["worse"], "--against", toy["base"], "--margins", "none.toml") == 2
    assert "::error title=vsseval gate could not judge::there are no margins" in capsys.readouterr().err


def test_folders_of_runs_are_paired_by_benchmark_and_bounds_left_out(tmp_path, toy, capsys):
    runs, base = tmp_path / "runs", tmp_path / "baseline"
    for root in (runs, base):
        write_run(root, "reference", 0.0)
        write_run(root, "m", 0.2, benchmark="toy_v2s")
    write_run(base, "m", 0.2)
    write_run(runs, "m", 0.6, created="2026-01-02T00:00:00Z")
    write_run(runs, "m", 0.2, created="2026-01-03T00:00:00Z")
    assert gate(runs, "--against", base) == 0, "the newest counts"
    out = capsys.readouterr().out
    assert "on toy_joint 1.0" in out
    assert "on toy_v2s 1.0" in out
    write_run(base, "m", 0.2, benchmark="toy_vtts")
    assert gate(runs, "--against", base) == 3
    assert "there is none to judge: vsseval run --benchmark toy_vtts" in capsys.readouterr().out
    assert gate(base, "--against", runs) == 2
    assert "holds no run on toy_vtts" in capsys.readouterr().err
    write_run(runs, "n", 0.2)
    assert gate(runs, "--against", base) == 2
    assert "runs of more than one model (m, n)" in capsys.readouterr().err


def test_what_is_wrongly_asked_is_one_clear_error(tmp_path, toy, capsys):
    (tmp_path / "empty").mkdir()
    for arguments, message in [
        ([], "name a run"),
        ([toy["same"]], "name what to hold it against"),
        ([toy["same"], "--against", tmp_path / "empty"], "is a folder that holds no run"),
        ([tmp_path / "absent", "--against", toy["base"]], "is no run directory"),
        ([toy["same"], "--against", toy["base"], "--margins", "none.toml"], "vsseval gate --learn RUN RUN RUN >"),
        (["--learn", toy["same"], toy["base"]], "at least 3 reruns"),
    ]:
        assert gate(*arguments) == 2
        shown = capsys.readouterr()
        assert message in shown.err
        assert "Traceback" not in shown.err
    Path(toy["base"], "run.json").write_text('{"schema": 99}')
    assert gate(toy["same"], "--against", toy["base"]) == 2
    (Path(toy["same"]) / "scores.parquet").unlink()


def test_learnt_margins_go_straight_into_the_gate(tmp_path, toy, capsys):
    runs = [str(write_run(tmp_path / "reruns", "m", 0.2, seed=s, noise_seed=10 + s)) for s in range(4)]
    assert gate("--learn", *runs) == 0
    text = capsys.readouterr().out
    assert "# toy_joint: 4 runs of m, seeds 0, 1, 2, 3" in text
    assert set(tomllib.loads(text)["toy_joint"]) == {"fad@toy", "clap_score@toy", "desync@toy", "wer@toy"}
    Path("learnt.toml").write_text(text)
    assert gate(runs[1], "--against", runs[0], "--margins", "learnt.toml") == 2, "another seed"
    assert gate(runs[1], "--against", runs[0], "--margins", "learnt.toml", "--any-seed") == 0
    assert gate(toy["worse"], "--against", runs[0], "--margins", "learnt.toml") == 1
    assert gate("--learn", *runs, "--json") == 0
    capsys.readouterr()


def test_the_margins_of_the_repository_can_be_read():
    from vsseval.statistics.gate_rules import load_gates

    gates = load_gates(ROOT / "leaderboards/gates.toml")
    assert set(gates.rules) >= {"mini_vtts"}


# The commands of the CI snippets


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, clips, request):
    """A repository with a model, margins learnt and a baseline accepted, by the commands of docs/gate.md."""
    from support.fake_plugin import install

    root = tmp_path_factory.mktemp("workplace")
    site = install(root / "site")
    tools = root / "tools"
    tools.mkdir()
    for name, text in {
        "vsseval": f'exec "{sys.executable}" -m vsseval "$@"',
        "pip": f'echo "pip $*" >> "{root}/called"',
        "gh": f'echo "gh $*" >> "{root}/called"; cat "${{@: -1}}" > /dev/null',
    }.items():
        (tools / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (tools / name).chmod(0o755)
    env = environment(
        site, VSSEVAL="vsseval", SYSTEM=".", MODEL="fake", BENCHMARK=f"fake:{clips}", PULL_REQUEST="7",
        PATH=f"{tools}:{os.environ['PATH']}",
        GITHUB_ACTIONS="", GITHUB_STEP_SUMMARY="",
    )  # fmt: skip
    repository = root / "repository"
    repository.mkdir()
    for block in re.findall(r"```sh\n# (?:learn|accept).*?\n(.*?)```", (ROOT / "docs/gate.md").read_text(), re.DOTALL):
        done = bash(block, repository, env)
        assert done.returncode == 0, done.stderr
    assert not [*repository.glob("baseline/*/audio")]
    assert len(find_runs(repository / "baseline")) == 1
    return repository, env


def bash(commands, where, env):
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", commands], cwd=where, env=env, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


def github_steps():
    return [(step["name"], step["run"]) for step in GITHUB["jobs"]["gate"]["steps"] if "run" in step]


def fresh(workplace, tmp_path):
    repository, env = workplace
    where = tmp_path / "checkout"
    shutil.copytree(repository, where, ignore=shutil.ignore_patterns("runs", "reruns", "store"))
    return where, env


@pytest.mark.slow
def test_the_github_workflow_passes_what_has_not_changed_and_comments(workplace, tmp_path):
    where, env = fresh(workplace, tmp_path)
    summary = tmp_path / "summary.md"
    env = {**env, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    assert [name for name, _ in github_steps()] == ["Install", "Generate and measure", "Gate", "Comment"]
    for name, commands in github_steps():
        done = bash(commands, where, env)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    called = (Path(env["PATH"].partition(":")[0]).parent / "called").read_text()
    assert "pip install vsseval ." in called  # vsseval, and the package of whoever's repository it is
    assert "gh pr comment 7 --edit-last --create-if-none --body-file gate.md" in called
    assert "vsseval gate: passed" in summary.read_text()
    assert ET.parse(where / "gate.xml").getroot()[0].get("errors") == "0"


@pytest.mark.slow
def test_the_github_workflow_stops_a_failed_clip_after_it_was_measured(workplace, tmp_path):
    where, env = fresh(workplace, tmp_path)
    env = {**env, "GITHUB_ACTIONS": "true", "MODEL": "fake:error"}
    codes = {name: bash(commands, where, env) for name, commands in github_steps()}
    assert [codes[name].returncode for name in ("Install", "Generate and measure", "Gate", "Comment")] == [0, 0, 3, 0]
    assert "::error title=clips on fake 1%3A incomplete" not in codes["Gate"].stdout
    assert "::error title=clips on fake 1%3A incomplete::1 of 8 clips have no sound: clip3" in codes["Gate"].stderr


@pytest.mark.slow
def test_the_gitlab_script_passes_and_stops(workplace, tmp_path):
    script = "\n".join(GITLAB["vsseval-gate"]["script"])
    where, env = fresh(workplace, tmp_path)
    done = bash(script, where, env)
    assert done.returncode == 0, done.stdout + done.stderr
    (where / "gates.toml").write_text('[fake."words@fake"]\nceiling = -1\n')
    assert bash(script, where, env).returncode == 1
    assert GITLAB["vsseval-gate"]["artifacts"]["reports"]["junit"] == "gate.xml"


@pytest.mark.slow
@pytest.mark.parametrize("script", [
    next(step["run"] for step in GITHUB["jobs"]["learn"]["steps"] if step.get("name") == "Learn margins"),
    GITLAB["vsseval-margins"]["script"][0],
], ids=["github", "gitlab"])  # fmt: skip
def test_margins_of_a_system_without_seeds_are_learnt_from_its_clips(workplace, tmp_path, clips, script):
    where, env = fresh(workplace, tmp_path)
    (where / "outputs").mkdir()
    for place in range(8):
        name = "clip 1" if place == 1 else f"clip{place}"
        shutil.copy(clips / f"r{place}.flac", where / "outputs" / f"{name}.flac")
    (where / "gates.toml").unlink()
    done = bash(script, where, {**env, "MODEL": "audio:outputs"})
    assert done.returncode == 0, done.stderr
    learnt = tomllib.loads((where / "gates.toml").read_text())
    assert any("margin" in rule for rule in learnt["fake"].values())
    assert "clips" in (where / "gates.toml").read_text().splitlines()[0]


def test_both_snippets_are_shown_in_the_documentation():
    text = (ROOT / "docs/gate.md").read_text()
    assert "(ci/github-actions.yml)" in text
    assert "(ci/gitlab-ci.yml)" in text
