"""One time zero: events are found where they are, whenever the streams of a file start and at whatever rate it runs."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from vsseval.media import Video, load_audio, mute
from vsseval.media.streams import clock_zero

RATE, SIDE = 48000, 64
EVENTS = (0.6, 1.5, 2.36)
"""Seconds from the start of the recording at which a flash is seen and a click is heard."""
SECONDS = 3.0
NEAR = 0.005


def flashes(stamps):
    """Pictures at the given times: white where one is the first at or after an event, dark otherwise."""
    first = {int(np.searchsorted(stamps, event - 1e-6)) for event in EVENTS}
    return [np.full((SIDE, SIDE, 3), 255 if i in first else 0, np.uint8) for i in range(len(stamps))], sorted(first)


def clicks(at):
    sound = np.zeros(round(SECONDS * RATE), np.float32)
    for moment in at:
        begin = round(moment * RATE)
        sound[begin : begin + 480] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(480) / RATE)
    return sound


def stamps_of(kind):
    if kind == "constant":
        return np.arange(round(SECONDS * 25)) / 25
    gaps = np.random.default_rng(4).choice([0.012, 0.033, 0.04, 0.071], 200)
    stamps = np.concatenate([[0.0], np.cumsum(gaps)])
    return stamps[stamps < SECONDS]


def write(path, stamps, *, picture_start, sound_start, sound_codec="aac", **options):
    """Write a file whose streams start at the given time stamps; flashes and clicks coincide if these are alike."""
    tick = Fraction(1, 90000)
    pictures, first = flashes(stamps)
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as out:
        chosen = {"crf": "1", "threads": "1", **options}
        video = out.add_stream("libx264", rate=25, options=chosen)
        video.width = video.height = SIDE
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = tick
        track = out.add_stream(sound_codec, rate=RATE, layout="mono") if sound_start is not None else None
        packets = []
        for stamp, picture in zip(stamps, pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round((stamp + picture_start) / tick), tick
            packets += video.encode(frame)
        packets += video.encode(None)
        if track is not None:
            packets += sound_packets(track, clicks([stamps[i] for i in first]), sound_start)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    return np.array([stamps[i] for i in first])


def sound_packets(track, sound, start):
    packets = []
    resampler = av.AudioResampler(format=track.format.name, layout="mono", rate=RATE, frame_size=1024)
    frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), round(start * RATE)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += track.encode(part)
    return [*packets, *track.encode(None)]


def seen(path, start=0.0, seconds=None):
    """Times of flashes."""
    moments = [(at, picture.mean()) for at, picture in Video(path, start, seconds).timed((8, 8), gray=True)]
    return np.array([at for at, light in moments if light > 127])


def heard(path):
    """Times at which clicks begin."""
    audio = load_audio(path)
    loud = np.abs(audio.samples[0]) > 0.1
    starts = np.flatnonzero(loud & ~np.concatenate([np.zeros(2400, bool), loud])[: loud.size])
    begun = [at for i, at in enumerate(starts) if i == 0 or at - starts[i - 1] > audio.sample_rate / 10]
    return np.array(begun) / audio.sample_rate


STARTS = [-0.4, 0.0, 0.005, 0.021, 0.04, 0.5, 0.667, 1.5, 10.0]


@pytest.mark.parametrize("kind", ["constant", "variable"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
@pytest.mark.parametrize("start", STARTS)
def test_events_are_found_where_they_are_whenever_the_file_starts(tmp_path, suffix, start, kind):
    path = tmp_path / f"clip.{suffix}"
    events = write(path, stamps_of(kind), picture_start=start, sound_start=start)
    pictures, sounds = seen(path), heard(path)
    assert len(pictures) == len(sounds) == len(EVENTS)
    assert np.abs(pictures - sounds).max() < NEAR
    with av.open(str(path)) as container:
        begin = clock_zero(container)
    # Where nothing cuts the file short before zero, both are where ffmpeg -i and players have them.
    expected = events + start - begin
    assert np.abs(pictures - expected).max() < NEAR


@pytest.mark.parametrize("start", [-0.4, -0.417, 0.0, 0.667])
@pytest.mark.parametrize("options", [{"bf": "0"}, {"bf": "3"}, {"bf": "0", "g": "1"}], ids=str)
def test_an_edit_list_may_begin_within_a_picture(tmp_path, start, options):
    path = tmp_path / "clip.mp4"
    write(path, stamps_of("variable"), picture_start=start, sound_start=start, **options)
    assert np.abs(seen(path) - heard(path)).max() < NEAR


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("late", [0.005, 0.010, 0.021, 0.033, 0.3])
@pytest.mark.parametrize("start", [0.0, 0.667, 10.0])
def test_streams_keep_their_distance(tmp_path, suffix, late, start):
    path = tmp_path / f"clip.{suffix}"
    write(path, stamps_of("constant"), picture_start=start + late, sound_start=start)
    assert np.abs((seen(path) - heard(path)) - late).max() < NEAR
    early = tmp_path / f"early.{suffix}"
    write(early, stamps_of("constant"), picture_start=start, sound_start=start + late)
    assert np.abs((heard(early) - seen(early)) - late).max() < NEAR


@pytest.mark.parametrize("start", [0.667, 10.0])
def test_a_loose_wav_begins_where_the_container_does(tmp_path, start):
    path = tmp_path / "clip.mp4"
    write(path, stamps_of("constant"), picture_start=start, sound_start=start)
    audio = load_audio(path)
    soundfile.write(tmp_path / "loose.wav", audio.samples.T, audio.sample_rate)
    assert np.abs(heard(tmp_path / "loose.wav") - seen(path)).max() < NEAR


@pytest.mark.parametrize("target", ["mp4", "mkv"])
@pytest.mark.parametrize(("start", "late"), [(0.667, 0), (0.667, 0.021), (0.667, 0.3), (-0.4, 0), (10.0, 0.021)])
def test_muting_moves_no_picture(tmp_path, target, start, late):
    path = tmp_path / "clip.mp4"
    write(path, stamps_of("variable"), picture_start=start + late, sound_start=start)
    for name, stretch in (("whole", ()), ("stretch", (0.2, 2.5))):
        muted = tmp_path / f"{name}.{target}"
        mute(path, muted, *stretch)
        begin = stretch[0] if stretch else 0.0
        kept = [at - begin for at in seen(path) if not stretch or begin <= at < begin + stretch[1]]
        np.testing.assert_allclose(seen(muted), kept, atol=0.002)


def test_a_stretch_counts_from_its_own_beginning(tmp_path):
    path = tmp_path / "clip.mkv"
    write(path, stamps_of("constant"), picture_start=10.0, sound_start=10.0)
    np.testing.assert_allclose(seen(path, 1.0, 1.2), seen(path)[1:2] - 1.0, atol=1e-3)


def test_the_two_rules_for_frames_at_a_rate(tmp_path):
    """By default a place shows what a player does; by "nearest", as FFmpeg's fps filter, up to half a place earlier."""
    path = tmp_path / "clip.mp4"
    write(path, np.arange(90) / 30, picture_start=0.0, sound_start=None)
    source = np.array([at for at, _ in Video(path).timed((8, 8), gray=True)])
    for rule, moment in (("shown", 0.0), ("nearest", 0.5)):
        places = np.arange(75)
        wanted = np.searchsorted(source, (places + moment) / 25 - (1e-6 if moment else -1e-6), "right") - 1
        lights = Video(path).frames(25, (8, 8), gray=True, rule=rule).mean(axis=(1, 2)) > 127
        white = np.array([picture.mean() > 127 for _, picture in Video(path).timed((8, 8), gray=True)])
        np.testing.assert_array_equal(lights, white[wanted])
