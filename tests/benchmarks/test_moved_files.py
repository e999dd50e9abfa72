"""A data set that was moved is registered again without being read: name, size and time of change vouch for files."""

from __future__ import annotations

import shutil

import numpy as np

from vsseval.datasets import hash_media
from vsseval.media import write_wav


def registered(folder, journal):
    paths = sorted(folder.iterdir())
    return list(hash_media.examined(paths, journal, 1, hash_media.journal(journal)))


def test_moved_files_are_not_read_again_and_changed_ones_are(tmp_path, monkeypatch):
    old, journal = tmp_path / "old", tmp_path / "home" / "files.jsonl"
    old.mkdir()
    for name in ("a", "b", "c"):
        write_wav(old / f"{name}.wav", np.full(800, 0.1, np.float32), 8000)
    before = registered(old, journal)
    new = old.rename(tmp_path / "new")
    (new / "b.wav").write_bytes((new / "b.wav").read_bytes()[:-2] + b"\0\0")
    opened = []
    examine = hash_media.examine
    monkeypatch.setattr(hash_media, "examine", lambda path: opened.append(path.name) or examine(path))
    after = registered(new, journal)
    assert opened == ["b.wav"]
    assert {facts.path for facts in after} == {new / f"{name}.wav" for name in ("a", "b", "c")}
    hashes = [{facts.path.name: facts.sha256 for facts in found} for found in (before, after)]
    assert {name for name in hashes[0] if hashes[0][name] != hashes[1][name]} == {"b.wav"}
    opened.clear()
    registered(new, journal)
    assert opened == []


def test_a_copy_is_opened_for_the_first_is_still_there(tmp_path, monkeypatch):
    old, journal = tmp_path / "old", tmp_path / "home" / "files.jsonl"
    old.mkdir()
    write_wav(old / "a.wav", np.full(800, 0.1, np.float32), 8000)
    registered(old, journal)
    shutil.copytree(old, tmp_path / "copy")
    opened = []
    examine = hash_media.examine
    monkeypatch.setattr(hash_media, "examine", lambda path: opened.append(path.name) or examine(path))
    registered(tmp_path / "copy", journal)
    assert opened == ["a.wav"]
