"""Features of two media together, segments of media, and extraction in batches."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from support.fake_plugin import medium, spec
from vsseval import media, plugins
from vsseval.errors import MissingWeights, Unmeasurable
from vsseval.records import RunSpec
from vsseval.stages import extract_job as work_module
from vsseval.stages.catalog import ResolvedMetrics
from vsseval.stages.extract import ExtractFaults
from vsseval.stages.extract_job import ExtractJob, run_jobs
from vsseval.stages.inputs import FeatureSource, base_features, feature_source, required_features
from vsseval.stages.run import rescore, run
from vsseval.stages.score import _Clip, _ReadOnce
from vsseval.store.features import FeatureStore
from vsseval.store.manifest_hash import manifest_hash
from vsseval.store.record import load_run
from vsseval.store.scores import read_scores
from vsseval.types import ExtractorSpec, Feature, Generation, Medium, MetricSpec, ModelCard, Need, Sample, Score

RATE = 16_000
LEVEL = ExtractorSpec(name="level", version="1", input_kinds=("audio",))
BOTH = ExtractorSpec(name="both", version="1", input_kinds=("features",), source_extractor="level")
SPECS = {"level": LEVEL, "both": BOTH}
PAIR = Feature(extractor="both", of=Need.AUDIO, paired_with=Need.REFERENCE)


class Level:
    """One number of a sound; several at once where it runs on a device."""

    spec = LEVEL

    def __init__(self) -> None:
        self.batches: list[int] = []

    def on(self, device: str) -> None:
        self.device = device

    def extract(self, source):
        if source.seconds < 0.1:
            raise Unmeasurable("shorter than 0.1 s")
        return {"level": np.float32(np.abs(source.samples).max()), "seconds": np.float32(source.seconds)}

    def extract_many(self, sources):
        self.batches.append(len(sources))
        if any(source.seconds > 3 for source in sources):
            raise RuntimeError("too much at once")
        found = []
        for source in sources:
            try:
                found.append(self.extract(source))
            except Unmeasurable as reason:
                found.append(reason)
        return found


class Both:
    spec = BOTH

    def combine(self, first, second):
        if float(second["level"]) == 0:
            raise Unmeasurable("nothing to compare with")
        return {"ratio": first["level"] / second["level"]}


@pytest.fixture
def built(monkeypatch):
    made = {"level": Level(), "both": Both()}
    own = work_module._extractor
    monkeypatch.setattr(work_module, "_extractor", lambda name, device: made.get(name) or own(name, device))
    return made


def sound(path, level, seconds=1.0):
    media.write_wav(path, np.full(round(seconds * RATE), level, np.float32), RATE)
    return medium(path)


def of(m: Medium) -> FeatureSource:
    return FeatureSource("audio", m.key, m)


def test_a_pair_is_made_of_the_features_of_both(tmp_path, built):
    store = FeatureStore(tmp_path / "store")
    a, b = sound(tmp_path / "a.wav", 0.5), sound(tmp_path / "b.wav", 0.25)
    sample = Sample(id="x", cluster="x", duration=1.0, reference=b)
    made = Generation(id="x", status="ok", path=a.path, sha256=a.sha256)
    assert run_jobs([ExtractJob(of(a), ("level",)), ExtractJob(of(b), ("level",))], store.root) == []
    found = feature_source(PAIR, sample, made, tmp_path, SPECS)
    assert found.kind == "features"
    assert found.pair == (a.sha256, b.sha256)
    assert run_jobs([ExtractJob(found, ("both",))], store.root) == []
    assert store.read(BOTH, found.key)["ratio"] == pytest.approx(2.0, abs=1e-3)


def test_the_parts_of_a_pair_are_the_benchmarks_first():
    assert [part.of for part in base_features(PAIR, SPECS)] == [Need.REFERENCE, Need.AUDIO]
    alone = Feature(extractor="level", of=Need.AUDIO)
    assert base_features(alone, SPECS) == [alone]


def test_other_weights_below_make_another_pair(tmp_path):
    a = sound(tmp_path / "a.wav", 0.5)
    sample = Sample(id="x", cluster="x", duration=1.0, reference=a)
    made = Generation(id="x", status="ok", path=a.path, sha256=a.sha256)
    other = {**SPECS, "level": msgspec.structs.replace(LEVEL, weights="f" * 64)}
    assert (
        feature_source(PAIR, sample, made, tmp_path, SPECS).key
        != feature_source(PAIR, sample, made, tmp_path, other).key
    )


def test_a_pair_that_cannot_be_put_together_says_why(tmp_path, built):
    store = FeatureStore(tmp_path / "store")
    a, b = sound(tmp_path / "a.wav", 0.5), sound(tmp_path / "b.wav", 0.0)
    run_jobs([ExtractJob(of(a), ("level",)), ExtractJob(of(b), ("level",))], store.root)
    pair = FeatureSource("features", "ab" * 32, source_extractor=LEVEL, pair=(a.key, b.key))
    assert run_jobs([ExtractJob(pair, ("both",))], store.root) == []
    with pytest.raises(Unmeasurable, match="nothing to compare with"):
        store.read(BOTH, "ab" * 32)


def test_a_stretch_is_all_that_is_heard(tmp_path, built):
    store = FeatureStore(tmp_path / "store")
    whole = sound(tmp_path / "a.wav", 0.5, seconds=2.0)
    segment = msgspec.structs.replace(whole, start=0.5, seconds=1.0)
    assert segment.key != whole.key == whole.sha256
    run_jobs([ExtractJob(of(segment), ("level",))], store.root)
    assert store.read(LEVEL, segment.key)["seconds"] == 1.0
    assert not store.has(LEVEL, whole.key)


def test_the_manifest_of_a_stretch_is_another(tmp_path):
    whole = sound(tmp_path / "a.wav", 0.5)
    sample = Sample(id="x", cluster="x", duration=1.0, reference=whole)
    cut = msgspec.structs.replace(sample, reference=msgspec.structs.replace(whole, seconds=0.5))
    assert manifest_hash([sample]) != manifest_hash([cut])


def test_a_device_gets_batches_and_one_fault_costs_one_clip(tmp_path, built):
    store = FeatureStore(tmp_path / "store")
    sounds = [sound(tmp_path / f"{i}.wav", 0.1 * (i + 1), seconds=0.05 if i == 1 else 1.0) for i in range(3)]
    assert run_jobs([ExtractJob(of(m), ("level",)) for m in sounds], store.root, "cuda") == []
    assert built["level"].batches == [3]
    with pytest.raises(Unmeasurable, match="shorter"):
        store.read(LEVEL, sounds[1].key)
    # a batch that fails as a whole is tried clip by clip
    more = [sound(tmp_path / f"long{i}.wav", 0.3 + i / 10, seconds=4.0) for i in range(2)]
    assert run_jobs([ExtractJob(of(m), ("level",)) for m in more], store.root, "cuda") == []
    assert store.has(LEVEL, more[0].key)


def test_video_of_a_stretch(tmp_path):
    pictures = np.zeros((50, 32, 32, 3), np.uint8)
    pictures[:] = np.arange(0, 250, 5, dtype=np.uint8)[:, None, None, None]
    media.write_mp4(tmp_path / "v.mp4", pictures, 25.0, crf=0)
    video = media.Video(tmp_path / "v.mp4", start=0.4, seconds=0.8)
    frames = video.frames(25.0, gray=True)
    assert len(frames) == 20
    whole = media.Video(tmp_path / "v.mp4").frames(25.0, gray=True)
    assert np.array_equal(frames, whole[10:30])
    assert len(list(video.each())) == 20
    assert video.seconds == pytest.approx(0.8)
    with pytest.raises(Unmeasurable, match="ends at 2.00 s"):
        media.Video(tmp_path / "v.mp4", start=2.5)


def test_a_model_sees_the_stretch_alone(tmp_path):
    pictures = np.zeros((50, 32, 32, 3), np.uint8)
    pictures[:] = np.arange(0, 250, 5, dtype=np.uint8)[:, None, None, None]
    media.write_mp4(tmp_path / "v.mp4", pictures, 25.0, np.zeros(2 * RATE), RATE)
    media.mute(tmp_path / "v.mp4", tmp_path / "cut.mp4", 0.4, 0.8)
    cut = media.Video(tmp_path / "cut.mp4")
    assert not cut.probe.has_audio
    assert cut.seconds == pytest.approx(0.8, abs=0.01)
    expected = media.Video(tmp_path / "v.mp4", 0.4, 0.8).frames(25.0, gray=True)
    assert np.abs(cut.frames(25.0, gray=True).astype(int) - expected).max() <= 2


class Ratio:
    """A metric of a sound, and of a pair whose other half is the benchmark's."""

    kind = "per_clip"
    spec = MetricSpec(
        name="ratio", recipe="t", version="1", direction="higher", unit="", description="",
        inputs={"a_sound": Feature(extractor="level", of=Need.AUDIO), "pair": PAIR},
    )  # fmt: skip

    def score(self, a_sound, pair):
        return Score(value=float(pair["ratio"]))


