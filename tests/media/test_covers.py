"""A cover is not the film, whether its writer marked it as one or not; the film is what a player shows."""

import av
import numpy as np
import pytest

from support.videos import HEIGHT, WIDTH, numbered, read_numbers, tone
from vsseval.media import Video, load_audio, look, mute, probe


def write(path, *, film=True, cover_first=True):
    """Write a still of another size, a film of 20 pictures and a sound, in one of both orders."""
    with av.open(str(path), "w") as out:
        made = {}
        for kind in ("still", "film") if cover_first else ("film", "still"):
            if kind == "film" and not film:
                continue
            made[kind] = out.add_stream("mjpeg" if kind == "still" else "libx264", rate=25)
            made[kind].width, made[kind].height = (4 * WIDTH, 4 * HEIGHT) if kind == "still" else (WIDTH, HEIGHT)
            made[kind].pix_fmt = "yuvj420p" if kind == "still" else "yuv420p"
        track = out.add_stream("aac", rate=16000, layout="mono")
        still = av.VideoFrame.from_ndarray(np.full((4 * HEIGHT, 4 * WIDTH, 3), 200, np.uint8), format="rgb24")
        out.mux([*made["still"].encode(still), *made["still"].encode(None)])
        for place, picture in enumerate(numbered(20) if film else ()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = place
            out.mux(made["film"].encode(frame))
        if film:
            out.mux(made["film"].encode(None))
        sound = tone(0.8)
        for start in range(0, sound.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(sound[:, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, start
            out.mux(track.encode(frame))
        out.mux(track.encode(None))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("cover_first", [True, False])
def test_a_still_beside_a_film_is_not_the_film(tmp_path, suffix, cover_first):
    path, copy = tmp_path / f"a{suffix}", tmp_path / "muted.mp4"
    write(path, cover_first=cover_first)
    mute(path, copy)
    for file in (path, copy):
        assert (probe(file).width, probe(file).height) == (WIDTH, HEIGHT)
        assert read_numbers(Video(file).frames(25))[-1] == 19
    assert load_audio(path).seconds == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_still_with_a_sound_is_a_sound(tmp_path, suffix):
    write(tmp_path / f"a{suffix}", film=False)
    assert look(tmp_path / f"a{suffix}").kind == "sound"
    assert not probe(tmp_path / f"a{suffix}").has_video
    assert probe(tmp_path / f"a{suffix}").seconds == pytest.approx(0.8, abs=0.1)
