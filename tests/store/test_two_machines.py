"""Two machines on one folder whose file system keeps `flock` on each by itself, or has none: leases decide."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time

import msgspec
import pytest

from support.fake_plugin import spec
from vsseval.errors import Busy
from vsseval.stages.plan import plan
from vsseval.stages.run import run
from vsseval.store import lease, lock, machine, pack_writer, packs, watched

OTHER = """
import fcntl, os, sys, time
from pathlib import Path
import msgspec
from vsseval.store import lease, lock, machine
plain = machine.here()
lease.here = lambda: msgspec.structs.replace(plain, machine="other", boot="other", pids="other", host="node2\\x1b[2J")
fcntl.flock = lambda *_: None  # known to that machine alone
lease.BEAT = 0.1
with lock.hold_lock(Path(sys.argv[1]), sys.argv[3], shared=sys.argv[2] == "shared"):
    print(os.getpid(), flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(lease, "BEAT", 0.1)
    monkeypatch.setattr(lease, "LEASE", 1.5)
    monkeypatch.setattr(lease, "_LOOK", 0.02)


@pytest.fixture
def other(tmp_path):
    """Start a holder on the other machine."""
    started = []

    def start(how="alone", runs=tmp_path, identity="0123abcd"):
        process = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(runs), how, identity], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        started.append(process)
        assert int(process.stdout.readline()) == process.pid
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def test_a_holder_on_another_machine_is_busy_and_not_killed_by_number(tmp_path, other):
    process = other()
    with pytest.raises(Busy, match="on 'node2") as told, lock.hold_lock(tmp_path, "0123abcd"):
        pass
    assert f"pid {process.pid}" in str(told.value)
    assert "another machine" in str(told.value)
    assert "kill" not in str(told.value)
    assert "\x1b" not in str(told.value)
    process.communicate("done\n")
    with lock.hold_lock(tmp_path, "0123abcd"):
        pass
    assert not list(tmp_path.rglob("*.lease"))


def test_what_a_process_over_there_is_writing_is_not_swept(clips, site, tmp_path, other):
    asked = spec(clips, tmp_path)
    planned = plan(asked)
    (planned.root / "audio").mkdir(parents=True)
    writing = planned.root / "audio" / ".tmp-12-0123abcd"
    writing.write_bytes(b"half")
    process = other(runs=tmp_path / "runs", identity=planned.identity)
    with pytest.raises(Busy, match="another machine"):
        run([asked])
    assert writing.read_bytes() == b"half"
    process.communicate("done\n")
    run([asked])
    assert not writing.exists()


def test_one_that_was_killed_over_there_is_waited_for_and_taken_over(tmp_path, other):
    process = other()
    process.kill()
    process.wait()
    begun = time.monotonic()
    with lock.hold_lock(tmp_path, "0123abcd"):
        assert 1.0 < time.monotonic() - begun < 10
        assert len(list(tmp_path.rglob("*.lease"))) == 1


def test_what_is_shared_is_shared_and_what_is_waited_for_comes(tmp_path, other):
    process = other("shared")
    with lock.hold_lock(tmp_path, "0123abcd", shared=True):
        pass
    with pytest.raises(Busy), lock.hold_lock(tmp_path, "0123abcd"):
        pass
    threading.Timer(0.5, lambda: print(file=process.stdin, flush=True)).start()
    with lock.hold_lock(tmp_path, "0123abcd", wait=True):
        pass


def test_a_machine_that_was_started_anew_holds_nothing(tmp_path, monkeypatch):
    folder = tmp_path / ".locks"
    folder.mkdir()
    then = msgspec.structs.replace(machine.here(), boot="before", pids="before")
    left = lease.Lease(state="holds", shared=False, beat=3, here=then, pid=1, device=1)
    (folder / "0123abcd.0123456789ab.lease").write_bytes(msgspec.json.encode(left))
    monkeypatch.setattr(lease, "LEASE", 600)
    with lock.hold_lock(tmp_path, "0123abcd"):
        pass


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 2000, b'{"state":"holds"}'])
def test_what_is_no_lease_holds_nothing_for_long(tmp_path, data):
    (tmp_path / ".locks").mkdir()
    (tmp_path / ".locks" / "0123abcd.0123456789ab.lease").write_bytes(data)
    with lock.hold_lock(tmp_path, "0123abcd"):
        pass


def test_pipes_in_the_folder_of_locks_are_not_waited_for(tmp_path):
    (tmp_path / ".locks").mkdir()
    os.mkfifo(tmp_path / ".locks" / "0123abcd.0123456789ab.lease")
    os.mkfifo(tmp_path / ".locks" / "0123abcd.other.lock")
    with lock.hold_lock(tmp_path, "0123abcd"):
        assert watched.holder(tmp_path / "20260102-030405-a-b-0123abcd") == os.getpid()


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(lock.fcntl, "flock", refused)
    with lock.hold_lock(tmp_path, "0123abcd"):
        with pytest.raises(Busy, match=f"kill {os.getpid()}"), lock.hold_lock(tmp_path, "0123abcd"):
            pass
        with lock.hold_lock(tmp_path, "other"):
            pass
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = lease.Lease(state="holds", shared=False, beat=3, here=machine.here(), pid=int(gone.stdout), device=1)
    (tmp_path / ".locks" / "0123abcd.0123456789ab.lease").write_bytes(msgspec.json.encode(left))
    monkeypatch.setattr(lease, "LEASE", 600)
    with lock.hold_lock(tmp_path, "0123abcd"):  # the number is one of this machine, and of nobody
        pass


def test_many_that_come_at_once_go_one_after_the_other(tmp_path, monkeypatch):
    """Without `flock`; each is alone while it counts."""
    monkeypatch.setattr(lock.fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSYS, "")))
    inside, most, faults = [], [], []

    def come():
        try:
            with lock.hold_lock(tmp_path, "0123abcd", wait=True):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.02)
                inside.pop()
        except BaseException as fault:  # noqa: BLE001 - told by the assertion
            faults.append(fault)

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert most == [1] * 8


def test_a_pack_of_another_machine_is_read_and_not_appended_to(tmp_path, monkeypatch):
    mine = packs.Packs(tmp_path)
    mine.write("aa" * 32, b"one")
    del mine
    monkeypatch.setattr(pack_writer, "_machine", lambda: "ffffff")
    monkeypatch.setattr(pack_writer.fcntl, "flock", lambda *_: None)
    theirs = packs.Packs(tmp_path)
    theirs.write("bb" * 32, b"two")
    assert theirs.read("aa" * 32) == (b"one", 0)
    assert len(list(tmp_path.glob("*.index"))) == 2


def test_who_watches_names_no_process_of_another_machine(tmp_path, other):
    other()
    run = tmp_path / "20260102-030405-a-b-0123abcd"
    run.mkdir()
    (run.parent / ".locks" / "0123abcd.lock").write_text(f"{os.getpid()}\n")
    assert watched.holder(run) == 0