def test_what_the_benchmark_has_is_looked_at_before_any_sound():
    assert [piece.of for piece in required_features(Ratio.spec, SPECS)] == [Need.REFERENCE, Need.AUDIO, Need.AUDIO]


@pytest.mark.parametrize("status", ["ok", "failed", "missing"])
def test_a_pair_does_not_apply_to_a_clip_whatever_became_of_its_sound(tmp_path, built, status):
    store = FeatureStore(tmp_path / "store")
    a, short = sound(tmp_path / "a.wav", 0.5), sound(tmp_path / "b.wav", 0.5, seconds=0.05)
    run_jobs([ExtractJob(of(a), ("level",)), ExtractJob(of(short), ("level",))], store.root)
    sample = Sample(id="x", cluster="x", duration=1.0, reference=short)
    made = Generation(id="x", status="ok", path=a.path, sha256=a.sha256)
    if status != "ok":
        made = Generation(id="x", status=status, error="no sound")
    card = ModelCard(name="m", version="1", tasks=("v2s",))
    plan = SimpleNamespace(store=store, root=tmp_path, spec=RunSpec(model="m", benchmark="b"), model=card)
    outcome, _ = _Clip(
        plan, sample, made, ResolvedMetrics({"ratio@t": Ratio()}, SPECS, {}), _ReadOnce(store, ExtractFaults())
    ).outcome(Ratio())
    assert (outcome.status, outcome.reason) == ("not_applicable", "reference: shorter than 0.1 s")


