"""`vsseval watch`: a run that goes on, one that was killed, one that is finished, and none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest
from click.testing import CliRunner

from support.synthetic_runs import write_run
from vsseval.cli.watch import command
from vsseval.errors import UsageError
from vsseval.records import RunSpec
from vsseval.store import codec, record
from vsseval.store.journal import Journal
from vsseval.store.layout import RunPaths
from vsseval.store.lock import hold_lock
from vsseval.types import Generation

HOLD = """
import sys, time
from pathlib import Path
from vsseval.store.lock import hold_lock
with hold_lock(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def begun(root, clips=10, seeds=()):
    """A run of which nothing was made yet, and its identity."""
    path = write_run(root, "audio:mine", 0.2, clips=clips, status="started")
    identity = "0123abcd" * 8
    path = path.rename(path.with_name(f"20260102-030405-audio_mine-toy_joint-{identity[:8]}"))
    made = record.read_record(path)
    spec = RunSpec(model="audio:mine", benchmark="toy_joint", seed=(seeds or (0,))[0], seeds=seeds, runs=root)
    record.write_record(path, msgspec.structs.replace(made, id=path.name, spec=spec))
    return path, identity


def journal(path, done, failed=(), seed=None):
    with Journal(RunPaths(path, seed).journal(0)) as file:
        for i in range(done):
            bad = i in failed
            file.append(Generation(id=f"clip{i:02d}", status="failed" if bad else "ok", wall_seconds=2.0,
                                   error="the model said\nno" if bad else None))  # fmt: skip


def called(*arguments):
    found = CliRunner().invoke(command, [*map(str, arguments)], standalone_mode=False)
    assert found.exception is None, found.exception
    return found.stdout, found.return_value


def test_a_run_that_goes_on_says_stage_clips_failures_and_time_left(tmp_path):
    path, identity = begun(tmp_path)
    journal(path, 4, failed=(3,))
    with hold_lock(tmp_path, identity):
        text, code = called(path, "--once")
        assert code == 0
        assert "making sounds: 4 of 10 sounds, 1 failed, about 12 s left" in text
        assert "clip02: ok, 2.0 s" in text
        assert "clip03: failed: the model said no" in text
        assert "audio:mine on toy_joint" in text
        assert called("--runs", tmp_path, "--once")[0] == text
        found = json.loads(called(path, "--json")[0])
    assert (found["stage"], found["done"], found["total"], found["holder"]) == ("sounds", 4, 10, os.getpid())


def test_several_samples_of_a_clip_all_count(tmp_path):
    path, identity = begun(tmp_path, clips=3, seeds=(1, 2))
    for seed, done in ((1, 3), (2, 1)):
        journal(path, done, seed=seed)
    with hold_lock(tmp_path, identity):
        assert "making sounds: 4 of 6 sounds" in called(path, "--once")[0]


def test_a_killed_run_says_so_and_how_to_go_on(tmp_path):
    path, identity = begun(tmp_path)
    journal(path, 2)
    with RunPaths(path).journal(0).open("ab") as file:
        file.write(b'{"id":"clip09","sta')  # torn
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path), identity], stdout=subprocess.PIPE, text=True)
    assert held.stdout.readline() == "held\n"
    assert json.loads(called(path, "--json")[0])["holder"] == held.pid
    held.send_signal(signal.SIGKILL)
    held.communicate()
    text, code = called(path)  # does not wait: nobody will end it
    assert code == 3
    assert "stopped while making sounds: 2 of 10 sounds" in text
    assert "No process of this machine works on it" in text
    assert f"vsseval run --model audio:mine --benchmark toy_joint --runs {tmp_path}" in text


def test_it_ends_when_the_run_ends(tmp_path):
    path, identity = begun(tmp_path, clips=3)
    journal(path, 1)
    script = HOLD.replace("time.sleep(60)", "sys.stdin.readline()")
    held = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), identity], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert held.stdout.readline() == "held\n"
    watch = subprocess.Popen([sys.executable, "-m", "vsseval", "watch", str(path), "--every", "0.1"], text=True,
                             stdout=subprocess.PIPE)  # fmt: skip
    assert "audio:mine on toy_joint" in watch.stdout.readline()
    assert "1 of 3 sounds" in watch.stdout.readline()
    journal(path, 3, failed=(2,))
    record.write_record(path, msgspec.structs.replace(record.read_record(path), status="finished"))
    held.communicate("now\n")
    rest, _ = watch.communicate(timeout=60)
    assert "finished: 3 of 3 sounds, 1 failed" in rest
    assert "vsseval table" in rest
    assert watch.returncode == 3


def test_watching_takes_no_lock_and_writes_nothing(tmp_path):
    path, identity = begun(tmp_path)
    before = {one: one.stat().st_mtime_ns for one in tmp_path.rglob("*")}
    called(path, "--once")
    assert {one: one.stat().st_mtime_ns for one in tmp_path.rglob("*")} == before
    with hold_lock(tmp_path, identity):  # nobody else has it
        called(path, "--once")


def test_a_finished_run_is_said_to_be(tmp_path):
    path = write_run(tmp_path, "audio:mine", 0.2, clips=6, failed=(1,))
    text, code = called(path)
    assert "finished: 6 of 6 sounds, 1 failed" in text
    assert "clip01: failed: the model ran out of memory" in text
    assert code == 3
    assert called("--runs", tmp_path)[0] == text


def test_features_are_a_stage_of_their_own(tmp_path):
    path, identity = begun(tmp_path, clips=2)
    journal(path, 2)
    record.write_record(path, msgspec.structs.replace(record.read_record(path), status="generated"))
    with hold_lock(tmp_path, identity):
        timing = {"kind": "extractor", "name": "logmel", "start": time.time(), "wall": 1.0, "processor": 1.0}
        timing |= {"clips": 7, "command": os.getpid()}
        from vsseval.store.timings import timings_path

        file = timings_path(tmp_path / "store")
        file.parent.mkdir(parents=True)
        file.write_bytes(codec.encode(timing) + b"\n")
        made = record.read_record(path)
        record.write_record(
            path, msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, store=tmp_path / "store"))
        )
        text, code = called(path, "--once")
    assert "reading features: 2 of 2 sounds" in text
    assert "read so far: logmel 7" in text
    assert code == 0


@pytest.mark.parametrize("there", [False, True])
def test_no_run_is_said_in_words(there, tmp_path):
    if there:
        write_run(tmp_path, "audio:mine", 0.2, clips=6)
    for arguments in ([str(tmp_path / "nothing")], ["--runs", str(tmp_path / "nowhere")]):
        found = CliRunner().invoke(command, arguments)
        assert isinstance(found.exception, UsageError)
        assert "there is no run in" in str(found.exception)
        if there and arguments[0] != "--runs":
            assert "audio_mine" in str(found.exception)
