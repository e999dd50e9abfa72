"""Sound is as long as it is: one known sound in every container and codec that PyAV writes, to files and to pipes."""

from __future__ import annotations

import io
from typing import NamedTuple

import av
import numpy as np
import pytest
import soundfile

from vsseval.errors import Unmeasurable
from vsseval.media import load_audio, probe

SECONDS = 1.21
RATES = {"libopencore_amrnb": 8000, "g722": 16000, "g726": 8000, "real_144": 8000, "nellymoser": 8000, "sbc": 16000}
COMPRESSED = {"aac", "ac3", "eac3", "libmp3lame", "mp2", "libopus", "opus", "wmav2", "vorbis"}
LOSSLESS = {"flac", "alac", "wavpack", "tta", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_f32le"}
CODECS = [
    *sorted(COMPRESSED - {"vorbis"} | LOSSLESS),
    "pcm_u8", "pcm_s8", "pcm_mulaw", "pcm_alaw", "adpcm_ms", "adpcm_ima_wav", "adpcm_yamaha", "g722", "g726",
]  # fmt: skip
CONTAINERS = [
    "ac3", "adts", "aiff", "asf", "au", "avi", "caf", "eac3", "f4v", "flac", "flv", "ipod", "ismv", "latm", "matroska",
    "mov", "mp2", "mp3", "mp4", "mpeg", "mpegts", "nut", "oga", "ogg", "opus", "psp", "rm", "tta", "vob", "w64", "wav",
    "webm", "wv",
]  # fmt: skip

PRIMING = {
    "aac": 1024, "ac3": 256, "eac3": 256, "libmp3lame": 1105, "mp2": 481, "libopus": 336, "opus": 336, "g722": 22,
}  # fmt: skip
"""Samples by which a decoder is late; what a container says of them is taken off, what it does not say stays."""
BLOCK = {"aac": 1024, "ac3": 1536, "eac3": 1536, "libmp3lame": 1152, "mp2": 1152, "libopus": 960, "opus": 960,
         "wmav2": 2048, "adpcm_ms": 2048, "adpcm_ima_wav": 2048, "adpcm_yamaha": 2048}  # fmt: skip
"""Samples of a block: the last may be filled up, where the container does not say by how much."""

SAYS = {
    ("mp4", "aac"), ("mov", "aac"), ("ipod", "aac"), ("mp4", "libopus"), ("matroska", "libopus"), ("webm", "libopus"),
    ("ogg", "libopus"), ("opus", "libopus"), ("oga", "libopus"), ("mp3", "libmp3lame"), ("mp4", "libmp3lame"),
}  # fmt: skip
"""Containers that say of these codecs what was added at both ends, when the file can be gone back in."""
UNREADABLE = {
    ("wav", "aac"): "AAC without frames",
    ("w64", "aac"): "AAC without frames",
    ("nut", "adpcm_ima_wav"): "blocks of a size that is not stated",
    ("nut", "g726"): "bits per sample are not stated",
    ("matroska", "wavpack"): "the last block, which is shorter",
    ("asf", "flac"): "FFmpeg's parser finds frames late, and gives them wrong times",
    ("avi", "g726"): "bits per sample are not stated",
}
"""What FFmpeg writes and cannot read back."""


class Pipe:
    """Takes bytes, and cannot be gone back in."""

    def __init__(self):
        self.content = io.BytesIO()

    def write(self, data):
        return self.content.write(data)


class Case(NamedTuple):
    data: bytes
    rate: int


def sound(rate):
    """Bursts of noise below 3 kHz, of different length and strength: no lag but the right one matches."""
    time = np.arange(round(SECONDS * rate)) / rate
    noise = np.random.default_rng(1).standard_normal(round(SECONDS * 8000))
    noise = np.interp(time, np.arange(noise.size) / 8000, np.convolve(noise, np.ones(3) / 3, "same"))
    envelope = sum(np.exp(-(((time - at) / 0.012) ** 2)) * (0.4 + at) for at in (0.11, 0.25, 0.48, 0.55, 0.83, 1.08))
    return (0.35 * envelope * noise).astype(np.float32)


def encode(container, codec, *, seekable):
    """Return the file, or None where PyAV cannot write it."""
    rates = av.codec.Codec(codec, "w").audio_rates
    rate = RATES.get(codec) or (48000 if not rates or 48000 in rates else rates[0])
    target = io.BytesIO() if seekable else Pipe()
    try:
        with av.open(target, "w", format=container) as out:
            track = out.add_stream(codec, rate=rate, layout="mono")
            formats = [one.name for one in av.codec.Codec(codec, "w").audio_formats]
            track.format = next((one for one in formats if one.startswith(("s16", "fltp"))), formats[0])
            out.start_encoding()
            size = track.codec_context.frame_size or 1024
            resampler = av.AudioResampler(format=track.format.name, layout="mono", rate=rate, frame_size=size)
            frame = av.AudioFrame.from_ndarray(sound(rate)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, 0
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(track.encode(part))
            out.mux(track.encode(None))
    except (av.error.FFmpegError, ValueError):
        return None
    data = target.getvalue() if seekable else target.content.getvalue()
    return Case(data, rate) if len(data) > 1000 else None


def alike(found, wanted):
    """Return by how many samples `found` is late, and how well it agrees there."""
    size = 1 << (found.size + wanted.size).bit_length()
    crossed = np.fft.irfft(np.fft.rfft(found, size) * np.conj(np.fft.rfft(wanted, size)), size)
    lag = int(np.argmax(crossed))
    lag -= size if lag > size // 2 else 0
    a, b = wanted[max(0, -lag) :], found[max(0, lag) :]
    length = min(a.size, b.size)
    return lag, float(np.corrcoef(a[:length], b[:length])[0, 1])


@pytest.mark.parametrize("seekable", [True, False], ids=["file", "pipe"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_sound_comes_back_whole_from_every_container(tmp_path, container, seekable):
    tried = 0
    for codec in CODECS:
        case = encode(container, codec, seekable=seekable)
        if case is None or (container, codec) in UNREADABLE:
            continue
        path = tmp_path / f"{codec}.bin"
        path.write_bytes(case.data)
        where = f"{codec} in {container}"
        try:
            audio = load_audio(path)
        except Unmeasurable:
            continue  # what PyAV itself cannot open has its reason; it is not cut short
        tried += 1
        assert audio.sample_rate == case.rate, where
        wanted = sound(case.rate)
        more = audio.samples.shape[1] - wanted.size
        lag, agreement = alike(audio.samples[0], wanted)
        assert agreement > 0.9, where
        assert 0 <= lag <= PRIMING.get(codec, 0), (where, lag)
        assert 0 <= more <= PRIMING.get(codec, 0) + BLOCK.get(codec, 0), (where, more)
        if codec in LOSSLESS or (seekable and (container, codec) in SAYS):
            assert (lag, more) == (0, 0), where
        if codec in LOSSLESS:
            np.testing.assert_allclose(audio.samples[0], wanted, atol=2**-15, err_msg=where)
        assert probe(path).has_audio
    assert tried or not seekable or container == "psp"


BROKEN_OFF = {
    "adts": "aac", "mp3": "libmp3lame", "ogg": "libopus", "opus": "libopus", "webm": "libopus", "mp4": "aac",
    "matroska": "aac", "flac": "flac", "wav": "pcm_s16le", "aiff": "pcm_s16be", "w64": "pcm_s16le",
}  # fmt: skip


@pytest.mark.parametrize(("container", "codec"), BROKEN_OFF.items())
@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_what_breaks_off_is_called_truncated(tmp_path, container, codec, share):
    for seekable in (True, False):
        case = encode(container, codec, seekable=seekable)
        if case is None or (not seekable and codec.startswith("pcm")):
            continue  # nobody can know where PCM from a pipe was to end
        path = tmp_path / f"cut.{container}"
        path.write_bytes(case.data[: int(len(case.data) * share)])
        with pytest.raises(Unmeasurable, match=r"truncated|not readable"):
            load_audio(path)


# Headers that lie


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_the_size_that_a_writer_to_a_pipe_leaves_in_a_wav_is_none(tmp_path, size):
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(16000), 16000)
    whole = load_audio(path).samples
    data = bytearray(path.read_bytes())
    data[4:8], data[40:44] = min(size + 36, 2**32 - 1).to_bytes(4, "little"), size.to_bytes(4, "little")
    path.write_bytes(data)
    np.testing.assert_array_equal(load_audio(path).samples, whole)


def test_a_wav_without_sound_does_not_read_its_next_chunk(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(0), 16000)
    path.write_bytes(path.read_bytes() + b"LIST\x04\0\0\0INFO")
    with pytest.raises(Unmeasurable, match="no samples"):
        load_audio(path)


@pytest.mark.parametrize(("offset", "value"), [(28, b"\0\0\0\0"), (32, b"\0\0"), (32, b"\7\0"), (34, b"\x0c\0")])
def test_a_wav_with_a_damaged_header_is_as_long_as_it_is(tmp_path, offset, value):
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(16000), 16000)
    data = bytearray(path.read_bytes())
    data[offset : offset + len(value)] = value
    path.write_bytes(data)
    assert load_audio(path).samples.shape == (1, round(SECONDS * 16000))


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32"])
def test_codecs_that_libsndfile_cannot_read_to_the_end(tmp_path, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(8000), 8000, subtype=subtype)
    assert load_audio(path).seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("total", [0, 100, 8000])
def test_a_flac_is_read_to_its_end_whatever_total_it_states(tmp_path, total):
    path = _flac_with_total(tmp_path / "a.flac", total)
    assert load_audio(path).samples.shape == (1, round(SECONDS * 16000))


@pytest.mark.parametrize("total", [30000, 0x7FFFF000, 2**36 - 1])
def test_a_flac_that_states_more_than_there_is_is_called_truncated(tmp_path, total):
    path = _flac_with_total(tmp_path / "a.flac", total)
    with pytest.raises(Unmeasurable, match=r"a\.flac: truncated: 1\.21 s of the declared"):
        load_audio(path)


def _flac_with_total(path, total):
    soundfile.write(path, sound(16000), 16000)
    data = bytearray(path.read_bytes())
    data[21] = data[21] & 0xF0 | total >> 32
    data[22:26] = (total & 0xFFFFFFFF).to_bytes(4)
    path.write_bytes(data)
    return path


# Sounds that were joined


def _written(**options):
    target = io.BytesIO()
    rate = options.pop("rate", 44100)
    soundfile.write(target, sound(rate), rate, **options)
    return target.getvalue()


def test_a_short_ogg_whose_only_page_is_its_last(tmp_path):
    soundfile.write(tmp_path / "a.ogg", sound(16000)[:3200], 16000)
    assert load_audio(tmp_path / "a.ogg").samples.shape == (1, 3200)


@pytest.mark.parametrize("options", [{"format": "MP3"}, {"format": "OGG"}], ids=["mp3", "vorbis"])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_joined_files_are_as_long_as_their_parts(tmp_path, options, times):
    path = tmp_path / "joined.bin"
    path.write_bytes(_written(**options) * times)
    audio = load_audio(path)
    length = round(SECONDS * 44100)
    assert audio.samples.shape == (1, times * length)
    for index in range(times):
        assert alike(audio.samples[0, index * length : (index + 1) * length], sound(44100))[0] == 0
    assert probe(path).seconds == pytest.approx(times * SECONDS, abs=0.06 * times)


@pytest.mark.parametrize("form", ["MP3", "OGG"])
def test_parts_of_another_rate_or_channels_are_brought_to_the_first(tmp_path, form):
    path = tmp_path / "joined.bin"
    path.write_bytes(_written(format=form, rate=44100) + _written(format=form, rate=32000))
    audio = load_audio(path)
    length = round(SECONDS * 44100)
    assert audio.sample_rate == 44100
    assert abs(audio.samples.shape[1] - 2 * length) <= 2
    assert alike(audio.samples[0, length:], sound(44100))[0] in {-1, 0, 1}
    stereo = io.BytesIO()
    soundfile.write(stereo, np.stack([sound(44100)] * 2, axis=1), 44100, format=form)
    path.write_bytes(stereo.getvalue() + _written(format=form))
    assert load_audio(path).samples.shape == (2, 2 * length)


def _mp3_with_count(count, size=None):
    data = bytearray(_written(format="MP3"))
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert at > 0
    data[at + 8 : at + 12] = count.to_bytes(4)
    if size is not None:
        data[at + 12 : at + 16] = size.to_bytes(4)
    return bytes(data)


@pytest.mark.parametrize("count", [0, 3, 20, 400])
def test_an_mp3_is_read_to_its_end_whatever_its_header_counts(tmp_path, count):
    path = tmp_path / "a.mp3"
    path.write_bytes(_mp3_with_count(count))
    audio = load_audio(path)
    assert SECONDS <= audio.seconds < SECONDS + 0.06
    assert alike(audio.samples[0], sound(44100))[0] == 0


def test_tags_and_garbage_in_an_mp3_are_no_sound(tmp_path):
    path = tmp_path / "a.mp3"
    whole = _written(format="MP3")
    id3 = b"ID3\x04\0\0\0\0\x02\x00" + bytes(256)
    path.write_bytes(id3 + whole + b"TAG" + bytes(125) + id3 + whole + b"TAG" + bytes(125))
    assert load_audio(path).samples.shape == (1, 2 * round(SECONDS * 44100))


def test_a_stream_of_which_packets_are_lost_keeps_its_time(tmp_path):
    case = encode("matroska", "libmp3lame", seekable=True)
    target = io.BytesIO()
    with av.open(io.BytesIO(case.data)) as source, av.open(target, "w", format="matroska") as out:
        copy = out.add_stream_from_template(source.streams.audio[0])
        for index, packet in enumerate(source.demux()):
            if packet.dts is not None and index not in {20, 21, 22, 23, 24, 25}:
                packet.stream = copy
                out.mux(packet)
    path = tmp_path / "holes.mkv"
    path.write_bytes(target.getvalue())
    audio = load_audio(path)
    assert alike(audio.samples[0, 40000:], sound(48000)[40000:])[0] in range(-96, 97)


def test_a_hole_of_an_hour_is_no_sound(tmp_path):
    target = io.BytesIO()
    case = encode("matroska", "aac", seekable=True)
    with av.open(io.BytesIO(case.data)) as source, av.open(target, "w", format="matroska") as out:
        copy = out.add_stream_from_template(source.streams.audio[0])
        for index, packet in enumerate(source.demux()):
            if packet.dts is not None:
                late = 3600 / packet.time_base if index > 20 else 0
                packet.pts, packet.dts, packet.stream = packet.pts + int(late), packet.dts + int(late), copy
                out.mux(packet)
    (tmp_path / "gap.mkv").write_bytes(target.getvalue())
    with pytest.raises(Unmeasurable, match=r"gap\.mkv: a hole of 3600 s in its sound"):
        load_audio(tmp_path / "gap.mkv")


def test_only_what_is_asked_for_is_decoded(tmp_path):
    """A stretch that is whole is read although the file breaks off behind it."""
    case = encode("adts", "aac", seekable=True)
    path = tmp_path / "cut.aac"
    path.write_bytes(case.data[: len(case.data) * 2 // 3])
    assert load_audio(path, 0.1, 0.3).samples.shape == (1, round(0.3 * case.rate))
    with pytest.raises(Unmeasurable, match="truncated"):
        load_audio(path)