def test_a_file_that_is_both_video_and_reference_has_features_of_each(tmp_path):
    both = sound(tmp_path / "a.wav", 0.5)
    sample = Sample(id="x", cluster="x", duration=1.0, reference=both, video=both)
    made = Generation(id="x", status="failed")
    found = [
        feature_source(Feature(extractor="level", of=need), sample, made, tmp_path, SPECS)
        for need in (Need.VIDEO, Need.REFERENCE)
    ]
    assert [one.kind for one in found] == ["video", "audio"]
    assert found[0].key != found[1].key
    assert found[0].medium == found[1].medium == both


def test_a_stretch_of_whole_seconds_has_one_key(tmp_path):
    whole = Medium(path=tmp_path / "a.wav", sha256="0" * 64)
    ints, floats = (msgspec.structs.replace(whole, start=one, seconds=eight) for one, eight in ((1, 8), (1.0, 8.0)))
    assert ints.key == floats.key
    assert msgspec.structs.replace(whole, start=0).key == whole.sha256


def measured(done):
    return [row for row in read_scores(done.paths.scores) if row.metric == "ratio@t"]


@pytest.fixture
def plugged(built, site, monkeypatch):
    """The plugins of this file, by name; to be changed."""
    load, names = plugins.load, plugins.names
    own = {"level": Level, "both": Both, "ratio@t": Ratio}
    monkeypatch.setattr("vsseval.plugins.load", lambda kind, name: own.get(name) or load(kind, name))
    monkeypatch.setattr("vsseval.plugins.names", lambda kind: [*names(kind), "ratio@t"])
    return own


def absent():
    raise MissingWeights("the weights level are not on this machine")


def test_a_run_measures_pairs_and_signs_with_both_extractors(clips, tmp_path, plugged):
    asked = spec(clips, tmp_path, metrics=("ratio@t",), jobs=1)
    (record,) = run([asked])
    done = load_run(asked.runs / record.id)
    cell = done.cell("ratio@t")
    rows = measured(done)
    assert cell.total == cell.n == len(rows)
    assert {row.status for row in rows} == {"ok"}
    assert "|x:both-1-none+level-1-none|" in cell.signature
    assert record.provenance["extractors"]["both"]["source_extractor"] == "level"
    # the features of pairs are made anew from those below them
    shutil.rmtree(asked.store / "features" / "both-1-none")
    rescore(done.path, jobs=1)
    assert measured(done) == rows


def test_weights_that_are_removed_take_no_number_with_them(clips, tmp_path, plugged, built, monkeypatch):
    asked = spec(clips, tmp_path, metrics=("ratio@t",), jobs=1)
    (record,) = run([asked])
    done = load_run(asked.runs / record.id)
    rows = measured(done)
    plugged["level"] = plugged["both"] = absent
    monkeypatch.setattr("vsseval.stages.extract_job._extractor", lambda name, device: absent())
    assert run([asked]) == [record]
    again = rescore(done.path, jobs=1)
    assert measured(done) == rows
    assert load_run(done.path).cell("ratio@t") == done.cell("ratio@t")
    assert again.provenance["extractors"]["level"] == record.provenance["extractors"]["level"]
    # without the features there is nothing to stand on
    shutil.rmtree(asked.store)
    rescore(done.path, jobs=1)
    lost = load_run(done.path).cell("ratio@t")
    assert (lost.status, lost.value) == ("missing", None)
    assert "not on this machine" in lost.reason
