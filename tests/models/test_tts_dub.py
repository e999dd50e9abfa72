"""The dubbing baseline: speech inside the window, the voice by the prompt, the engine out of the process."""

import subprocess
import sys
import time
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from vsseval.errors import EnvironmentFault, Unmeasurable, UsageError
from vsseval.media import write_flac, write_mp4
from vsseval.models.base import ModelOptions, Request
from vsseval.models.tts_dub import tts_dub_model
from vsseval.models.tts_dub.engines import Speech, Wheel
from vsseval.models.tts_dub.fit import fitted, stretch, trimmed
from vsseval.models.tts_dub.voices import RATE, measure, nearest, table
from vsseval.models.tts_dub.window import visible_speech
from vsseval.types import Medium

TEXT = "bin blue at a two now"


def request(**changes) -> Request:
    return Request(**{"id": "clip", "duration": 3.0, "seed": 5, "transcript": TEXT, "language": "en-grid"} | changes)


def output(**changes):
    return next(iter(tts_dub_model(ModelOptions()).generate([request(**changes)])))


def buzz(hertz: float, seconds: float = 1.0) -> np.ndarray:
    when = np.arange(round(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * k * hertz * when) / k for k in range(1, int(6_000 / hertz))).astype(np.float32) * 0.1


@pytest.mark.parametrize("window", [(0.5, 2.1), (0.2, 2.8), (1.0, 1.9)])
def test_speech_fills_the_window_and_nothing_else(window):
    found = output(speech_window=window)
    assert found.error is None
    assert found.samples.shape == (3 * found.sample_rate,)
    assert found.samples.dtype == np.float32
    loud = np.flatnonzero(np.abs(found.samples) > 1e-4) / found.sample_rate
    assert window[0] - 1e-3 <= loud[0] < window[0] + 0.06
    assert window[1] - 0.06 < loud[-1] <= window[1] + 1e-3
    assert 0.05 < np.abs(found.samples).max() <= 0.95


def test_a_clip_sounds_the_same_whatever_comes_before_it():
    model = tts_dub_model(ModelOptions())
    other = request(id="other", transcript="something else", speech_window=(0.0, 1.0))
    alone = next(iter(model.generate([request(speech_window=(0.5, 2.0))])))
    after = list(model.generate([other, request(speech_window=(0.5, 2.0))]))[1]
    np.testing.assert_array_equal(alone.samples, after.samples)


def test_voices_with_noise_in_them_repeat_it():
    # espeak-ng seeds its noise by the clock, in seconds, where it is not told otherwise.
    first = Wheel().say(TEXT, "en-us+f2", 1.0, 50).samples
    time.sleep(1.1)
    np.testing.assert_array_equal(first, Wheel().say(TEXT, "en-us+f2", 1.0, 50).samples)


def test_a_window_far_too_long_is_left_silent_at_its_end():
    found = output(duration=30.0, speech_window=(1.0, 29.0), transcript="no")
    loud = np.flatnonzero(np.abs(found.samples) > 1e-4) / found.sample_rate
    assert loud[0] >= 0.999
    assert loud[-1] < 4.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"transcript": None}, "no transcript"),
        ({"transcript": " \n "}, "no transcript"),
        ({"transcript": "..."}, "nothing to say"),
        ({"speech_window": (1.0, 1.0)}, "too short"),
        ({"speech_window": (5.0, 6.0)}, "too short"),
    ],
)
def test_what_cannot_be_said_is_a_take_with_a_reason(changes, reason):
    found = output(**changes)
    assert found.samples is None
    assert reason in found.error


def test_unreadable_media_are_a_take_with_a_reason(tmp_path):
    gone = Medium(path=tmp_path / "gone.flac", sha256="")
    assert "gone.flac" in output(speaker_prompt=gone).error
    assert "gone.flac" in output(video=gone).error
    write_flac(tmp_path / "quiet.flac", np.zeros(RATE, np.float32), RATE)
    assert "voiced" in output(speaker_prompt=Medium(path=tmp_path / "quiet.flac", sha256="")).error


def test_the_voice_follows_the_prompt(tmp_path):
    pitches = {}
    for name, hertz in (("low", 90.0), ("high", 210.0)):
        path = tmp_path / f"{name}.flac"
        write_flac(path, buzz(hertz), RATE)
        found = output(speaker_prompt=Medium(path=path, sha256=""), speech_window=(0.2, 2.8))
        pitches[name] = measure(
            np.interp(np.arange(3 * RATE), np.arange(3 * 22050) * RATE / 22050, found.samples)
        ).pitch
    assert pitches["low"] == pytest.approx(90.0, rel=0.2)
    assert pitches["high"] == pytest.approx(210.0, rel=0.2)


