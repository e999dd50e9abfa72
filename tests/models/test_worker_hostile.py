"""Workers that mean harm: nothing outside their folder is read or deleted, and no time limit is talked away."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from support.hostile_text import ALL, acts_on_a_terminal
from vsseval.models.worker import WorkerLaunch, WorkerProcess
from vsseval.text.escaping import terminal

HEAD = """
import json, os, subprocess, sys, time
say = lambda **message: print(json.dumps(message), flush=True)
hello = json.loads(sys.stdin.readline())
scratch = hello["scratch"]
say(type="ready", protocol=1)
"""
LOOP = """
for line in sys.stdin:
    ids = [request["id"] for request in json.loads(line).get("requests", [])]
    if not ids: break
"""


def asked(tmp_path: Path, body: str, count: int = 1, **fields):
    """Return what a worker of a body gave; it is run for each line of requests, with `ids`, `scratch` and `say`."""
    script = tmp_path / "hostile.py"
    script.write_text(HEAD + LOOP + textwrap.indent(textwrap.dedent(body), "    "))
    limits = {"clip_seconds": 20.0, "start_seconds": 20.0, **fields}
    worker = WorkerProcess(
        WorkerLaunch(
            name="hostile", command=(sys.executable, str(script)), cwd=tmp_path, log=tmp_path / "log.txt",
            scratch=tmp_path / "work" / "out", **limits,
        )
    )  # fmt: skip
    try:
        return list(worker.generate([{"id": f"c{i}", "seed": i} for i in range(count)]))
    finally:
        worker.close()


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.f32"
    np.full(8, 0.5, "<f4").tofile(path)
    return path


RAW = "say(type='result', id=ids[0], rate=8000, channels=1, file={})"
SOUND = "say(type='result', id=ids[0], path={})"


@pytest.mark.parametrize("answer", [RAW, SOUND])
@pytest.mark.parametrize(
    ("before", "file", "says"),
    [
        ("", "{secret!r}", "outside the folder"),
        ("", "scratch + '/../../secret.f32'", "outside the folder"),
        ("", "'../../secret.f32'", "outside the folder"),
        ("", "scratch + '/..'", "outside the folder"),
        ("os.symlink({secret!r}, scratch + '/a')", "scratch + '/a'", "no regular file"),
        ("os.symlink(os.path.dirname({secret!r}), scratch + '/d')", "scratch + '/d/secret.f32'", "outside the folder"),
        ("os.mkfifo(scratch + '/a')", "scratch + '/a'", "no regular file"),
        ("os.mkdir(scratch + '/a')", "scratch + '/a'", "no regular file"),
        ("", "scratch + '/a'", "cannot be taken"),
        ("", "scratch + '/a' + chr(0)", "where the path of a file was due"),
        ("", "7", "where the path of a file was due"),
        ("", "None", "where the path of a file was due"),
        ("", "'a' * 5000", "cannot be taken: File name too long"),
    ],
)
def test_only_regular_files_of_its_own_folder_are_taken(tmp_path, secret, answer, before, file, says):
    body = "\n".join(part.replace("{secret!r}", repr(str(secret))) for part in (before, answer.replace("{}", file)))
    (output,) = asked(tmp_path, body)
    assert output.samples is None
    assert says in output.error
    assert secret.is_file()


@pytest.mark.parametrize("answer", [RAW, SOUND])
@pytest.mark.parametrize("file", ["'secret.f32'", "scratch + '/secret.f32'"])
def test_a_link_in_the_place_of_its_folder_leads_nowhere(tmp_path, secret, answer, file):
    body = f"""
os.rename(scratch, scratch + "-away")
os.symlink({str(secret.parent)!r}, scratch)
{answer.format(file)}"""
    (output,) = asked(tmp_path, body)
    assert output.samples is None
    assert "outside the folder" in output.error
    assert secret.is_file()


def test_a_link_that_an_earlier_life_left_is_not_written_through(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    body = f"""
if not os.path.exists({str(tmp_path / "died")!r}):
    open({str(tmp_path / "died")!r}, "w").close()
    os.rename(scratch, scratch + "-away")
    os.symlink({str(elsewhere)!r}, scratch)
    os._exit(1)
open(scratch + "/a", "wb").write(bytes(32))
{RAW.format("'a'")}"""
    (output,) = asked(tmp_path, body)
    assert output.samples.size == 8
    assert not list(elsewhere.iterdir())


def test_a_link_in_the_place_of_the_harness_folder_leads_nowhere(tmp_path, secret):
    body = f"""
import glob
for held in glob.glob(scratch + "-taken*"):
    os.rename(held, held + "-away")
    os.symlink({str(secret.parent)!r}, held)
