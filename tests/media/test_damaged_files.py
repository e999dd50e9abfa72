"""Whatever is done to a file, it is read, or there is a reason: nothing else comes out of the border of media.

`VSSEVAL_DAMAGED=1500 pytest tests/media/test_damaged_files.py` tries more than the usual number.
"""

from __future__ import annotations

import io
import os
import random

import av
import numpy as np
import pytest
import soundfile

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.media import Video, check_video, load_audio, mute, probe, sha256, write_mp4
from vsseval.media.web import small_mp4

COUNT = int(os.environ.get("VSSEVAL_DAMAGED", "240"))
RATE = 16000


def pictures():
    moving = np.add.outer(np.arange(12)[:, None] * 9, np.add.outer(np.arange(32) * 3, np.arange(48) * 2))
    return np.repeat((moving.reshape(12, 32, 48) % 256).astype(np.uint8)[..., None], 3, axis=3)


def noise(seconds=0.5):
    return (0.2 * np.random.default_rng(5).standard_normal(round(seconds * RATE))).astype(np.float32)


def remuxed(data, form):
    """The same packets in another container."""
    target = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(target, "w", format=form) as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                out.mux(packet)
    return target.getvalue()


def encoded(form, codec, rate=RATE):
    target = io.BytesIO()
    with av.open(target, "w", format=form) as out:
        track = out.add_stream(codec, rate=rate, layout="mono")
        size = track.codec_context.frame_size or 1024
        resampler = av.AudioResampler(format=track.format.name, layout="mono", rate=rate, frame_size=size)
        frame = av.AudioFrame.from_ndarray(noise()[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(track.encode(part))
        out.mux(track.encode(None))
    return target.getvalue()


def sound_file(**options):
    target = io.BytesIO()
    soundfile.write(target, noise(), RATE, **options)
    return target.getvalue()


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Small files of many kinds, by suffix."""
    path = tmp_path_factory.mktemp("whole") / "clip.mp4"
    write_mp4(path, pictures(), 25, noise(), RATE)
    clip = path.read_bytes()
    joined = sound_file(format="MP3")
    chained = sound_file(format="OGG", subtype="OPUS")
    return {
        "mp4": clip,
        "mkv": remuxed(clip, "matroska"),
        "ts": remuxed(clip, "mpegts"),
        "flv": remuxed(clip, "flv"),
        "avi": encoded("avi", "mp2", 48000),
        "m4a": encoded("mp4", "aac"),
        "webm": encoded("webm", "libopus", 48000),
        "aac": encoded("adts", "aac"),
        "wav": sound_file(format="WAV", subtype="PCM_16"),
        "gsm.wav": sound_file(format="WAV", subtype="GSM610"),
        "adpcm.wav": sound_file(format="WAV", subtype="MS_ADPCM"),
        "aiff": sound_file(format="AIFF", subtype="PCM_24"),
        "au": sound_file(format="AU", subtype="ULAW"),
        "w64": sound_file(format="W64", subtype="FLOAT"),
        "caf": sound_file(format="CAF", subtype="ALAC_16"),
        "flac": sound_file(format="FLAC"),
        "mp3": joined + joined,
        "ogg": sound_file(format="OGG"),
        "opus": chained + chained,
    }


def flip_bits(data, chance):
    for _ in range(chance.choice([1, 4, 40])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def write_over_the_head(data, chance):
    for _ in range(chance.choice([1, 3, 8])):
        data[chance.randrange(min(len(data), 400))] = chance.randrange(256)


def state_impossible_numbers(data, chance):
    size = chance.choice([2, 4, 8])
    at = chance.randrange(0, min(len(data), 2000) - size)
    data[at : at + size] = chance.choice([b"\0", b"\xff", b"\x7f", b"\x80"]) * size


def cut(data, chance):
    del data[chance.randrange(1, len(data)) :]


def leave_a_hole(data, chance):
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 3000)]


def swap_pieces(data, chance):
    a, b = sorted(chance.randrange(len(data)) for _ in range(2))
    data[:] = data[b:] + data[a:b] + data[:a]


def write_zeros(data, chance):
    at = chance.randrange(len(data))
    data[at : at + 200] = bytes(len(data[at : at + 200]))


def append_garbage(data, chance):
    data += chance.randbytes(chance.randrange(1, 3000))


CODECS = (b"avc1", b"mp4a", b"V_MPEG4/ISO/AVC", b"A_AAC", b"A_OPUS", b"OpusHead", b"vorbis", b"fLaC", b"fmt ")


def name_unknown_codecs(data, chance):
    for name in CODECS:
        if (at := data.find(name)) >= 0 and chance.random() < 0.5:
            data[at : at + len(name)] = b"?" * len(name)


DAMAGES = (
    flip_bits, write_over_the_head, state_impossible_numbers, cut, leave_a_hole, swap_pieces, write_zeros,
    append_garbage, name_unknown_codecs,
)  # fmt: skip


def damage(data, chance):
    """Return a file with some of what happens to files."""
    data = bytearray(data)
    chance.choice(DAMAGES)(data, chance)
    return bytes(data)


def cache(path):
    """Every way in which a file is opened."""
    yield lambda: probe(path)
    yield lambda: check_video(path)
    yield lambda: load_audio(path)
    yield lambda: load_audio(path, 0.1, 0.2)
    yield lambda: sha256(path)
    yield lambda: Video(path).frames(25, (16, 16))
    yield lambda: list(Video(path, 0.1, 0.2).timed((16, 16), gray=True))
    yield lambda: mute(path, path.with_name("muted.mp4"))
    yield lambda: mute(path, path.with_name("part.mp4"), 0.1, 0.2)
    yield lambda: media.dub(path, path.with_name("dubbed.mkv"), np.zeros(800, np.float32), RATE)
    yield lambda: small_mp4(path)


def outcomes(path):
    found = []
    for read in cache(path):
        try:
            read()
            found.append(None)
        except Unmeasurable as reason:
            found.append(str(reason))
    return found


def test_whole_files_are_read(sources, tmp_path):
    for suffix, data in sources.items():
        path = tmp_path / f"whole.{suffix}"
        path.write_bytes(data)
        assert load_audio(path).seconds >= 0.49, suffix
    (tmp_path / "clip.mp4").write_bytes(sources["mp4"])
    assert outcomes(tmp_path / "clip.mp4") == [None] * 11


@pytest.mark.parametrize("seed", range(0, COUNT, 20))
def test_a_damaged_file_is_read_or_has_a_reason(sources, tmp_path, seed):
    chance = random.Random(seed)
    for index in range(seed, min(seed + 20, COUNT)):
        suffix = chance.choice([*sources])
        path = tmp_path / f"damaged{index}.{suffix}"
        path.write_bytes(damage(sources[suffix], chance))
        reasons = [reason for reason in outcomes(path) if reason is not None]
        assert all(path.name in reason for reason in reasons), reasons
        assert not [reason for reason in reasons if "TypeError" in reason or "NameError" in reason], reasons