@pytest.mark.parametrize("hertz", [70.0, 113.0, 182.0, 310.0])
def test_pitch_is_measured(hertz):
    assert measure(buzz(hertz)).pitch == pytest.approx(hertz, rel=0.03)


def test_noise_has_no_pitch():
    with pytest.raises(Unmeasurable, match="voiced"):
        measure(np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32))


def test_every_row_of_the_table_is_its_own_nearest():
    for family in ("espeak", "flite"):
        voices = table(family)
        assert voices
        assert all(nearest(voices, voice.traits).traits == voice.traits for voice in voices)


def test_every_voice_of_the_table_exists():
    import espeakng_loader

    variants = {row.voice.partition("+")[2] for row in table("espeak")} - {""}
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    assert all((folder / variant).is_file() for variant in variants)


def test_an_unknown_voice_is_refused():
    for voice in ("en-us+nobody", "xx-nowhere"):
        with pytest.raises(EnvironmentFault, match="voice"):
            Wheel().say("hello", voice, 1.0, 50)


def test_the_missing_extra_is_named_at_once(monkeypatch):
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "espeakng_loader" else real(name, *rest))
    with pytest.raises(EnvironmentFault, match="pip install espeakng-loader"):
        tts_dub_model(ModelOptions())


def test_programs_are_used_only_when_asked_for(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda program: None)
    tts_dub_model(ModelOptions())
    with pytest.raises(EnvironmentFault, match="apt-get install flite"):
        tts_dub_model(ModelOptions(argument="flite"))
    with pytest.raises(UsageError, match="festival"):
        tts_dub_model(ModelOptions(argument="festival"))


def test_the_engine_is_never_loaded_here():
    script = (
        "import sys\n"
        "from vsseval.models.base import ModelOptions, Request\n"
        "from vsseval.models.tts_dub import tts_dub_model\n"
        "request = Request(id='a', duration=1.0, seed=0, transcript='hi')\n"
        "output = next(iter(tts_dub_model(ModelOptions()).generate([request])))\n"
        "assert output.samples is not None, output.error\n"
        "assert 'espeakng_loader' not in sys.modules\n"
        "assert 'espeak' not in open('/proc/self/maps').read()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_card_names_engine_and_licence():
    card = tts_dub_model(ModelOptions()).card
    assert "espeak-ng" in card.note
    assert "GPL" in card.note
    assert set(card.tasks) == {"vtts", "joint", "tts"}
    assert len(card.weights) == 64


def test_pace_is_searched_and_the_rest_stretched():
    def say(speed: float) -> Speech:
        # An engine with a fixed pause of 0.2 s at any pace.
        return Speech(buzz(100.0, 0.2 + 1.0 / speed), RATE)

    for seconds in (0.6, 1.3, 2.0):
        assert fitted(say, seconds, (0.4, 3.0)).samples.size == pytest.approx(seconds * RATE, abs=2)


def test_stretching_keeps_the_pitch():
    for length in (RATE // 2, RATE, RATE * 5 // 4):
        found = stretch(buzz(150.0), length, RATE)
        assert found.size == length
        assert measure(found).pitch == pytest.approx(150.0, rel=0.03)


def test_silence_is_nothing_said():
    with pytest.raises(Unmeasurable, match="nothing to say"):
        trimmed(Speech(np.zeros(RATE, np.float32), RATE))


def face(first: float, last: float, seconds: float = 3.0) -> np.ndarray:
    """A grey face whose mouth opens and shuts between two times, before a camera that trembles."""
    rng = np.random.default_rng(3)
    frames = np.full((round(seconds * 25), 64, 64), 120, np.uint8)
    frames[:, 10:54, 18:46] = 180
    for index, frame in enumerate(frames):
        if first <= index / 25 < last:
            frame[40 : 42 + int(rng.integers(0, 6)), 26:38] = 60
        else:
            frame[40:42, 26:38] = 60
        frame[:] = np.clip(frame + rng.normal(0, 1, frame.shape), 0, 255)
    return frames


def test_the_mouth_tells_when_there_is_speech(tmp_path):
    window = visible_speech(face(0.8, 2.2))
    assert window[0] == pytest.approx(0.8, abs=0.16)
    assert window[1] == pytest.approx(2.2, abs=0.16)
    path = tmp_path / "face.mp4"
    write_mp4(path, np.repeat(face(0.8, 2.2)[..., None], 3, axis=3), 25)
    found = output(video=Medium(path=path, sha256=""))
    loud = np.flatnonzero(np.abs(found.samples) > 1e-4) / found.sample_rate
    assert 0.6 < loud[0] < 1.0
    assert 2.0 < loud[-1] < 2.4


def test_a_face_that_never_or_always_moves_tells_nothing():
    assert visible_speech(face(9.0, 9.0)) is None
    assert visible_speech(np.zeros((5, 64, 64), np.uint8)) is None
