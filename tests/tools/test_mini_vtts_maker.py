from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tools.mini import sentences, speech, visemes
from tools.mini.clip import FPS, SAMPLE_RATE
from tools.mini.joint import make_joint
from tools.mini.train import Job, build_train, render
from tools.mini.vtts import make_vtts
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.media import sha256, write_mp4

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed: apt-get install flite")
SLT = next(voice for voice in speech.voices() if voice.name == "slt")
UNSEEN = {voice.name for voice in speech.UNSEEN_VOICES}


def _frame_energy(audio: np.ndarray) -> np.ndarray:
    """Root mean square around the time i / FPS of each frame i."""
    step = SAMPLE_RATE // FPS
    padded = np.pad(audio.astype(np.float64), (step // 2, step // 2))
    return np.sqrt(np.mean(padded[: len(audio) // step * step].reshape(-1, step) ** 2, axis=1))


@pytest.fixture(scope="module")
def clip():
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed: apt-get install flite")
    return make_vtts(np.random.default_rng(4), "bin blue at a nine again", SLT, 64, "en-grid")


def test_a_clip_is_a_function_of_its_seed(clip):
    again = make_vtts(np.random.default_rng(4), "bin blue at a nine again", SLT, 64, "en-grid")
    assert np.array_equal(clip.frames, again.frames)
    assert np.array_equal(clip.audio, again.audio)
    other = make_vtts(np.random.default_rng(5), "bin blue at a nine again", SLT, 64, "en-grid")
    assert not np.array_equal(clip.frames[0], other.frames[0])


def test_sound_and_pictures_have_one_length(clip):
    frames = len(clip.frames)
    assert clip.frames.shape == (frames, 64, 64, 3)
    assert clip.frames.dtype == np.uint8
    assert len(clip.audio) == frames * SAMPLE_RATE // FPS
    assert 3.0 <= frames / FPS <= 5.0
    assert clip.viseme.shape == (frames,)
    assert clip.mouth.shape == (frames, 3)
    assert 0.0 <= clip.mouth.min() <= clip.mouth.max() <= 1.0


def test_the_mouth_opens_with_the_voice(clip):
    energy = np.log(_frame_energy(clip.audio) + 1e-4)
    assert np.corrcoef(clip.mouth[:, 0], energy)[0, 1] > 0.5


def test_the_picture_shows_the_mouth_track(clip):
    # Dark inside of the mouth, counted in the lower half of the face.
    dark = (clip.frames[:, 40:60, 16:48].max(axis=3) < 80).sum(axis=(1, 2))
    assert np.corrcoef(clip.mouth[:, 0], dark)[0, 1] > 0.5


def test_the_window_holds_the_speech_and_nothing_else_does(clip):
    first, last = (round(second * SAMPLE_RATE) for second in clip.speech_window)
    outside = np.concatenate([clip.audio[: first - 500], clip.audio[last + 800 :]])
    inside = clip.audio[first:last]
    assert np.sqrt(np.mean(outside**2)) < 0.01 * np.sqrt(np.mean(inside**2))
    assert 0.2 <= clip.speech_window[0] <= 0.7
    assert not clip.viseme[: int(clip.speech_window[0] * FPS) - 1].any()


@needs_flite
@pytest.mark.parametrize("voice", speech.voices(), ids=lambda voice: voice.name)
def test_phones_are_timed_to_the_sound(voice):
    said = speech.speak("set white with s two please", voice)
    energy = {"vowel": [], "stop": [], "pau": []}
    for name, start, end in said.phones:
        kind = {"p": "stop", "t": "stop", "s": None, "pau": "pau"}.get(name, "vowel" if name[0] in "aeiou" else None)
        part = said.audio[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        if kind and len(part) > 100:
            energy[kind].append(np.sqrt(np.mean(part**2)))
    assert np.mean(energy["vowel"]) > 2.5 * np.mean(energy["stop"])
    assert np.mean(energy["vowel"]) > 20 * np.mean(energy["pau"])
    assert said.phones[-1][2] == pytest.approx(len(said.audio) / SAMPLE_RATE, abs=0.02)


@needs_flite
def test_the_letter_a_is_spelled_and_the_article_is_not():
    assert "ey" in [phone for phone, _, _ in speech.speak("bin red at a two now", SLT).phones][7:11]
    assert "ey" not in [phone for phone, _, _ in speech.speak("find a solution", SLT).phones]


@needs_flite
def test_voices_sound_at_one_level():
    levels = [np.sqrt(np.mean(speech.speak("lay green in f six now", voice).audio ** 2)) for voice in speech.voices()]
    assert max(levels) < 1.5 * min(levels)


def test_a_missing_synthesiser_is_the_machines_fault(monkeypatch):
    monkeypatch.setenv("PATH", "")
    speech._flite.cache_clear()
    try:
        with pytest.raises(EnvironmentFault, match="apt-get install flite"):
            speech.speak("hello", SLT)
    finally:
        speech._flite.cache_clear()


def test_an_unknown_phone_is_named():
    with pytest.raises(UsageError, match="'qq'"):
        visemes.mouth_track((("qq", 0.0, 0.1),), 0.0, 10)


def test_lips_meet_for_a_frame_even_in_the_shortest_closure():
    for start in np.arange(0.3, 0.36, 0.005):
        phones = (("aa", 0.0, 0.3), ("b", 0.3, 0.33), ("aa", 0.33, 0.7))
        track = visemes.mouth_track(phones, float(start), 40)
        around = slice(int((0.3 + start) * FPS) - 1, int((0.33 + start) * FPS) + 3)
        assert track.curves[around, 0].min() < 0.25 * track.curves[:, 0].max()


def test_no_sentence_belongs_to_both_sides():
    rng = np.random.default_rng(0)
    sides = {}
    for draw in (sentences.grid_sentence, sentences.free_sentence):
        for side in ("bench", "train"):
            sides[side] = {draw(rng, side) for _ in range(400)}
        assert len(sides["bench"]) > 300
        assert not sides["bench"] & sides["train"]


def test_free_sentences_are_short():
    rng = np.random.default_rng(1)
    for _ in range(300):
        words = sentences.free_sentence(rng, "train").split()
        assert 4 <= len(words) <= 9
        assert set(words) <= sentences.vocabulary()


@needs_flite
def test_a_joint_clip_holds_both():
    made = make_joint(np.random.default_rng(2), "hammer", "set red in b four soon", SLT, 64)
    assert made.label == "hammer"
    assert made.events
    assert made.transcript == "set red in b four soon"
    assert made.viseme.any()
    assert len(made.audio) == len(made.frames) * SAMPLE_RATE // FPS
    assert 4.0 <= len(made.frames) / FPS <= 5.0
    assert np.abs(made.audio).max() <= 0.96


@needs_flite
def test_training_knows_only_seen_voices_and_its_own_sentences():
    for k in range(12):
        made = render(Job(task="vtts", k=k, seed=3))
        assert made.voice not in UNSEEN
        assert sentences.side_of(made.transcript) == "train"


@needs_flite
def test_the_split_is_resumed_not_redone(tmp_path):
    list(build_train(tmp_path, {"v2s": 1, "vtts": 11, "joint": 1}, seed=5, jobs=1))
    index = (tmp_path / "index.jsonl").read_bytes()
    stamps = {path: path.stat().st_mtime_ns for path in sorted((tmp_path / "clips").iterdir())}
    lost = tmp_path / "clips" / "vtts-000002.npz"
    before = lost.read_bytes()
    lost.unlink()
    assert list(build_train(tmp_path, {"v2s": 1, "vtts": 11, "joint": 1}, seed=5, jobs=1))[-1] == (13, 13)
    assert (tmp_path / "index.jsonl").read_bytes() == index
    assert lost.read_bytes() == before
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items() if path != lost)

    entries = [json.loads(line) for line in index.splitlines()]
    by_id = {entry["id"]: entry for entry in entries}
    for entry in entries:
        stored = np.load(tmp_path / "clips" / f"{entry['id']}.npz")
        frames = len(stored["frames"])
        assert stored["frames"].shape == (frames, 64, 64, 3)
        assert stored["audio"].dtype == np.int16
        assert len(stored["audio"]) == round(entry["seconds"] * SAMPLE_RATE)
        assert stored["onset"].sum() == len({round(second * FPS) for second in entry["events"]})
        if entry["prompt"] is not None:
            assert entry["prompt"] != entry["id"]
            assert by_id[entry["prompt"]]["voice"] == entry["voice"]
    assert by_id["vtts-000000"]["prompt"] == "vtts-000010"
    assert by_id["joint-000000"]["prompt"] in {"vtts-000000", "vtts-000010"}


def test_a_film_has_the_same_bytes_every_time(clip, tmp_path):
    paths = [tmp_path / f"{i}.mp4" for i in range(5)]
    for path in paths:
        write_mp4(path, clip.frames, FPS)
    assert len({sha256(path) for path in paths}) == 1
