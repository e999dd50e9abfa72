"""Kill a run at any stage, run the same command again: the same bits as if nothing had happened."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from support.fake_plugin import environment, spec
from vsseval.stages.run import run
from vsseval.store.record import find_runs, load_run

RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz")


def kill_at(stage, clips, where, site, jobs=1, more=(), **environs):
    """Start the command in a process of its own, kill it in the middle of a stage; return its children."""
    where.mkdir(parents=True)
    mark = where / "mark"
    env = environment(site, FAKE_SLOW=stage, FAKE_MARK=str(mark), **environs)
    options = ["--store", "store", "--jobs", str(jobs), "--no-bounds", *more]
    command = [sys.executable, "-m", "vsseval", "run", "--model", "fake", "--benchmark", f"fake:{clips}", *options]
    with (where / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=where, env=env, stdout=log, stderr=log)
    patience = time.monotonic() + 60
    while not mark.exists():
        assert process.poll() is None, (where / "log").read_text()
        assert time.monotonic() < patience
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return children


def finished(asked):
    (record,) = run([asked])
    return load_run(asked.runs / record.id)


@pytest.mark.parametrize("stage", ["generate", "extract", "score", "aggregate"])
def test_kill_9_changes_nothing(clips, tmp_path, site, stage):
    undisturbed = finished(spec(clips, tmp_path / "whole"))
    kill_at(stage, clips, tmp_path / "killed", site)
    (interrupted,) = find_runs(tmp_path / "killed" / "runs")
    assert interrupted.record.status == ("started" if stage == "generate" else "generated")
    assert not interrupted.aggregates
    sounds = {sound: sound.stat().st_mtime_ns for sound in (interrupted.path / "audio").glob("[!.]*")}
    assert len(sounds) == (3 if stage == "generate" else 8)
    resumed = finished(spec(clips, tmp_path / "killed"))
    assert resumed.path == interrupted.path
    for name in RESULTS:
        assert (resumed.path / name).read_bytes() == (undisturbed.path / name).read_bytes()
    assert all(sound.stat().st_mtime_ns == time_ns for sound, time_ns in sounds.items())
    assert not [path for path in resumed.path.rglob(".*") if path.is_file()]  # what was half written is swept


@pytest.mark.parametrize(("stage", "after"), [("generate", "3"), ("generate", "12"), ("extract", "5"), ("score", "9")])
def test_kill_9_changes_nothing_of_several_samples(clips, tmp_path, site, stage, after):
    undisturbed = finished(spec(clips, tmp_path / "whole", seeds=(0, 1, 2)))
    kill_at(stage, clips, tmp_path / "killed", site, more=("--seeds", "0,1,2"), FAKE_AFTER=after)
    (interrupted,) = find_runs(tmp_path / "killed" / "runs")
    sounds = {sound: sound.stat().st_mtime_ns for sound in (interrupted.path / "audio").glob("[!.]*")}
    assert len(sounds) == (int(after) if stage == "generate" else 24)
    resumed = finished(spec(clips, tmp_path / "killed", seeds=(0, 1, 2)))
    assert resumed.path == interrupted.path
    for name in RESULTS:
        assert (resumed.path / name).read_bytes() == (undisturbed.path / name).read_bytes()
    assert all(sound.stat().st_mtime_ns == time_ns for sound, time_ns in sounds.items())


def test_a_journal_torn_at_every_byte_gives_the_same_scores(clips, tmp_path, site):
    asked = spec(clips, tmp_path, limit=3, metrics=("level@fake",))
    done = finished(asked)
    journal = done.path / "shards" / "0000.jsonl"
    whole, before = journal.read_bytes(), (done.path / "scores.parquet").read_bytes()
    for cut in (0, 1, len(whole) // 2, len(whole) - 1):
        journal.write_bytes(whole[:cut])
        (done.path / "scores.parquet").unlink()
        again = finished(asked)
        assert again.record.clips == {"ok": 3}
        assert (again.path / "scores.parquet").read_bytes() == before


def test_a_crash_between_folder_and_header_is_taken_up(clips, tmp_path, site):
    asked = spec(clips, tmp_path, limit=2)
    done = finished(asked)
    (done.path / "run.json").unlink()
    assert finished(asked).path == done.path


def test_workers_end_with_the_process_that_started_them(clips, tmp_path, site):
    children = kill_at("extract", clips, tmp_path / "killed", site, jobs=2)
    assert len(children) >= 2
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    resumed = finished(spec(clips, tmp_path / "killed", jobs=2))
    undisturbed = finished(spec(clips, tmp_path / "whole"))
    assert (resumed.path / "scores.parquet").read_bytes() == (undisturbed.path / "scores.parquet").read_bytes()
