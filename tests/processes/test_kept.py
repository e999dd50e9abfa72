"""Whatever a kept program starts ends with it: orphans without session and variables, stopped and killed keepers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from vsseval.processes.kept import Kept

ORPHAN = """
import os, sys, time
def orphan(file):
    "Fork twice, leave the session, throw the variables away, and write for ever."
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 3)
    code = "import time\\nwhile True: open(%r, 'a').write('x'); time.sleep(0.02)" % file
    os.execve(sys.executable, [sys.executable, "-S", "-c", code], {})
file = sys.argv[1]
"""
LATER = "\nwhile not os.path.exists(file): time.sleep(0.01)\n"


def started(tmp_path: Path, body: str, **more) -> tuple[Kept, Path]:
    """Return a program, and the file that its orphan writes to."""
    file = tmp_path / "written"
    code = ORPHAN + textwrap.dedent(body)
    return Kept([sys.executable, "-c", code, str(file)], **more), file


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_still(file: Path) -> None:
    """Assert that nobody writes to a file, which somebody did."""
    size = file.stat().st_size
    assert size
    time.sleep(0.2)
    assert file.stat().st_size == size


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("orphan(file)" + LATER, 0),
        ("orphan(file)" + LATER + "sys.exit(7)", 7),
        ("orphan(file)" + LATER + "os.abort()", -signal.SIGABRT),
        ("orphan(file)" + LATER + "os.kill(os.getpid(), 15)", -signal.SIGTERM),
        ("orphan(file)" + LATER + "os.kill(os.getppid(), 9); time.sleep(600)", -signal.SIGKILL),
        ("[orphan(file) for _ in range(30)]" + LATER, 0),
    ],
    ids=["end", "status", "abort", "term", "its mother", "many"],
)
def test_orphans_end_with_the_program(tmp_path, body, status):
    kept, file = started(tmp_path, body)
    assert kept.wait(30) == status
    assert kept.end() == status
    assert_still(file)


@pytest.mark.parametrize(
    "before",
    ["", "os.kill(os.getppid(), 19)", "import signal; [signal.signal(one, signal.SIG_IGN) for one in (1, 2, 15)]"],
    ids=["", "with its mother stopped", "deaf"],
)
def test_orphans_end_when_they_are_told_to(tmp_path, before):
    kept, file = started(tmp_path, f"orphan(file){LATER}{before}\ntime.sleep(600)")
    wait_for(file)
    time.sleep(0.1)
    begun = time.monotonic()
    assert kept.end() == -signal.SIGKILL
    assert time.monotonic() - begun < 10
    assert_still(file)


def test_orphans_end_with_whoever_started_them(tmp_path):
    file = tmp_path / "written"
    code = f"""
        import os, sys, time
        from pathlib import Path
        from vsseval.processes.kept import Kept
        kept = Kept([sys.executable, "-c", {ORPHAN + "orphan(file); time.sleep(600)"!r}, {str(file)!r}])
        while not Path({str(file)!r}).exists(): time.sleep(0.01)
        if os.fork():
            os.kill(os.getpid(), 9)
        time.sleep(8)  # a fork holds the other end open
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    deadline, before = time.monotonic() + 10, -1
    while file.stat().st_size != before:
        assert time.monotonic() < deadline
        before = file.stat().st_size
        time.sleep(0.3)


def test_one_that_forks_as_fast_as_it_can_is_ended(tmp_path):
    """Each writes and is gone before it is looked at; they stay in one group, and are ended with it."""
    body = """
        if os.fork() == 0:
            os.setsid()
            while True:
                open(file, "a").write("x")
                if os.fork():
                    os._exit(0)
        time.sleep(600)
    """
    kept, file = started(tmp_path, body)
    wait_for(file)
    time.sleep(0.3)
    kept.end()
    assert_still(file)


def test_its_files_are_its_own(tmp_path):
    """An end of what it says is an end, though keepers live on."""
    kept, _ = started(tmp_path, "os.write(1, b'said'); os.close(1); time.sleep(600)", stdout=subprocess.PIPE)
    with kept.stdout as said:
        assert said.read() == b"said"
    assert kept.poll() is None
    kept.end()


def test_a_program_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Kept([str(tmp_path / "nowhere")])
    with pytest.raises(PermissionError):
        Kept([str(Path(__file__))])
    with pytest.raises(FileNotFoundError):
        Kept([sys.executable], cwd=tmp_path / "none")


def test_what_is_passed_arrives(tmp_path):
    ready, given = os.pipe()
    kept = Kept([sys.executable, "-c", f"import os; os.write({given}, os.environ['A'].encode())"], pass_fds=(given,),
                env={**os.environ, "A": "b"}, cwd=tmp_path)  # fmt: skip
    os.close(given)
    assert kept.wait(20) == 0
    assert os.read(ready, 9) == b"b"
    os.close(ready)
    kept.end()
