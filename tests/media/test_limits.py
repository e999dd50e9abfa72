"""Small files that unfold to hours, gigapixels or holes of days: read as far as a clip can use, or refused."""

import json
import os
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import (
    BeyondLimit,
    Video,
    check_video,
    load_audio,
    longest_read,
    look,
    media_limits,
    memory,
    probe,
    recall,
    recollection,
    sha256,
    usable_seconds,
    write_wav,
)
from vsseval.media.limits import VARIABLE

RATE = 8000
MOST_MB = 200
"""Of memory, beyond what is taken by the interpreter with PyAV and NumPy."""

OPEN = """
import json, resource, sys
import av, numpy, soundfile
from vsseval.errors import Unmeasurable
from vsseval.media import Video, check_video, load_audio, look, probe
from vsseval.media.apart import decoders
from pathlib import Path

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, said = peak(), []
for path, how, seconds in json.loads(sys.argv[1]):
    look(Path(path))
    try:
        if how == "sound":
            said.append(load_audio(path, 0.0, seconds).seconds)
        else:
            check_video(path)
            said.append(sum(1 for _ in Video(path).stream(25.0, (64, 64))))
    except Unmeasurable as reason:
        said.append(str(reason))
decoders().close()
apart = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps([max(apart, peak()) - before, said]))
"""


