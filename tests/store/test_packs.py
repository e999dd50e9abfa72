"""Packs: many values in a few files, several writers at once, nothing torn, damage is absence."""

import hashlib
import multiprocessing
import os
import random
import signal
import time

import pytest

from vsseval.border.extractors import build_extractor
from vsseval.cli import invoke
from vsseval.store import pack_writer
from vsseval.store.features import FeatureStore
from vsseval.store.pack_index import RECORD
from vsseval.store.packs import Packs


def key_of(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def value_of(number):
    return random.Random(number).randbytes(200 + number % 7)


def filled(folder, numbers):
    packs = Packs(folder)
    for number in numbers:
        packs.write(key_of(number), value_of(number), number % 2)
    return packs


def _write(folder, first, count):
    filled(folder, range(first, first + count))


def _write_for_ever(folder):
    number = 0
    packs = Packs(folder)
    while True:
        packs.write(key_of(number), value_of(number))
        number += 1


@pytest.mark.parametrize("count", [3, 2500])
def test_what_is_written_is_found_by_this_process_and_by_others(tmp_path, count):
    mine = filled(tmp_path, range(count))
    other = Packs(tmp_path)
    assert other.find(key_of(0)) is None
    other.refresh()
    for packs in (mine, other):
        assert {packs.find(key_of(number)) for number in range(1, count, 2)} == {1}
        assert all(packs.read(key_of(number)) == (value_of(number), number % 2) for number in range(count))
        assert packs.find(key_of(-1)) is None
        assert packs.read(key_of(-1)) is None
    assert len(list(tmp_path.iterdir())) == 2


def test_the_later_value_of_a_key_counts(tmp_path):
    packs = filled(tmp_path, range(1500))
    packs.write(key_of(7), b"new")
    assert packs.read(key_of(7)) == (b"new", 0)
    again = Packs(tmp_path)
    assert again.read(key_of(7)) == (b"new", 0)
    assert again.usage().entries == 1500


def test_several_processes_write_at_once_each_to_its_own_pack_and_later_ones_go_on_with_them(tmp_path):
    context = multiprocessing.get_context("fork")
    for turn in range(2):
        writers = [context.Process(target=_write, args=(tmp_path, 1000 * turn + 50 * n, 50)) for n in range(6)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
            assert writer.exitcode == 0
    found = Packs(tmp_path)
    for number in (*range(300), *range(1000, 1300)):
        assert found.read(key_of(number)) == (value_of(number), number % 2)
    assert len(list(tmp_path.glob("*.pack"))) <= 6


def test_a_killed_writer_leaves_whole_values_and_its_pack_to_the_next(tmp_path):
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        writer = context.Process(target=_write_for_ever, args=(tmp_path,))
        writer.start()
        while not any(path.stat().st_size > 20_000 for path in tmp_path.glob("*.pack")):
            time.sleep(0.01)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        (index,) = tmp_path.glob("*.index")
        index.write_bytes(index.read_bytes() + b"torn")
    packs = Packs(tmp_path)
    packs.refresh()
    there = [number for number in range(100_000) if packs.find(key_of(number)) is not None]
    assert len(there) > 50
    assert all(packs.read(key_of(number))[0] == value_of(number) for number in there)
    packs.write(key_of(-5), b"after")
    assert Packs(tmp_path).read(key_of(-5)) == (b"after", 0)
    assert index.stat().st_size % RECORD.size == 0


@pytest.mark.parametrize("count", [5, 1500])
def test_a_damaged_value_is_wiped_out_for_everybody(tmp_path, count):
    packs = filled(tmp_path, range(count))
    (pack,) = tmp_path.glob("*.pack")
    with pack.open("r+b") as file:
        file.seek(len(value_of(0)) + 3)
        file.write(b"\0\0\0\0")
    assert packs.read(key_of(1)) is None
    assert packs.find(key_of(1)) is None
    other = Packs(tmp_path)
    other.refresh()
    assert other.find(key_of(1)) is None
    assert other.read(key_of(2)) == (value_of(2), 0)
    packs.write(key_of(1), b"anew")
    assert packs.read(key_of(1)) == other.read(key_of(1)) == (b"anew", 0)


def test_packs_that_were_deleted_are_forgotten_and_written_anew(tmp_path):
    packs = filled(tmp_path, range(10))
    for path in tmp_path.iterdir():
        path.unlink()
    packs.refresh()
    assert packs.find(key_of(3)) is None
    packs.write(key_of(3), b"anew")
    assert Packs(tmp_path).read(key_of(3)) == (b"anew", 0)


def test_a_full_pack_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_writer, "FULL", 1000)
    filled(tmp_path, range(20))
    assert len(list(tmp_path.glob("*.pack"))) > 2
    found = Packs(tmp_path)
    assert all(found.read(key_of(number)) == (value_of(number), number % 2) for number in range(20))


def test_without_locks_every_writer_has_its_own_pack(tmp_path, monkeypatch):
    def refused(*arguments):
        raise OSError(37, "no locks available")

    monkeypatch.setattr(pack_writer.fcntl, "flock", refused)
    first, second = filled(tmp_path, range(3)), filled(tmp_path, range(3, 6))
    first.write(key_of(6), value_of(6))
    assert len(list(tmp_path.glob("*.pack"))) == 2
    found = Packs(tmp_path)
    assert all(found.read(key_of(number))[0] == value_of(number) for number in range(7))
    del second


def test_compaction_frees_what_nothing_refers_to_and_others_go_on(tmp_path):
    packs = filled(tmp_path, range(1200))
    for _ in range(3):
        packs.write(key_of(5), value_of(5))
    reader = Packs(tmp_path)
    reader.refresh()
    assert Packs(tmp_path).compact() == 0  # the pack has a writer
    del packs
    freed = Packs(tmp_path).compact()
    assert freed == 3 * (len(value_of(5)) + RECORD.size)
    assert all(reader.read(key_of(number))[0] == value_of(number) for number in range(1200))


def test_the_store_says_what_it_holds_and_clears_it(tmp_path, capsys):
    current = FeatureStore(tmp_path).folder(build_extractor("logmel").spec).name
    filled(tmp_path / "features" / "logmel-0-none", range(4))
    filled(tmp_path / "features" / current, range(2))
    filled(tmp_path / "features" / f"{current}-cuda-float32", range(1))
    (tmp_path / "muted").mkdir()
    (tmp_path / "muted" / "a.mp4").write_bytes(bytes(1000))
    assert invoke(["store", "du", "--store", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in said[:3]] == ["logmel-0-none", "muted", current]
    assert invoke(["store", "prune", "nothing", "--store", str(tmp_path)]) == 2
    assert "nothing" in capsys.readouterr().err
    assert invoke(["store", "prune", "muted", "--store", str(tmp_path)]) == 0
    assert not (tmp_path / "muted").exists()
    assert Packs(tmp_path / "features" / "logmel-0-none").read(key_of(3))[0] == value_of(3)
    assert invoke(["store", "prune", "--outdated", "--store", str(tmp_path)]) == 0
    assert {path.name for path in (tmp_path / "features").iterdir()} == {current, f"{current}-cuda-float32"}
    assert invoke(["store", "du", "--store", str(tmp_path / "none")]) == 2