os.symlink({str(secret.parent)!r}, scratch + "-taken") if not os.path.lexists(scratch + "-taken") else None
open(scratch + "/sound.f32", "wb").write(bytes(32))
{RAW.format("'sound.f32'")}"""
    before = secret.parent / "sound.f32"
    np.full(4, 0.25, "<f4").tofile(before)
    asked(tmp_path, body)
    assert np.fromfile(before, "<f4").tolist() == [0.25] * 4


def test_a_sparse_file_is_not_read(tmp_path):
    body = "f = open(scratch + '/a', 'wb'); f.truncate(1 << 40); f.close()\n"
    (output,) = asked(tmp_path, body + RAW.format("scratch + '/a'"))
    assert "1,099,511,627,776 bytes, more than" in output.error
    assert not list((tmp_path / "work").glob("out-taken-*"))


def test_its_own_files_are_taken_and_gone(tmp_path):
    body = "open(scratch + '/a', 'wb').write(bytes(32))\n"
    (output,) = asked(tmp_path, body + RAW.format("'a'"))
    assert output.samples.tolist() == [0.0] * 8
    assert [path.name for path in (tmp_path / "work").rglob("*") if path.is_file()] == ["vsseval_worker.py"]


def test_a_reason_is_short(tmp_path):
    (output,) = asked(tmp_path, "say(type='result', id=ids[0], error='x' * 900_000)")
    assert output.samples is None
    assert len(output.error) < 2000


def test_letters_now_and_then_are_no_answer(tmp_path):
    began = time.monotonic()
    body = "while True:\n    sys.stdout.write(' '); sys.stdout.flush(); time.sleep(0.05)"
    (output,) = asked(tmp_path, body, clip_seconds=1.0)
    assert "has not answered in 1 s" in output.error
    assert time.monotonic() - began < 30


def test_one_that_reads_nothing_is_ended(tmp_path):
    """A request of a million letters is more than a pipe holds."""
    script = tmp_path / "deaf.py"
    script.write_text(HEAD + "time.sleep(600)")
    given = WorkerLaunch(
        name="deaf", command=(sys.executable, str(script)), cwd=tmp_path, log=tmp_path / "log.txt",
        scratch=tmp_path / "work" / "out", clip_seconds=1.0,
    )  # fmt: skip
    worker = WorkerProcess(given)
    try:
        (output,) = worker.generate([{"id": "c0", "transcript": "x" * 1_000_000}])
    finally:
        worker.close()
    assert "has not read what it was asked in 1 s" in output.error


@pytest.mark.parametrize("kept", ["", ", env={}"], ids=["with their variables", "without"])
def test_children_that_leave_the_session_end_with_it(tmp_path, kept):
    mark = tmp_path / "pid"
    body = f"""
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True{kept})
        open({str(mark)!r}, "w").write(str(child.pid))
        say(type="result", id=ids[0], error="none")
    """
    asked(tmp_path, body)
    pid = int(mark.read_text())
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    os.kill(pid, 9)
    pytest.fail("a child of the worker lives on")


def test_an_orphan_without_session_and_variables_ends_with_it(tmp_path):
    written = tmp_path / "written"
    body = f"""
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.closerange(0, 3)
            code = "import time\\nwhile True: open({str(written)!r}, 'a').write('x'); time.sleep(0.1)"
            os.execve(sys.executable, [sys.executable, "-S", "-c", code], {{}})
        while not os.path.exists({str(written)!r}): time.sleep(0.01)
        say(type="result", id=ids[0], error="none")
    """
    (output,) = asked(tmp_path, body)
    assert output.error.startswith("none")
    size = written.stat().st_size
    time.sleep(0.3)
    assert written.stat().st_size == size


def test_a_worker_that_kills_what_started_it_has_died(tmp_path):
    """Its mother is not the harness, which goes on."""
    (output,) = asked(tmp_path, "os.kill(os.getppid(), 9); time.sleep(600)")
    assert "SIGKILL" in output.error


def test_an_answer_nested_without_end_is_none(tmp_path):
    (output,) = asked(tmp_path, "print('[' * 100_000, flush=True)")
    assert "where a message was due" in output.error


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("while True: sys.stdout.write('x' * 65536)", "floods the protocol with a line that does not end"),
        ("while True: say(type='result', id='another', error='x')", "answers nothing that was asked"),
        ("while True: print('{}', flush=True)", "answers nothing that was asked"),
        ("while True: print('\\x1b[2J', flush=True)", "where a message was due"),
        ("while True: sys.stderr.write('y' * 65536)", "has not answered in 3 s"),
        ("os.close(1); time.sleep(600)", "closed its end and lives on"),
        ("import signal; [signal.signal(one, 1) for one in (2, 15)]; time.sleep(600)", "has not answered in 3 s"),
        ("os.kill(os.getpid(), 19)", "has not answered in 3 s"),
    ],
)
def test_no_time_limit_is_talked_away(tmp_path, body, says):
    began = time.monotonic()
    (output,) = asked(tmp_path, body, clip_seconds=3.0)
    assert says in output.error
    assert output.samples is None
    assert time.monotonic() - began < 40


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "/proc/self/mem"])
@pytest.mark.parametrize("answer", [RAW, SOUND])
def test_devices_are_named_and_never_opened(tmp_path, monkeypatch, answer, path):
    opened = []
    plain = os.open
    monkeypatch.setattr(os, "open", lambda name, *more, **rest: opened.append(str(name)) or plain(name, *more, **rest))
    (named,) = asked(tmp_path, answer.format(repr(path)))
    (linked,) = asked(tmp_path, f"os.symlink({path!r}, scratch + '/a')\n" + answer.format("scratch + '/a'"))
    assert "outside the folder" in named.error
    assert "no regular file" in linked.error
    assert not [name for name in opened if name.startswith(("/dev/zero", "/dev/stdin", "/proc/self/mem"))]


def test_what_a_worker_says_acts_on_no_terminal(tmp_path):
    (output,) = asked(tmp_path, f"say(type='result', id=ids[0], error={ALL.replace(chr(0xD800), '')!r})")
    assert not acts_on_a_terminal(terminal(output.error))
