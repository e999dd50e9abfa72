"""Commands beside one another: all are carried out, what each says is shown, and one that fails is not lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def beside(folder, *arguments):
    command = [sys.executable, "-m", "tools.beside", *arguments]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("main", "others", "code"), [(0, (0, 0), 0), (3, (0, 0), 3), (0, (0, 4), 4), (3, (4, 5), 3), (0, (5, 4), 5)]
)
def test_any_that_fails_is_the_answer_and_all_have_their_say(tmp_path, main, others, code):
    lines = [f"sh -c 'echo \"other  {place}\" >&2; exit {each}'" for place, each in enumerate(others)]
    done = beside(tmp_path, *lines, "--", "sh", "-c", f"echo main; exit {main}")
    assert done.returncode == code
    said = done.stdout.splitlines()
    assert said[0] == "main"
    assert said[1:] == [
        text for place, line in enumerate(lines) for text in (f"{line}: exit {others[place]}", f"other  {place}")
    ]


def test_they_run_at_the_same_time(tmp_path):
    """Each waits for what the other writes."""
    wait = "for _ in $(seq 600); do test -e {} && exit 0; sleep 0.1; done; exit 1"
    other = f"sh -c 'touch a; {wait.format('b')}'"
    assert beside(tmp_path, other, "--", "sh", "-c", f"touch b; {wait.format('a')}").returncode == 0


def test_a_command_that_is_not_there_ends_the_others(tmp_path):
    waiting = "sleep 600"
    done = beside(tmp_path, waiting, "--", str(tmp_path / "absent"))
    assert done.returncode == 1
    assert "absent" in done.stderr