def pictures(path, stamps, size=64, codec="mpeg4", pix_fmt="yuv420p"):
    """Write black pictures at given times in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        for at in stamps:
            frame = av.VideoFrame(size, size, pix_fmt)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts, frame.time_base = round(1000 * at), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def sound_with_a_hole(path, hole, holes=1):
    """Write tenths of seconds of sound with holes of so many seconds between them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for index in range(holes + 1):
            frame = av.AudioFrame.from_ndarray(np.ones((1, RATE // 10), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = round(index * (hole + 0.1) * RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def bombs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    hour = np.zeros(3600 * RATE, np.int16)
    for name in ("hour.flac", "hour.wav"):
        soundfile.write(folder / name, hour, RATE)
    with soundfile.SoundFile(folder / "quarter.ogg", "w", RATE, 1) as file:
        for _ in range(900):
            file.write(hour[:RATE])
    sound_with_a_hole(folder / "hole.mkv", 3600)
    sound_with_a_hole(folder / "holes.mkv", 59, holes=60)
    pictures(folder / "late.mkv", [0.0, 0.04, 7200.0])
    pictures(folder / "slow.mkv", [40.0 * i for i in range(60)])
    pictures(folder / "large.mov", [0.0, 0.04], size=16_000, codec="png", pix_fmt="monob")
    return folder


def test_no_bomb_takes_more_memory_than_a_clip(bombs):
    cases = [
        ("hour.flac", "sound", 1.2, 1.2),
        ("hour.flac", "sound", None, "600 s of sound or more, more than the 600 allowed"),
        ("hour.wav", "sound", 1.2, 1.2),
        ("hour.wav", "sound", None, "3600 s of sound or more"),
        ("quarter.ogg", "sound", None, "900 s of sound or more"),
        ("hole.mkv", "sound", None, "a hole of 3600 s in its sound"),
        ("holes.mkv", "sound", 70.0, 70.0),
        ("holes.mkv", "sound", None, "s of sound or more, more than the 600 allowed"),
        ("late.mkv", "video", None, "7200 s of pictures, more than the 600 allowed"),
        ("slow.mkv", "video", None, "s of pictures, more than the 600 allowed"),
        ("large.mov", "video", None, "its pictures have more than 3.6e+07 pixels"),
    ]
    asked = json.dumps([[str(bombs / name), how, seconds] for name, how, seconds, _ in cases])
    done = subprocess.run([sys.executable, "-c", OPEN, asked], capture_output=True, text=True, check=True)
    megabytes, said = json.loads(done.stdout)
    for (name, _, _, right), got in zip(cases, said, strict=True):
        assert got == pytest.approx(right, abs=0.1) if isinstance(right, float) else right in str(got), name
        assert isinstance(right, float) or VARIABLE in got, name
    assert megabytes < MOST_MB


def test_a_stretch_far_inside_is_the_same_samples_as_of_the_whole(tmp_path):
    rng = np.random.default_rng(3)
    sound = (0.2 * rng.standard_normal(5 * RATE)).astype(np.float32)
    write_wav(tmp_path / "a.wav", sound, RATE)
    soundfile.write(tmp_path / "a.flac", sound, RATE)
    soundfile.write(tmp_path / "a.ogg", sound, RATE)
    soundfile.write(tmp_path / "ima.wav", sound, RATE, subtype="IMA_ADPCM")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for path in sorted(tmp_path.iterdir()):
        whole, part = load_audio(path), load_audio(path, 3.217, 1.5)
        first = round(3.217 * whole.sample_rate)
        expected = whole.samples[:, first : first + round(1.5 * whole.sample_rate)]
        np.testing.assert_array_equal(part.samples, expected, err_msg=path.name)


def test_a_stretch_of_a_film_is_no_longer_than_the_stretch(bombs, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sound_mb=1")
    for name in ("hour.flac", "hour.wav"):
        assert load_audio(bombs / name, 300.0, 10.0).seconds == pytest.approx(10.0)
        with pytest.raises(BeyondLimit, match="sound_mb"):
            load_audio(bombs / name, 300.0, 100.0)


def test_a_hole_between_pictures_is_no_pause(tmp_path):
    pictures(tmp_path / "hole.mkv", [0.0, 0.04, 70.0, 70.04])
    with pytest.raises(BeyondLimit, match="a hole of 70 s in its pictures"):
        list(Video(tmp_path / "hole.mkv").each())
    pictures(tmp_path / "pause.mkv", [0.0, 0.04, 50.0, 50.04])
    assert len(list(Video(tmp_path / "pause.mkv").each())) == 4


def test_more_pictures_a_second_than_any_camera_takes(tmp_path, monkeypatch):
    pictures(tmp_path / "fast.mkv", [0.001 * i for i in range(60)])
    assert len(list(Video(tmp_path / "fast.mkv").each())) == 60
    monkeypatch.setenv(VARIABLE, "fps=50")
    with pytest.raises(BeyondLimit, match="pictures in"):
        list(Video(tmp_path / "fast.mkv").each())


def test_a_decoder_is_not_busy_for_ever(tmp_path, monkeypatch):
    pictures(tmp_path / "busy.mkv", [0.04 * i for i in range(50)])
    sound_with_a_hole(tmp_path / "busy.mka", 0.0, holes=20)
    video = Video(tmp_path / "busy.mkv")
    monkeypatch.setenv(VARIABLE, "work=1e-7")
    with pytest.raises(BeyondLimit, match=r"busy\.mkv: decoding it took over 1e-07 s \(set .*work=NUMBER"):
        list(video.each())
    with pytest.raises(BeyondLimit, match=r"busy\.mka: decoding it took over 1e-07 s"):
        load_audio(tmp_path / "busy.mka")


def test_limits_are_set_by_the_environment(tmp_path, monkeypatch):
    write_wav(tmp_path / "five.wav", np.zeros((5, 3 * RATE), np.float32), RATE)
    monkeypatch.setenv(VARIABLE, "seconds=2, channels=8")
    assert (media_limits().seconds, media_limits().channels, media_limits().gap) == (2.0, 8.0, 60.0)
    with pytest.raises(BeyondLimit, match=r"five\.wav: 3 s of sound or more, more than the 2 allowed .*seconds=NUMBER"):
        load_audio(tmp_path / "five.wav")
    assert load_audio(tmp_path / "five.wav", seconds=2.0).seconds == 2.0
    monkeypatch.setenv(VARIABLE, "channels=4")
    with pytest.raises(BeyondLimit, match="5 channels of sound"):
        load_audio(tmp_path / "five.wav")


def test_what_was_found_under_a_wider_bound_is_not_believed_under_a_narrower_one(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "SETTLED_NS", 0)
    path, digest = pictures(tmp_path / "a.mkv", [0.0, 0.04]), sha256(tmp_path / "a.mkv")
    assert (probe(path).width, check_video(path).width, look(path).kind) == (64, 64, "video")
    recorded = recollection(tmp_path)
    for known in ("found here", "found by an earlier command"):
        monkeypatch.setenv(VARIABLE, "pixels=100")
        for read in (probe, check_video):
            with pytest.raises(BeyondLimit):
                read(path)
        monkeypatch.delenv(VARIABLE)
        assert probe(path).width == 64, known
        memory._memory.cache_clear()
        recall(recorded)
    monkeypatch.setenv(VARIABLE, "pixels=100")
    monkeypatch.setattr("vsseval.media.hashing._digest", None)
    assert sha256(path) == digest


@pytest.mark.parametrize("text", ["seconds", "seconds=", "seconds=-1", "seconds=nan", "minutes=3"])
def test_a_limit_that_is_none_is_an_error(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UsageError, match="names: .*seconds"):
        media_limits()


def test_twice_the_clip_and_ten_seconds_are_scored():
    assert (usable_seconds(1.2), longest_read(1.2)) == (12.4, 12.9)
    assert (usable_seconds(590.0), longest_read(590.0)) == (600.0, 600.0)


@pytest.mark.parametrize("suffix", [".mp4", ".wav", ".mp3"])
def test_pipes_and_folders_are_never_opened(tmp_path, suffix):
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    (tmp_path / f"loop{suffix}").symlink_to(tmp_path / f"loop{suffix}")
    for path in tmp_path.iterdir():
        for opening in (sha256, probe, load_audio):
            with pytest.raises(Unmeasurable):
                opening(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n"),
        ("list.txt", "ffconcat version 1.0\nfile '{0}'\nduration 1\n"),
    ],
)
def test_a_list_of_files_opens_none_of_them(tmp_path, name, text):
    pictures(tmp_path / "secret.ts", [0.04 * i for i in range(25)], codec="libx264")
    (tmp_path / name).write_text(text.format("secret.ts"))
    with pytest.raises(Unmeasurable):
        probe(tmp_path / name)
