"""Sound and video made small for a page."""

from __future__ import annotations

import numpy as np
import pytest

from vsseval import media
from vsseval.media.web import small_mp3, small_mp4

RATE = 16_000


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 96000])
def test_small_mp3_plays_as_long_as_the_sound(rate, tmp_path):
    sound = media.Audio((0.1 * np.random.default_rng(0).normal(size=(2, rate))).astype(np.float32), rate)
    (tmp_path / "a.mp3").write_bytes(small_mp3(sound))
    back = media.load_audio(tmp_path / "a.mp3")
    assert back.seconds == pytest.approx(1.0, abs=0.1)
    assert len(back.samples) == 1


def test_small_mp4_is_small_and_silent(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (12, 480, 640, 3), dtype=np.uint8)
    media.write_mp4(tmp_path / "big.mp4", frames, 12.0, np.zeros(RATE, np.float32), RATE)
    (tmp_path / "small.mp4").write_bytes(small_mp4(tmp_path / "big.mp4"))
    found = media.probe(tmp_path / "small.mp4")
    assert (found.height, found.width, found.has_audio) == (240, 320, False)
    assert found.seconds == pytest.approx(1.0, abs=0.1)


def test_small_mp4_of_a_stretch_shows_that_alone(tmp_path):
    frames = np.zeros((30, 480, 640, 3), np.uint8)
    frames[10:20] = 255
    media.write_mp4(tmp_path / "big.mp4", frames, 10.0)
    for start, seconds in ((1.0, 1.0), (1.0, 0.5)):
        (tmp_path / "small.mp4").write_bytes(small_mp4(tmp_path / "big.mp4", start, seconds))
        seen = media.Video(tmp_path / "small.mp4")
        assert seen.seconds == pytest.approx(seconds, abs=0.11)
        assert seen.frames(10.0, gray=True).mean() > 200
