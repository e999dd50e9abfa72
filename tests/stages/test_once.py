"""What is done twice is done once: files are opened, references paired and features read one time."""

import hashlib
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from support.fake_plugin import spec
from vsseval import media
from vsseval.cli import invoke
from vsseval.errors import Unmeasurable
from vsseval.media import apart, memory
from vsseval.stages import bound_references, catalog
from vsseval.stages.derangement import derangement
from vsseval.stages.inputs import PRINT
from vsseval.stages.run import carry_out, rescore
from vsseval.store.features import FeatureStore
from vsseval.types import Sample

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def forgetful(monkeypatch):
    """Return what makes this process know nothing, as a new command does."""
    monkeypatch.setattr(memory, "SETTLED_NS", 0)

    def forget():
        memory._memory.cache_clear()

    forget()
    return forget


@pytest.fixture
def opened(monkeypatch):
    """Count how often each file is hashed and how often it is opened as a medium."""
    counts = {"hashed": Counter(), "probed": Counter()}
    digest, opening = hashlib.file_digest, apart.Talk.ask

    def hashed(file, name):
        counts["hashed"][Path(file.name).name] += 1
        return digest(file, name)

    def probed(talk, *more):
        counts["probed"][talk._name] += 1
        return opening(talk, *more)

    monkeypatch.setattr(hashlib, "file_digest", hashed)
    monkeypatch.setattr(apart.Talk, "ask", probed)
    return counts


@pytest.fixture
def folders(clips, tmp_path, monkeypatch):
    """A folder of clips, and one of finished sound."""
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path / "store"))
    (tmp_path / "set").mkdir()
    (tmp_path / "out").mkdir()
    for index in range(3):
        shutil.copyfile(clips / f"v{index}.mp4", tmp_path / "set" / f"v{index}.mp4")
        shutil.copyfile(clips / f"r{index}.flac", tmp_path / "out" / f"v{index}.flac")
    return tmp_path


def command(folders):
    return ["run", "--model", f"audio:{folders / 'out'}", "--benchmark", f"folder:{folders / 'set'}", "--jobs", "1",
            "--metric", "desync@onset", "--no-bounds", "--runs", str(folders / "runs")]  # fmt: skip


def test_a_file_that_an_earlier_command_opened_is_not_opened_again(folders, opened, forgetful):
    assert invoke(command(folders)) == 0
    assert {opened["hashed"][f"v{index}.mp4"] for index in range(3)} == {1}
    forgetful()
    for counter in opened.values():
        counter.clear()
    assert invoke(command(folders)) == 0
    # a run's own files are held against their hashes each time
    own = {"aggregates.json", "scores.parquet", "flags.json"}
    assert not {name for name in opened["hashed"] if name not in own and not name.endswith(".jsonl")}
    assert opened["probed"] == Counter()


def test_a_file_that_changed_is_opened_again_alone(folders, opened, forgetful):
    assert invoke(command(folders)) == 0
    shutil.copyfile(folders / "set" / "v0.mp4", folders / "set" / "v1.mp4")
    forgetful()
    opened["hashed"].clear()
    assert invoke(command(folders)) == 0
    assert {name for name in opened["hashed"] if name.endswith(".mp4")} == {"v1.mp4"}


def test_generated_sound_is_hashed_once_for_all_later_commands(clips, tmp_path, opened, forgetful):
    carry_out([spec(clips, tmp_path)])
    hashed = []
    for metric in ("level@fake", "fd@fake"):
        forgetful()
        opened["hashed"].clear()
        carry_out([spec(clips, tmp_path, metrics=(metric,))])
        hashed.append(sum(number for name, number in opened["hashed"].items() if "__s0" in name))
    assert hashed[0] <= 8
    assert hashed[1] == 0


def test_a_record_of_other_rules_and_a_torn_one_are_no_record(folders, opened, forgetful):
    assert invoke(command(folders)) == 0
    for damage in (lambda data: data.replace(b'"opened_by":"1', b'"opened_by":"0'), lambda data: data[:-20]):
        for path in (folders / "store" / "files").iterdir():
            path.write_bytes(damage(path.read_bytes()))
        forgetful()
        opened["hashed"].clear()
        assert invoke(command(folders)) == 0
        assert {opened["hashed"][f"v{index}.mp4"] for index in range(3)} == {1}


def test_faults_are_looked_at_again(tmp_path, forgetful):
    path = tmp_path / "empty.mp4"
    path.write_bytes(b"")
    with pytest.raises(Unmeasurable):
        media.probe(path)
    assert media.recollection(tmp_path) == {}


def test_references_are_paired_once_a_run(clips, tmp_path, monkeypatch):
    calls = []
    pairing = bound_references.derangement
    monkeypatch.setattr(bound_references, "derangement", lambda samples: calls.append(1) or pairing(samples))
    carry_out([spec(clips, tmp_path, model="fake_other", shard_size=2)])
    assert len(calls) == 1


