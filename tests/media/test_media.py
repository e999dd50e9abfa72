"""Media: what is read is what was written, on the right clock, and what cannot be read says so."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from support.videos import HEIGHT, WIDTH, numbered, read_numbers, tone, write_timed
from vsseval import media
from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import Audio, Video, check_video, load_audio, mute, probe, write_flac, write_mp4
from vsseval.media import encode as encode_module


def lag(signal, within):
    """Samples by which `signal` comes late in `within`."""
    return int(np.argmax(np.correlate(within, signal, "full"))) - (len(signal) - 1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three seconds at 25 frames/s with a noise burst as sound."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    sound = (0.1 * np.random.default_rng(0).standard_normal(48000)).astype(np.float32)
    write_mp4(path, numbered(75), 25, sound, 16000)
    return path, sound


def test_importing_media_loads_no_decoder():
    code = (
        "import sys, vsseval.media; "
        "print([m for m in ('av', 'soundfile', 'soxr', 'torch', 'scipy', 'pandas') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


# Audio


def test_mono_is_the_mean_of_channels_and_is_computed_once():
    audio = Audio(np.stack([np.full(100, 0.5), np.full(100, -0.1)]), 8000)
    assert audio.samples.dtype == np.float32
    np.testing.assert_allclose(audio.mono(8000), 0.2, rtol=1e-6)
    assert audio.mono(16000) is audio.mono(16000)
    assert audio.seconds == 100 / 8000


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(0, 3000),
    have=st.sampled_from([8000, 16000, 22050, 44100, 48000, 96000]),
    want=st.sampled_from([8000, 16000, 32000, 44100]),
)
def test_resampling_keeps_the_length_in_seconds(length, have, want):
    out = Audio(np.zeros(length, np.float32), have).mono(want)
    assert out.dtype == np.float32
    assert out.shape == (round(length * want / have),)


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_resampling_keeps_a_tone(rate):
    out = Audio(tone(rate=rate), rate).mono(16000)
    np.testing.assert_allclose(out[500:-500], tone(rate=16000)[0, 500:-500], atol=2e-3)


@pytest.mark.parametrize(("samples", "rate"), [(np.zeros((1, 2, 3)), 16000), (np.zeros(5), 0), (np.zeros(5), -1)])
def test_impossible_audio_is_refused(samples, rate):
    with pytest.raises(ValueError, match=r"samples must|impossible"):
        Audio(samples, rate)


@pytest.mark.parametrize("rate", [8000, 16000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_and_flac_come_back_as_they_were(tmp_path, rate, channels):
    sound = tone(0.5, rate, channels)
    soundfile.write(tmp_path / "a.WAV", sound.T, rate, subtype="FLOAT")
    write_flac(tmp_path / "a.flac", sound, rate)
    for name, error in (("a.WAV", 0), ("a.flac", 2**-23)):
        audio = load_audio(tmp_path / name)
        assert audio.sample_rate == rate
        np.testing.assert_allclose(audio.samples, sound, atol=error, rtol=0)


@pytest.mark.parametrize(("name", "options"), [
    ("a.mp3", {"format": "MP3"}), ("a.ogg", {"format": "OGG"}), ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
])  # fmt: skip
def test_lossy_files_keep_length_and_time(tmp_path, name, options):
    sound = (0.1 * np.random.default_rng(1).standard_normal(48000)).astype(np.float32)
    soundfile.write(tmp_path / name, sound, 48000, **options)
    audio = load_audio(tmp_path / name)
    assert audio.samples.shape == (1, 48000)
    assert abs(lag(sound[:4000], audio.samples[0, :20000])) <= 1
    assert probe(tmp_path / name).seconds == pytest.approx(1.0, abs=0.06)


def test_audio_of_an_mp4_has_its_length_and_no_delay(clip):
    path, sound = clip
    audio = load_audio(path)
    assert audio.samples.shape == (1, 48000)
    assert lag(sound[:4000], audio.samples[0]) == 0


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mpg"])
def test_a_late_audio_track_is_padded_to_the_container_clock(tmp_path, suffix):
    codec = {"mpg": "mpeg1video"}.get(suffix, "libx264")
    if suffix == "mpg":
        path = _mpeg_with_late_sound(tmp_path / "late.mpg", codec)
    else:
        path = write_timed(tmp_path / f"late.{suffix}", np.arange(50) / 25, sound=_burst(), sound_at=0.5)
    audio = load_audio(path)
    assert lag(_burst()[:4000], audio.mono(16000)) == pytest.approx(8000, abs=2)


def _burst():
    return (0.3 * np.random.default_rng(2).standard_normal(16000)).astype(np.float32)


def _mpeg_with_late_sound(path, codec):
    with av.open(str(path), "w", format="mpeg") as out:
        video = out.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        track = out.add_stream("mp2", rate=48000, layout="mono")
        packets = []
        for index, picture in enumerate(numbered(50)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            packets += video.encode(frame)
        packets += video.encode(None)
        sound = np.repeat(_burst(), 3)
        for start in range(0, len(sound), 1152):
            block = (sound[None, start : start + 1152] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48000, start + 24000
            packets += track.encode(frame)
        packets += track.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
    return path


def test_silence_and_ten_milliseconds_are_readable(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16000), 16000)
    soundfile.write(tmp_path / "short.wav", tone(0.01)[0], 16000)
    assert not load_audio(tmp_path / "silent.wav").samples.any()
    assert load_audio(tmp_path / "short.wav").seconds == pytest.approx(0.01)


def _bad_audio(path):
    name = path.stem
    if name == "empty":
        path.write_bytes(b"")
    elif name == "garbage":
        path.write_bytes(os.urandom(5000))
    elif name == "no_samples":
        soundfile.write(path, np.zeros(0), 16000)
    elif name == "nan":
        soundfile.write(path, np.array([0, np.nan, np.inf, 0.1], np.float32), 16000, subtype="FLOAT")
    elif name == "folder":
        path.mkdir()
    elif name == "cut":
        soundfile.write(path, tone()[0], 16000)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(("name", "reason"), [
    ("missing.wav", "no such file"), ("empty.wav", "0 bytes"), ("garbage.wav", "not readable"),
    ("garbage.mp4", "not readable"), ("no_samples.wav", "no samples"), ("nan.wav", "2 of 4 samples"),
    ("folder.wav", "not a file"), ("cut.wav", "truncated"), ("cut.flac", "truncated|not readable"),
])  # fmt: skip
def test_bad_audio_names_the_file_and_the_reason(tmp_path, name, reason):
    _bad_audio(tmp_path / name)
    with pytest.raises(Unmeasurable, match=reason) as caught:
        load_audio(tmp_path / name)
    assert name in str(caught.value)


def test_a_video_without_sound_has_no_audio(tmp_path):
    write_mp4(tmp_path / "mute.mp4", numbered(5), 25)
    assert not probe(tmp_path / "mute.mp4").has_audio
    with pytest.raises(Unmeasurable, match=r"mute\.mp4: has no audio track"):
        load_audio(tmp_path / "mute.mp4")


def test_a_wave_file_written_to_a_pipe_is_whole(tmp_path):
    soundfile.write(tmp_path / "pipe.wav", tone()[0], 16000)
    data = bytearray((tmp_path / "pipe.wav").read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "pipe.wav").write_bytes(data)
    assert load_audio(tmp_path / "pipe.wav").seconds == 1.0


# Video


def test_every_frame_of_a_constant_rate_is_the_right_one(tmp_path):
    write_mp4(tmp_path / "ten.mp4", numbered(250), 25)
    video = Video(tmp_path / "ten.mp4")
    assert (video.seconds, video.fps) == (10.0, 25.0)
    np.testing.assert_array_equal(read_numbers(video.frames()), np.arange(250))
    # 4.6, 8.2 and 9.2 s fall one frame early without the epsilon.
    np.testing.assert_array_equal(read_numbers(video.frames(10)), [25 * i // 10 for i in range(100)])
    np.testing.assert_array_equal(read_numbers(video.frames(50)), np.arange(500) // 2)


@pytest.mark.parametrize("start", [0.0, 0.5])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_every_frame_of_a_variable_rate_is_the_right_one(tmp_path, suffix, start):
    gaps = np.random.default_rng(3).choice([0.02, 0.04, 0.1, 0.25], 40)
    stamps = start + np.concatenate([[0], np.cumsum(gaps)[:-1]])
    video = Video(write_timed(tmp_path / f"vfr.{suffix}", stamps))
    numbers = read_numbers(video.frames(25))
    times = stamps[0] + np.arange(len(numbers)) / 25  # t = 0 is where the container begins
    np.testing.assert_array_equal(numbers, np.searchsorted(stamps, times + 1e-4, "right") - 1)


def test_the_clock_of_a_programme_stream_starts_with_its_first_frame(tmp_path):
    video = Video(_mpeg_with_late_sound(tmp_path / "a.mpg", "mpeg1video"))
    assert video.seconds == pytest.approx(2.0)
    np.testing.assert_array_equal(read_numbers(video.frames()), np.arange(50))


def test_a_piece_of_a_longer_recording_starts_at_its_own_start(tmp_path):
    video = Video(write_timed(tmp_path / "cut.mkv", 100 + np.arange(25) / 25))
    assert video.seconds == pytest.approx(1.0)
    np.testing.assert_array_equal(read_numbers(video.frames()), np.arange(25))


def test_size_and_gray(clip):
    video = Video(clip[0])
    assert video.frames(5, (16, 64)).shape == (15, 16, 64, 3)
    gray = video.frames(25, (16, 64), gray=True)
    assert (gray.shape, gray.dtype) == ((75, 16, 64), np.uint8)
    np.testing.assert_array_equal(read_numbers(gray), np.arange(75))
    large = video.frames(25, (64, 256))
    np.testing.assert_array_equal(read_numbers(large), np.arange(75))


def test_streamed_pictures_are_those_of_the_array(clip):
    video = Video(clip[0])
    np.testing.assert_array_equal(np.stack(list(video.stream(12.5))), video.frames(12.5))


def test_a_video_too_large_for_memory_is_refused(clip, monkeypatch):
    monkeypatch.setenv("VSSEVAL_MEDIA_LIMITS", "pictures_mb=0.5")
    with pytest.raises(Unmeasurable, match=r"clip\.mp4: 3 s at 128x32 .* 1 MB, more than the 0.5 allowed"):
        Video(clip[0]).frames()


def test_a_video_held_upright_is_read_upright(clip, tmp_path):
    data = bytearray(clip[0].read_bytes())
    # The matrix of the first track's header, 48 bytes into a version 0 box: a quarter turn.
    at = data.index(b"tkhd") + 4 + 40
    quarter = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in quarter)
    (tmp_path / "turned.mp4").write_bytes(data)
    turned, upright = Video(tmp_path / "turned.mp4"), Video(clip[0]).frames(5)
    assert (turned.probe.height, turned.probe.width) == (WIDTH, HEIGHT)
    np.testing.assert_array_equal(turned.frames(5), np.rot90(upright, -1, axes=(1, 2)))


def test_probe_tells_what_is_there(clip):
    found = probe(clip[0])
    assert found == media.Probe(3.0, True, True, WIDTH, HEIGHT, 25.0, 16000, 1)
    assert check_video(clip[0]) == found


def _with_index_first(path, target):
    with av.open(str(path)) as source, av.open(str(target), "w", options={"movflags": "faststart"}) as out:
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return target.read_bytes()


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_truncated_video_says_how_much_is_there(clip, tmp_path, share):
    data = _with_index_first(clip[0], tmp_path / "fast.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: int(len(data) * share)])
    for read in (check_video, lambda path: Video(path).frames()):
        with pytest.raises(Unmeasurable, match=r"cut\.mp4: truncated: \d\.\d+ s of the declared 3\.00 s"):
            read(cut)


def test_a_video_that_lacks_its_last_frames_is_usable(clip, tmp_path):
    data = _with_index_first(clip[0], tmp_path / "fast.mp4")
    (tmp_path / "nearly.mp4").write_bytes(data[:-20])
    assert check_video(tmp_path / "nearly.mp4").seconds == 3.0
    frames = Video(tmp_path / "nearly.mp4").frames()
    assert len(frames) == 75
    np.testing.assert_array_equal(read_numbers(frames)[:70], np.arange(70))


def test_a_truncated_matroska_says_how_much_is_there(clip, tmp_path):
    mute(clip[0], tmp_path / "whole.mkv")
    data = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    with pytest.raises(Unmeasurable, match=r"cut\.mkv: truncated: [01]\.\d+ s of the declared 3\.00 s"):
        check_video(tmp_path / "cut.mkv")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_may_be_longer_or_shorter_than_the_picture(tmp_path, suffix):
    long = np.tile(_burst(), 3)
    path = write_timed(tmp_path / f"long.{suffix}", np.arange(50) / 25, sound=long)
    assert check_video(path).seconds == pytest.approx(2.0, abs=0.002)
    assert load_audio(path).seconds == pytest.approx(3.0, abs=0.1)
    path = write_timed(tmp_path / f"short.{suffix}", np.arange(50) / 25, sound=long[:8000])
    assert check_video(path).seconds == pytest.approx(2.0, abs=0.002)
    assert load_audio(path).seconds == pytest.approx(0.5, abs=0.1)


def test_unusable_videos(clip, tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    whole = clip[0].read_bytes()
    (tmp_path / "no_index.mp4").write_bytes(whole[: len(whole) // 2])
    write_flac(tmp_path / "sound.flac", tone(), 16000)
    with av.open(str(tmp_path / "no_frames.mp4"), "w") as out, av.open(str(clip[0])) as source:
        out.add_stream_from_template(source.streams.video[0])
        track = source.streams.audio[0]
        copy = out.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    for name, reason in {
        "missing.mp4": "no such file",
        "empty.mp4": "0 bytes",
        "no_index.mp4": "not readable",
        "sound.flac": "no video stream",
        "no_frames.mp4": "no video|no readable frame",
    }.items():
        for read in (check_video, lambda path: Video(path).frames()):
            with pytest.raises(Unmeasurable, match=reason) as caught:
                read(tmp_path / name)
            assert name in str(caught.value)


# Writing


def test_an_mp4_is_the_same_bytes_every_time(clip, tmp_path):
    write_mp4(tmp_path / "again.mp4", iter(numbered(75)), 25, clip[1], 16000)
    assert media.sha256(tmp_path / "again.mp4") == media.sha256(clip[0])


def test_odd_sizes_odd_rates_and_many_channels_can_be_written(tmp_path):
    pictures = np.zeros((10, 31, 33, 3), np.uint8)
    write_mp4(tmp_path / "odd.mp4", pictures, 29.97, tone(10 / 29.97, 25000, 5), 25000)
    found = probe(tmp_path / "odd.mp4")
    assert (found.height, found.width, found.sample_rate, found.channels) == (32, 34, 48000, 1)
    assert found.fps == pytest.approx(29.97)


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(Unmeasurable, match=r"a\.flac: 1 of 2 samples are NaN"):
        write_flac(tmp_path / "a.flac", np.array([0, np.nan]), 16000)
    with pytest.raises(Unmeasurable, match="no samples"):
        write_flac(tmp_path / "a.flac", np.zeros(0), 16000)
    with pytest.raises(ValueError, match="no frames"):
        write_mp4(tmp_path / "a.mp4", [], 25)
    with pytest.raises(ValueError, match="need a rate"):
        write_mp4(tmp_path / "a.mp4", numbered(3), 25, np.zeros(100))
    with pytest.raises(EnvironmentFault, match="cannot write"):
        write_flac(tmp_path / "absent" / "a.flac", tone(), 16000)
    assert not list(tmp_path.iterdir())


def test_loud_sound_is_clipped_not_wrapped(tmp_path):
    write_flac(tmp_path / "loud.flac", np.array([2.0, -2.0, 0.5]), 16000)
    np.testing.assert_allclose(load_audio(tmp_path / "loud.flac").samples[0], [1, -1, 0.5], atol=1e-6)


@pytest.mark.parametrize("write", [
    lambda path, source: write_flac(path, tone(), 16000),
    lambda path, source: write_mp4(path, numbered(5), 25),
    lambda path, source: mute(source, path),
], ids=["flac", "mp4", "mute"])  # fmt: skip
def test_a_full_disk_leaves_the_old_file_and_no_other(clip, tmp_path, monkeypatch, write):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "out.bin"
    target.write_bytes(b"as it was")
    monkeypatch.setattr(encode_module.os, "fsync", full)
    with pytest.raises(EnvironmentFault, match=r"out\.bin: No space left on device \(.* MB free\)"):
        write(target, clip[0])
    assert target.read_bytes() == b"as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["out.bin"]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_disk_that_fills_up_while_a_muxer_writes_is_no_fault_of_the_source(clip, tmp_path, monkeypatch, suffix):
    def full(*_):
        file = os.memfd_create("full", os.MFD_ALLOW_SEALING)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
        return os.fdopen(file, "r+b")

    monkeypatch.setattr(encode_module.Path, "open", full)
    with pytest.raises(EnvironmentFault, match=r"cannot write .*out\..*: Operation not permitted"):
        mute(clip[0], tmp_path / f"out.{suffix}")


def test_muting_keeps_every_frame_and_drops_the_sound(clip, tmp_path):
    mute(clip[0], tmp_path / "muted.mp4")
    assert not probe(tmp_path / "muted.mp4").has_audio
    np.testing.assert_array_equal(Video(tmp_path / "muted.mp4").frames(), Video(clip[0]).frames())


@pytest.mark.parametrize("target", ["mp4", "mkv"])
@pytest.mark.parametrize("source", ["mp4", "mkv", "mpg", "avi", "webm"])
def test_muting_keeps_the_times(tmp_path, source, target):
    path = tmp_path / f"source.{source}"
    if source == "mpg":
        _mpeg_with_late_sound(path, "mpeg1video")
    elif source == "avi":
        write_timed(path, np.arange(50) / 25, codec="mpeg4", tick=Fraction(1, 25))
    else:
        codec = "libvpx" if source == "webm" else "libx264"  # VP8, which MP4 cannot hold
        write_timed(path, 0.4 + np.arange(50) / 25, codec=codec)
    mute(path, tmp_path / f"muted.{target}")
    before, after = Video(path), Video(tmp_path / f"muted.{target}")
    assert after.seconds == pytest.approx(before.seconds, abs=0.002)
    np.testing.assert_array_equal(read_numbers(after.frames()), read_numbers(before.frames()))


def test_muting_what_is_no_video(tmp_path):
    write_flac(tmp_path / "a.flac", tone(), 16000)
    with pytest.raises(Unmeasurable, match=r"a\.flac: holds no video"):
        mute(tmp_path / "a.flac", tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert media.sha256(tmp_path / "a").startswith("ba7816bf")
    with pytest.raises(Unmeasurable, match="missing: no such file"):
        media.sha256(tmp_path / "missing")
