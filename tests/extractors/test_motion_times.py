"""Events of a picture lie at their times, whatever the frames' rate and phase, constant or not."""

from fractions import Fraction

import av
import numpy as np
import pytest

from support import build_plugins
from vsseval.extractors import onset
from vsseval.media import Audio, Video

EVENTS = np.array([0.62, 1.34, 1.83, 2.71, 3.28])
SECONDS = 4.0


def film(path, times):
    """A square that turns round at each event, on a patterned wall, filmed at given times."""
    y, x = np.mgrid[:96, :96]
    wall = 110 + 20 * np.sin(x / 7) * np.cos(y / 9)
    turns = np.concatenate([[0.0], EVENTS, [SECONDS]])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=90, options={"crf": "12"})
        stream.width = stream.height = 96
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 90_000)
        for second in times:
            part = np.searchsorted(turns, second, "right") - 1
            way = np.abs(np.diff(turns[: part + 1])) @ (-1.0) ** np.arange(part) if part else 0.0
            left = 36 + 24 * (way + (-1.0) ** part * (second - turns[part]))
            square = np.clip(x - left + 0.5, 0, 1) * np.clip(left + 24 - x + 0.5, 0, 1) * (np.abs(y - 48) < 12)
            gray = np.rint(wall + square * (230 - wall)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.repeat(gray[..., None], 3, axis=2), format="rgb24")
            frame.pts, frame.time_base = round(second * 90_000), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def sound(late):
    rng = np.random.default_rng(0)
    wave = 1e-4 * rng.standard_normal(round(SECONDS * onset.RATE))
    for event in EVENTS + late:
        start = round(event * onset.RATE)
        wave[start : start + 1600] += 0.5 * np.exp(-np.arange(1600) / 300) * rng.standard_normal(1600)
    return Audio(wave, onset.RATE)


def varying(seed):
    """Frame times 10 to 60 ms apart."""
    times = np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.06, 300))
    return np.concatenate([[0.0], times[times < SECONDS]])


@pytest.mark.parametrize(
    "times",
    [np.arange(0, SECONDS, 1 / fps) for fps in (25.0, 30_000 / 1001, 50.0, 120.0)] + [varying(0), varying(1)],
    ids=["25", "29.97", "50", "120", "vfr", "other-vfr"],
)
@pytest.mark.parametrize("late", [0.0, 0.137, -0.4])
def test_known_offsets_are_found_within_5_ms(tmp_path, times, late):
    film(tmp_path / "film.mp4", times)
    seen = build_plugins.build_extractor("motion").extract(Video(tmp_path / "film.mp4"))
    found = build_plugins.build_metric("desync@onset").score(
        build_plugins.build_extractor("onset").extract(sound(late)), seen
    )
    assert found.detail["offset"] == pytest.approx(late, abs=0.005)


@pytest.mark.parametrize("phase", [0.005, 0.010, 0.021, 0.033])
def test_frames_that_start_late_are_not_snapped_to_a_grid(tmp_path, phase):
    film(tmp_path / "film.mp4", np.arange(0, SECONDS, 0.04) + phase)
    video = Video(tmp_path / "film.mp4")
    first = next(video.timed((64, 64), gray=True))[0]
    found = build_plugins.build_metric("desync@onset").score(
        build_plugins.build_extractor("onset").extract(sound(0.0)),
        build_plugins.build_extractor("motion").extract(video),
    )
    assert found.detail["offset"] == pytest.approx(phase - first, abs=0.005)  # the clock starts with the film


def test_times_and_pictures_of_a_video(tmp_path):
    times = varying(2)
    film(tmp_path / "film.mp4", times)
    seconds, pictures = zip(*Video(tmp_path / "film.mp4").timed(), strict=True)
    assert seconds == pytest.approx(times, abs=1e-4)
    assert pictures[0].shape == (96, 96, 3)
    cut = [second for second, _ in Video(tmp_path / "film.mp4", start=1.0, seconds=1.0).timed((64, 64), gray=True)]
    assert cut[0] <= 0  # what is still shown when the stretch begins
    assert [t for t in cut if t > 0] == pytest.approx([t - 1 for t in times if 1.0 < t < 2.0], abs=1e-4)


def test_a_picture_that_stays_changes_when_the_next_is_shown(tmp_path):
    film(tmp_path / "film.mp4", np.concatenate([np.arange(0, 1.0, 0.04), np.arange(2.4, SECONDS, 0.04)]))
    tiles = build_plugins.build_extractor("motion").extract(Video(tmp_path / "film.mp4"))["tiles"].max(axis=1)
    assert tiles[75:110].max() < 0.05  # held from 0.96 to 2.4 s, less the 1/12 s before
    assert tiles[113:123].max() > 0.5
