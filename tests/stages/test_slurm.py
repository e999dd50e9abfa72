"""Parts of a command as tasks of an array, on this machine: the same bytes; what is interrupted is handed in again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from support.fake_plugin import ROOT, spec
from vsseval.engines.choice import EngineChoice
from vsseval.engines.slurm import Requeued, run_array, slurm_options
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.stages.run import carry_out, run
from vsseval.store.record import load_run

submitit = pytest.importorskip("submitit", reason="pip install 'vsseval[slurm]'")
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz")


@pytest.fixture(autouse=True)
def _seen_by_tasks(site, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}{os.pathsep}{site}")


def test_an_array_gives_the_bytes_of_one_process(clips, tmp_path):
    asked = [spec(clips, tmp_path / "slurm", model=model, shard_size=2) for model in ("fake", "reference")]
    notes = []

    class Watcher:
        run = stage = advance = staticmethod(lambda *_: None)
        note = notes.append

    done = carry_out(asked, Watcher(), choice=EngineChoice("slurm", "cluster=local", 2))
    assert [record.model.name for record in done.records] == ["fake", "reference"]
    assert (done.lost, done.unfinished) == ({}, [])
    assert "2 tasks" in notes[0]
    whole = run([spec(clips, tmp_path / "whole", model=model) for model in ("fake", "reference")])
    for first, second in zip(done.records, whole, strict=True):
        paths = [
            load_run(tmp_path / place / "runs" / one.id).path for place, one in (("slurm", first), ("whole", second))
        ]
        names = [*RESULTS, *(f"audio/{path.name}" for path in (paths[0] / "audio").iterdir())]
        assert len(names) == 3 + 8
        for name in names:
            assert (paths[0] / name).read_bytes() == (paths[1] / name).read_bytes()


def test_a_task_that_lacks_something_is_named_with_its_log(clips, tmp_path):
    asked = [spec(clips, tmp_path, model="fake:environment")]
    with pytest.raises(EnvironmentFault, match=r"1 of 1 tasks failed.*weights pull fake.*logs: "):
        carry_out(asked, choice=EngineChoice("slurm", "cluster=local", 1))


class Slow:
    """Counts its lives in a file; the first hangs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> int:
        lives = len(self.path.read_text()) + 1 if self.path.exists() else 1
        self.path.write_text("x" * lives)
        if lives == 1:
            time.sleep(60)
        return lives


def test_what_is_interrupted_is_handed_in_again(tmp_path):
    executor = submitit.AutoExecutor(folder=tmp_path / "log", cluster="local")
    executor.update_parameters(timeout_min=2)
    job = executor.submit(Requeued(Slow(tmp_path / "lives")))
    patience = time.monotonic() + 60
    while not (tmp_path / "lives").exists() and time.monotonic() < patience:
        time.sleep(0.05)
    for task in psutil.Process(job._process.pid).children():
        task.send_signal(signal.SIGUSR2)  # as Slurm announces that it takes the node
    assert job.result() == 2


def test_options_are_those_of_submitit_and_sbatch():
    assert slurm_options("partition=gpu,timeout_min=600,slurm_qos=low,cluster=local") == {
        **slurm_options(""),
        "slurm_partition": "gpu", "timeout_min": 600, "slurm_qos": "low", "cluster": "local",
    }  # fmt: skip
    with pytest.raises(UsageError, match="partition=gpu is one"):
        slurm_options("gpu")


def test_slurm_is_given_one_array_with_what_was_asked_for(tmp_path, monkeypatch):
    programs = {
        "sbatch": f"cp $1 {tmp_path}/script; echo Submitted batch job 12",
        "sacct": "echo 'JobID|State|NodeList'; for i in 0 1 2; do echo \"12_$i|FAILED|n1\"; done",
        "srun": "exit 1",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(submitit.Job, "_results_timeout_s", 0)
    notes = []
    tasks = [Slow(tmp_path / str(number)) for number in range(3)]
    ended = run_array(tasks, tmp_path / "log", slurm_options("partition=gpu,mem_gb=8"), notes.append, notes.append)
    script = (tmp_path / "script").read_text()
    for line in ("array=0-2", "partition=gpu", "mem=8GB", "time=240", "signal=USR2@90", "job-name=vsseval"):
        assert f"#SBATCH --{line}" in script
    assert [one.result for one in ended] == [None] * 3
    assert "task 12_2" in ended[2].fault
    assert "3 tasks, 12_0 to 12_2" in notes[0]


def test_a_machine_without_slurm_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentFault, match="Slurm takes no tasks"):
        run_array([Slow(tmp_path / "lives")], tmp_path, slurm_options(""), print, print)
