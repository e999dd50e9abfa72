"""A share of the attacks of `benchmarks/reliability.py`: kills, damaged media, tampering."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_share_of_the_attacks_is_survived():
    command = [sys.executable, str(ROOT / "benchmarks" / "reliability.py"), "--share"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 5
    assert all(0 < int(tried) == int(survived) for _, tried, survived, *_ in rows)


def test_a_line_whose_attack_is_not_there_is_not_survived(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import random

    import reliability
    from attacks.common import Place

    place = Place(tmp_path, random.Random(0), tmp_path)
    found = reliability.cases("tests/no_such_file.py")(place, 1)
    assert (found.tried, found.survived) == (1, 0)
    assert "there is no tests/no_such_file.py" in found.said
    found = reliability.cases("tests/text/test_readers.py")(place, 1)
    assert found.tried == found.survived > 0
