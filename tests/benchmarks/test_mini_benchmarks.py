from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tools.mini import sentences
from vsseval.benchmarks import mini
from vsseval.errors import UsageError
from vsseval.media import load_audio, probe, sha256

FACTORIES = (mini.mini_v2s, mini.mini_vtts, mini.mini_joint)
each = pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: factory.__name__)


def _media(sample):
    return [medium for medium in (sample.video, sample.reference, sample.speaker_prompt) if medium is not None]


@each
def test_the_card_and_the_manifest_agree(factory):
    benchmark = factory(None)
    samples = benchmark.samples()
    assert benchmark.card.name == factory.__name__
    assert benchmark.card.size == len(samples) == len({sample.id for sample in samples})
    assert benchmark.card.size >= {"v2s": 48, "vtts": 48, "joint": 32}[benchmark.card.task]
    assert all(sample.problem is None for sample in samples)


@each
def test_every_file_is_the_one_that_was_frozen(factory):
    hashes = {}
    for sample in factory(None).samples():
        for medium in _media(sample):
            hashes[medium.path] = medium.sha256
    for path, frozen in hashes.items():
        assert sha256(path) == frozen, path.name
    folder = next(iter(hashes)).parent
    assert {path for path in folder.iterdir() if path.is_file()} == set(hashes)


@each
def test_media_are_what_the_manifest_says(factory):
    for sample in factory(None).samples()[::7]:
        video, sound = probe(sample.video.path), load_audio(sample.reference.path)
        assert not video.has_audio
        assert (video.width, video.height, video.fps) == (192, 192, 25.0)
        assert video.seconds == pytest.approx(sample.duration, abs=0.01)
        assert sound.sample_rate == 16000
        assert sound.samples.shape[0] == 1
        assert sound.seconds == pytest.approx(sample.duration, abs=0.001)
        assert 3.0 <= sample.duration <= 5.0
        assert 0.05 < np.abs(sound.samples).max() <= 1.0


def test_all_of_it_is_small():
    size = sum(
        path.stat().st_size
        for task in ("v2s", "vtts", "joint")
        for path in (Path(mini.__file__).parent / task).rglob("*")
    )
    assert size < 15e6


@each
def test_ids_say_nothing(factory):
    for sample in factory(None).samples():
        assert sample.id.split("-")[0] in {"v2s", "vtts", "joint"}
        assert sample.id.split("-")[1].isdigit()


def test_sounding_objects_have_classes_captions_and_times():
    samples = mini.mini_v2s(None).samples()
    labels = Counter(sample.label for sample in samples)
    assert len(labels) == 12
    assert set(labels.values()) == {4}
    assert all(sample.caption for sample in samples)
    assert all(0.0 <= second <= sample.duration for sample in samples for second in sample.events)
    assert len({sample.label for sample in samples if sample.events}) == 8


@pytest.mark.parametrize("factory", FACTORIES[1:], ids=lambda factory: factory.__name__)
def test_speech_is_on_the_benchmarks_side(factory):
    samples = factory(None).samples()
    said = [sample.transcript for sample in samples]
    assert len(set(said)) == len(said)
    for sample in samples:
        assert sentences.side_of(sample.transcript) == "bench"
        assert (len(sample.transcript.split()) == 6 and sample.language == "en-grid") or sample.language == "en"
        first, last = sample.speech_window
        assert 0.0 < first < last < sample.duration
        assert sample.speaker_prompt.sha256 != sample.reference.sha256


def test_no_sentence_is_in_two_benchmarks():
    said = [sample.transcript for factory in FACTORIES[1:] for sample in factory(None).samples()]
    assert len(set(said)) == len(said)


def test_the_unseen_voice_has_subsets_of_its_own():
    samples = mini.mini_vtts(None).samples()
    assert Counter(sample.subset for sample in samples) == {
        "grid-seen": 20, "grid-unseen": 8, "free-seen": 20, "free-unseen": 8,
    }  # fmt: skip
    voices = {subset: set() for subset in ("seen", "unseen")}
    for sample in (*samples, *mini.mini_joint(None).samples()):
        voices[sample.subset.rpartition("-")[2]].add(sample.speaker_prompt.path.name.split("-")[1])
    assert len(voices["seen"]) == 5
    assert not voices["seen"] & voices["unseen"]


def test_an_argument_is_refused():
    with pytest.raises(UsageError, match="takes no argument"):
        mini.mini_v2s("x")


def test_a_lost_manifest_and_a_damaged_line_are_named(tmp_path):
    benchmark = mini.MiniBenchmark(mini.mini_v2s(None).card, tmp_path)
    with pytest.raises(UsageError, match="make bench"):
        benchmark.samples()
    (tmp_path / "manifest.jsonl").write_text("{\n")
    with pytest.raises(UsageError, match="line 1"):
        benchmark.samples()


def test_a_lost_file_is_the_clips_problem(tmp_path):
    original = mini.mini_v2s(None)
    line = (original.folder / "manifest.jsonl").read_bytes().splitlines()[0]
    (tmp_path / "manifest.jsonl").write_bytes(line)
    (sample,) = mini.MiniBenchmark(original.card, tmp_path).samples()
    assert "missing file v2s-00" in sample.problem


def test_the_suites_name_benchmarks_that_exist():
    suites = tomllib.loads((Path(mini.__file__).parents[1] / "suites.toml").read_text())
    assert suites["all"]["benchmarks"] == ["*"]
    assert suites["mini"]["benchmarks"] == [factory.__name__ for factory in FACTORIES]


def test_loading_a_manifest_needs_nothing_heavy():
    code = (
        "import sys; from vsseval.benchmarks.mini import mini_vtts; mini_vtts(None).samples(); "
        "assert not {'torch', 'av', 'numpy', 'pandas', 'soundfile'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
