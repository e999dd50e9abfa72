"""Several processes each carry out a part of the same command; the last of them, or any later run, closes it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.fake_plugin import environment, spec
from vsseval.cli import invoke
from vsseval.engines.choice import LOCAL, WHOLE, EngineChoice, Part, read_choice
from vsseval.errors import Busy, UsageError
from vsseval.stages.run import carry_out, run
from vsseval.store.lock import hold_lock
from vsseval.store.record import find_runs, load_run

pytestmark = pytest.mark.usefixtures("site")
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz")


def part(number, total):
    return EngineChoice(part=Part(number, total))


def specs(clips, where):
    return [spec(clips, where, model=model, shard_size=1) for model in ("fake", "reference")]


def same(first, second):
    names = [path.name for path in sorted((first.path / "audio").iterdir())]
    assert names == [path.name for path in sorted((second.path / "audio").iterdir())]
    for name in (*RESULTS, *(f"audio/{name}" for name in names)):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


def test_parts_in_any_order_give_the_bytes_of_one_process_and_the_last_closes(clips, tmp_path):
    whole = [load_run(tmp_path / "whole" / "runs" / record.id) for record in run(specs(clips, tmp_path / "whole"))]
    asked = specs(clips, tmp_path / "parts")
    for number in (2, 0):
        done = carry_out(asked, choice=part(number, 3))
        assert (done.records, done.lost) == ([], {})
        assert done.unfinished == [f"{model} on fake:{clips}" for model in ("fake", "reference")]
    assert {found.record.status for found in find_runs(tmp_path / "parts" / "runs")} == {"started"}
    made = {path.name for path in (tmp_path / "parts" / "runs").glob("*-fake-*/shards/*.done")}
    assert made == {f"000{shard}.done" for shard in (0, 2, 3, 5, 6)}
    done = carry_out(asked, choice=part(1, 3))
    assert done.unfinished == []
    for record, undisturbed in zip(done.records, whole, strict=True):
        same(load_run(tmp_path / "parts" / "runs" / record.id), undisturbed)
    assert [record.status for record in carry_out(asked, choice=part(1, 3)).records] == ["finished"] * 2


def test_a_later_run_does_what_no_part_did(clips, tmp_path):
    asked = specs(clips, tmp_path)
    carry_out(asked, choice=part(0, 2))
    sounds = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*/audio/*.flac")}
    assert len(sounds) == 8
    assert [record.clips for record in run(asked)] == [{"ok": 8}] * 2
    assert all(path.stat().st_mtime_ns == before for path, before in sounds.items())


def test_parts_work_beside_each_other_and_not_beside_a_whole_run(clips, tmp_path):
    (asked, _) = specs(clips, tmp_path)
    carry_out([asked], choice=part(0, 2))
    (found,) = find_runs(tmp_path / "runs")
    identity = found.record.provenance["identity"]
    with hold_lock(tmp_path / "runs", identity, shared=True):
        # another part is at work: this one is done, and leaves the rest to it
        assert carry_out([asked], choice=part(1, 2)).records == []
        with pytest.raises(Busy):
            run([asked])
    with hold_lock(tmp_path / "runs", identity), pytest.raises(Busy):
        carry_out([asked], choice=part(1, 2))
    with hold_lock(tmp_path / "runs", f"{identity}.1 of 2"), pytest.raises(Busy, match="part 1 of 2"):
        carry_out([asked], choice=part(1, 2))
    assert len(carry_out([asked], choice=part(1, 2)).records) == 1


def test_torchrun_starts_them_and_one_prints_the_table(clips, tmp_path, site):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python",
        sys.executable, "-m", "vsseval", "run", "--engine", "torchrun", "--model", "fake", "--no-bounds",
        "--benchmark", f"fake:{clips}", "--store", "store",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(site), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("level ↑") == 1
    (found,) = find_runs(tmp_path / "runs")
    assert found.record.status == "finished"
    (alone,) = run([spec(clips, tmp_path / "alone")])
    same(found, load_run(tmp_path / "alone" / "runs" / alone.id))


def test_a_part_by_hand_says_that_it_is_done(clips, tmp_path, capsys):
    places = ["--runs", str(tmp_path / "runs"), "--store", str(tmp_path / "store"), "--jobs", "1"]
    asked = ["run", "--model", "fake", "--no-bounds", "--benchmark", f"fake:{clips}", *places]
    assert invoke([*asked, "--shard", "0/2"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Part 0/2 is done" in shown.err
    assert invoke([*asked, "--shard", "1/2"]) == 0
    assert "level ↑" in capsys.readouterr().out


def test_engines_are_named_as_they_are():
    assert read_choice("local", 0, None) == LOCAL
    assert read_choice("local", 0, "1/4").part == Part(1, 4)
    assert read_choice("slurm:partition=gpu", 7, None) == EngineChoice("slurm", "partition=gpu", 7)
    ranks = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    assert read_choice("torchrun", 0, None, ranks) == EngineChoice("torchrun", "", 0, Part(3, 4), 1, 2)
    assert WHOLE.takes_shard(5)
    assert WHOLE.takes_medium("ab" * 32)
    for engine, workers, shard, says in [
        ("dask", 0, None, "ray"), ("local:x", 0, None, "nothing more"), ("local", 2, None, "--jobs 2"),
        ("ray", 0, "0/2", "by hand"), ("local", 0, "4/4", "3/4"), ("local", 0, "x", "0/4"),
    ]:  # fmt: skip
        with pytest.raises(UsageError, match=says):
            read_choice(engine, workers, shard)
    with pytest.raises(UsageError, match="torchrun --nproc-per-node"):
        read_choice("torchrun", 0, None, {})
    assert "RANK" not in os.environ
