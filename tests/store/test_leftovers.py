"""What a killed process left half written is removed at the next start, and nothing else."""

import os
import time
from pathlib import Path

import pytest

from support.synthetic_runs import write_run
from vsseval.leaderboard.entries import _hashes
from vsseval.media import encode
from vsseval.store import atomic
from vsseval.store.leftovers import DAY, is_leftover, sweep


def names_of(monkeypatch, tmp_path):
    """Return the names under which files are written."""
    seen = []

    def caught(path):
        seen.append(path.name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write_with(tmp_path / "run.json", caught)
    with pytest.raises(KeyboardInterrupt), encode.replacing(tmp_path / "v.mp4") as file:
        caught(Path(file.name))
    return seen


def test_it_knows_the_names_that_are_given(monkeypatch, tmp_path):
    found = names_of(monkeypatch, tmp_path)
    assert len(found) == 2
    assert all(map(is_leftover, found))
    for name in (
        "run.json",
        ".gitkeep",
        ".DS_Store",
        "0000.jsonl",
        ".0123456789abX.json",
        "tmp-1-00000000",
        ".tmp-x-1",
    ):
        assert not is_leftover(name)


def test_leftovers_go_and_the_rest_stays(tmp_path):
    (tmp_path / "audio").mkdir()
    (tmp_path / "elsewhere").mkdir()
    left = [
        tmp_path / ".0123456789ab.json",
        tmp_path / "audio" / ".tmp-12-0123abcd",
        tmp_path / "audio" / ".0123456789ab.flac",
    ]
    kept = [tmp_path / "run.json", tmp_path / ".hidden", tmp_path / "audio" / "a.flac"]
    for path in (*left, *kept):
        path.write_bytes(b"x")
    outside = tmp_path / "elsewhere" / ".tmp-12-0123abcd"
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    outside.write_bytes(b"x")
    os.mkfifo(tmp_path / ".tmp-1-00000000")
    assert sweep(root) == 0
    assert outside.exists()
    assert sweep(tmp_path, DAY) == 0
    os.utime(left[0], (time.time() - 2 * DAY,) * 2)
    assert sweep(tmp_path, DAY) == 1
    assert sweep(tmp_path) == 3
    assert all(path.exists() for path in kept)
    assert (tmp_path / ".tmp-1-00000000").is_fifo()
    assert sweep(tmp_path / "none") == 0


def test_a_record_has_no_hash_of_a_leftover(tmp_path):
    write_run(tmp_path, "a", 0.2)
    (run,) = tmp_path.iterdir()
    (run / "shards").mkdir(exist_ok=True)
    before = dict(_hashes(run))
    (run / "shards" / ".0123456789ab.jsonl").write_text("{}")
    assert dict(_hashes(run)) == before
