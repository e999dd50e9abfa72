"""Generation in processes: the same bytes for any number of processes, shards and cores, and who kills is found."""

from __future__ import annotations

import msgspec
import pytest
import torch

from support.fake_plugin import spec
from vsseval.errors import Busy
from vsseval.records import RunSpec
from vsseval.stages.plan import plan, shard_size
from vsseval.stages.run import run
from vsseval.store.journal import read_journals
from vsseval.store.lock import hold_lock
from vsseval.store.record import find_runs, load_run
from vsseval.types import ModelCard

pytestmark = pytest.mark.usefixtures("site")
RESULTS = ("scores.parquet", "aggregates.json", "replicates.npz")


def done(asked):
    (record,) = run([asked])
    return load_run(asked.runs / record.id)


def sounds(of):
    return {path.name: path.read_bytes() for path in sorted((of.path / "audio").iterdir())}


def test_sounds_and_scores_are_the_same_bytes_for_any_jobs_and_shards(clips, tmp_path):
    first = done(spec(clips, tmp_path / "1"))
    assert len(sounds(first)) == 8
    for jobs, size in ((1, 64), (2, 1), (3, 3)):
        other = done(spec(clips, tmp_path / f"{jobs} {size}", jobs=jobs, shard_size=size))
        assert sounds(other) == sounds(first)
        assert len([*(other.path / "shards").glob("*.done")]) == -(-8 // size)
        for name in RESULTS:
            assert (other.path / name).read_bytes() == (first.path / name).read_bytes()


def test_vssflow_makes_the_same_bytes_in_processes_and_beside_other_threads(tmp_path):
    def asked(name, **more):
        places = {"runs": tmp_path / name / "runs", "store": tmp_path / "store"}
        return RunSpec(model="vssflow", benchmark="mini_v2s", limit=2, metrics=("level@fake",), **places, **more)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    first = done(asked("here", jobs=1))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    assert sounds(done(asked("there", jobs=2, shard_size=1))) == sounds(first)
    assert first.record.clips == {"ok": 2}


def test_a_model_has_one_thread_or_as_many_as_its_card_says(clips, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    found = {
        count: done(spec(clips, tmp_path, model=f"fake:threads={count}", limit=1, metrics=("level@fake",)))
        for count in (1, 3)
    }
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    level = {count: one.cell("level@fake").value for count, one in found.items()}
    assert level[3] == pytest.approx(3 * level[1], rel=1e-3)
    assert found[1].record.provenance["identity"] != found[3].record.provenance["identity"]


def test_a_clip_that_kills_the_model_is_the_only_one_that_is_lost(clips, tmp_path):
    found = done(spec(clips, tmp_path, model="fake:kill", jobs=2, metrics=("level@fake",)))
    assert found.record.clips == {"failed": 1, "ok": 7}
    lines = read_journals(found.path / "shards")
    assert lines["clip3"].error == "the process that worked on it was killed (out of memory?)"
    assert sounds(found).keys() == sounds(done(spec(clips, tmp_path / "whole"))).keys() - {"clip3__s0.flac"}


def test_a_batch_that_is_too_large_is_halved(clips, tmp_path):
    found = done(spec(clips, tmp_path, model="fake:large", metrics=("level@fake",)))
    assert found.record.clips == {"ok": 8}
    assert sounds(found) == sounds(done(spec(clips, tmp_path / "whole")))


def test_shards_suit_the_benchmark_and_a_model_that_wants_many_at_once(clips, tmp_path):
    assert plan(spec(clips, tmp_path)).spec.shard_size == 4
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "clip0.wav").write_bytes(b"none")
    assert plan(spec(clips, tmp_path, model=f"audio:{tmp_path / 'wavs'}")).spec.shard_size == 8


def test_many_processes_have_several_shards_each_whatever_the_benchmark():
    model = ModelCard(name="x", version="1", tasks=())
    sizes = {clips: shard_size(clips, model) for clips in (48, 1_000, 15_000, 100_000)}
    assert sizes == {48: 4, 1_000: 4, 15_000: 15, 100_000: 64}
    assert shard_size(1_000, msgspec.structs.replace(model, batch=100)) == 100


def test_bounds_go_first_and_records_come_as_they_were_asked_for(clips, tmp_path):
    order = []

    class Watcher:
        def run(self, title):
            order.append(title)

        def stage(self, name, total):
            order.append((name, total))

        def advance(self, steps=1):
            pass

        def note(self, text):
            order.append(text)

        def left(self, seconds):
            pass

    asked = [spec(clips, tmp_path, model=name, metrics=("level@fake",)) for name in ("fake", "silence", "reference")]
    records = run(asked, Watcher())
    assert [record.model.name for record in records] == ["fake", "silence", "reference"]
    titles = [one for one in order if isinstance(one, str)]
    assert titles == [
        "3 runs",
        *(f"run {k} of 3: {name} on fake" for k, name in enumerate(("silence", "reference", "fake"), 1)),
    ]
    assert order[1] == ("generate", 24)
    # of the videos one feature serves all; references are the reference's own sound in another file; silence is one
    # besides, each reference is looked at for copies of it
    assert order[2] == ("extract", 8 + 8 + 8 + 1 + 8)


def test_what_a_lost_model_was_to_extract_is_extracted_for_the_others(clips, tmp_path):
    asked = [spec(clips, tmp_path, model=model) for model in ("fake:environment", "fake")]
    (record,) = run(asked)
    found = load_run(tmp_path / "runs" / record.id)
    assert {cell.n for cell in found.aggregates if not cell.subset} == {8}
    assert not record.provenance["faults"]


def test_a_run_that_another_process_works_on_is_put_off_to_the_end(clips, tmp_path):
    asked = [spec(clips, tmp_path, model=model, metrics=("level@fake",)) for model in ("silence", "fake")]
    other = plan(asked[0]).identity
    with hold_lock(tmp_path / "runs", other), pytest.raises(Busy):
        run(asked)
    assert [found.record.model.name for found in find_runs(tmp_path / "runs")] == ["fake"]
    assert [record.status for record in run(asked)] == ["finished"] * 2
