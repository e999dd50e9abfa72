"""What a program that speaks has from the worker's file: WAV without silence, and the pace of the speech window."""

from __future__ import annotations

import array
import wave

import numpy as np
import pytest

from vsseval.models.vsseval_worker import FASTEST, SLOWEST, Refusal, in_window, spoken

RATE = 8000


def speaker(seconds, heard):
    """Return a program that speaks for some seconds at its own pace, and notes how it was asked."""

    def say(text, stretch):
        heard.append((text, round(stretch, 4)))
        return array.array("h", [16384] * round(seconds * stretch * RATE)), RATE

    return say


def request(window, duration=4.0):
    return {"transcript": "a word", "speech_window": window, "duration": duration}


@pytest.mark.parametrize(("window", "asked"), [((1.0, 3.0), 1.25), ((1.0, 1.2), FASTEST), ((0.0, 4.0), SLOWEST)])
def test_speech_fills_the_window_as_far_as_it_is_understood(window, asked):
    heard = []
    track, rate = in_window(speaker(1.6, heard))(request(window))
    assert heard == [("a word", 1.0), ("a word", asked)]
    assert (rate, len(track)) == (RATE, 4 * RATE)
    loud = np.flatnonzero(np.asarray(track))
    assert loud[0] == window[0] * RATE
    assert loud[-1] + 1 == window[0] * RATE + round(1.6 * asked * RATE)
    assert set(np.asarray(track)) == {0.0, 0.5}


def test_without_a_window_it_starts_at_once_at_its_own_pace_and_is_cut_at_the_end():
    heard = []
    track, _ = in_window(speaker(1.6, heard))(request(None, 1.0))
    assert heard == [("a word", 1.0)]
    assert list(track) == [0.5] * RATE


def test_a_window_behind_the_clip_leaves_silence():
    track, _ = in_window(speaker(1.0, []))(request((6.0, 7.0), 2.0))
    assert list(track) == [0.0] * (2 * RATE)


def test_nothing_to_say_is_the_clips_reason():
    with pytest.raises(Refusal, match="nothing to say"):
        in_window(speaker(0.0, []))(request((1.0, 2.0)))


def write(path, samples, channels=1):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.asarray(samples, "<i2").tobytes())
    return str(path)


def test_silence_at_the_ends_is_cut_and_pauses_stay(tmp_path):
    samples, rate = spoken(write(tmp_path / "a.wav", [0, 300, 5000, 0, 0, -6000, 327, 0]))
    assert (samples.tolist(), rate) == ([5000, 0, 0, -6000], RATE)
    assert spoken(write(tmp_path / "b.wav", [0, 3, 0]))[0].tolist() == []


def test_what_is_not_of_one_channel_is_refused(tmp_path):
    with pytest.raises(Refusal, match="2 channels of 2 bytes"):
        spoken(write(tmp_path / "a.wav", [1000] * 8, channels=2))