def test_each_feature_is_read_once_by_score_and_none_by_the_search_for_what_lacks(clips, tmp_path, monkeypatch):
    asked = spec(clips, tmp_path, seeds=(0, 1))
    (record,) = carry_out([asked]).records
    reads = Counter()
    read = FeatureStore.read

    def counted(self, extractor, key):
        reads[extractor.name, key] += 1
        return read(self, extractor, key)

    monkeypatch.setattr(FeatureStore, "read", counted)
    rescore(tmp_path / "runs" / record.id, jobs=1)
    assert set(reads.values()) == {1}
    assert PRINT not in {name for name, _ in reads}  # the flags of the same sounds stay


def test_flags_know_the_prints_that_other_processes_have_made(clips, tmp_path, monkeypatch):
    found = []
    for jobs in (1, 2):
        place = tmp_path / str(jobs)
        monkeypatch.setenv("VSSEVAL_STORE", str(place / "store"))
        (record,) = carry_out([spec(clips, place, jobs=jobs)]).records
        found.append((place / "runs" / record.id / "flags.json").read_bytes())
    assert found[0] == found[1]


def test_flags_that_are_not_as_they_were_sealed_are_made_anew(clips, tmp_path):
    (record,) = carry_out([spec(clips, tmp_path)]).records
    path = tmp_path / "runs" / record.id / "flags.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"unseen": 0', b'"unseen": 1'))
    assert path.read_bytes() != before
    rescore(tmp_path / "runs" / record.id, jobs=1)
    assert path.read_bytes() == before


def test_a_model_and_a_benchmark_are_built_once_a_command(folders, monkeypatch):
    built = Counter()
    build = catalog.build

    def counted(kind, name, *arguments):
        built[kind, name] += 1
        return build(kind, name, *arguments)

    monkeypatch.setattr(catalog, "build", counted)
    assert invoke(command(folders)) == 0
    assert built["benchmarks", "folder"] == built["models", "audio"] == 1


def plainly_paired(samples):
    """The rule as it reads: every clip that clashes looks at all places in turn."""
    ordered = catalog.hash_order(samples)
    count = len(ordered)
    giver = [ordered[(index + count // 2) % count] for index in range(count)]

    def clash(a, b):
        same = [(x, y) for x, y in ((a.label, b.label), (a.transcript, b.transcript)) if x is not None]
        return a.id == b.id or any(x == y for x, y in same)

    for i in range(count):
        if clash(ordered[i], giver[i]):
            free = (j for j in range(count) if not clash(ordered[i], giver[j]) and not clash(ordered[j], giver[i]))
            j = next(free, i)
            giver[i], giver[j] = giver[j], giver[i]
    return {sample.id: stand_in.id for sample, stand_in in zip(ordered, giver, strict=True)}


@pytest.mark.parametrize("draw", range(60))
def test_the_quick_derangement_pairs_as_the_plain_rule_does(draw):
    dice = random.Random(draw)
    labels = ["a"] * dice.randint(0, 8) + [*"bcd"[: dice.randint(0, 3)], None]
    words = ["x"] * dice.randint(0, 8) + [*"yz"[: dice.randint(0, 2)], None]
    samples = [
        Sample(id=f"c{i}", cluster="c", duration=1.0, label=dice.choice(labels), transcript=dice.choice(words))
        for i in range(dice.randint(2, 30))
    ]
    found = {a.id: b.id for a, b in zip(samples, derangement(samples), strict=True)}
    assert found == plainly_paired(samples)
    assert sorted(found.values()) == sorted(found)


@pytest.mark.parametrize("labels", ["x", "xxyz", "xyz"])
def test_clips_of_few_labels_are_paired_in_linear_time(labels, monkeypatch):
    from vsseval.stages import derangement as module

    looked = Counter()
    marks = module._marks
    monkeypatch.setattr(module, "_marks", lambda sample: looked.update("n") or marks(sample))
    for count in (300, 1200):
        looked.clear()
        derangement([
            Sample(id=f"c{i}", cluster="c", duration=1.0, label=labels[i % len(labels)]) for i in range(count)
        ])  # fmt: skip
        assert looked["n"] < 16 * count


def test_damage_is_found_by_score_and_mended_in_the_same_command(clips, tmp_path):
    (record,) = carry_out([spec(clips, tmp_path)]).records
    path = tmp_path / "runs" / record.id / "scores.parquet"
    before = path.read_bytes()
    for file in (tmp_path / "store" / "features").rglob("*.pack"):
        file.write_bytes(file.read_bytes()[:-50])
    again = rescore(tmp_path / "runs" / record.id, jobs=1)
    assert again.provenance["faults"] == []
    assert path.read_bytes() == before
