"""Other sound for a video: pictures copied where the container allows, sound as AAC; WAV files."""

import av
import numpy as np
import pytest
import soundfile

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import dub, load_audio, probe, write_mp4, write_wav


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("dub") / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (25, 64, 80, 3), dtype=np.uint8)
    write_mp4(path, frames, 25, tone(1.0, 300), 16000)
    return path


def tone(seconds, pitch):
    return 0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * 16000)) / 16000)


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]


def pitch(path):
    sound = load_audio(path).mono(16000)
    return np.abs(np.fft.rfft(sound)).argmax() / len(sound) * 16000


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_pictures_are_copied_and_the_sound_replaced(video, tmp_path, suffix):
    target = tmp_path / f"out{suffix}"
    dub(video, target, tone(1.0, 1000), 16000)
    assert packets(target) == packets(video)
    found = probe(target)
    assert found.has_audio
    assert found.seconds == pytest.approx(1.0, abs=0.05)
    assert pitch(target) == pytest.approx(1000, abs=5)
    assert pitch(video) == pytest.approx(300, abs=5)


def test_the_length_of_the_sound_is_kept(video, tmp_path):
    dub(video, tmp_path / "out.mp4", tone(1.0, 1000), 16000)
    assert load_audio(tmp_path / "out.mp4").seconds == pytest.approx(1.0, abs=0.002)


def test_codecs_that_a_player_does_not_know_are_encoded_anew(video, tmp_path):
    dub(video, tmp_path / "out.mp4", tone(1.0, 1000), 16000, codecs=("vp9",))
    assert packets(tmp_path / "out.mp4") != packets(video)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in container.decode(video=0)) == 25


def test_what_is_no_video_or_no_sound_is_named(video, tmp_path):
    (tmp_path / "text.mp4").write_text("text")
    with pytest.raises(Unmeasurable, match=r"text\.mp4"):
        dub(tmp_path / "text.mp4", tmp_path / "out.mp4", tone(1.0, 1000), 16000)
    with pytest.raises(Unmeasurable, match="NaN"):
        dub(video, tmp_path / "out.mp4", np.full(100, np.nan), 16000)
    with pytest.raises(EnvironmentFault, match="cannot write"):
        dub(video, tmp_path / "nowhere" / "out.mp4", tone(1.0, 1000), 16000)
    assert not (tmp_path / "out.mp4").exists()


def test_wav_holds_16_bits_and_what_exceeds_them_is_clipped(tmp_path):
    write_wav(tmp_path / "out.wav", np.array([0.0, 0.5, 2.0, -2.0]), 16000)
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (16000, 1, "PCM_16", 4)
    assert soundfile.read(tmp_path / "out.wav")[0] == pytest.approx([0.0, 0.5, 1.0, -1.0], abs=1e-4)
    with pytest.raises(Unmeasurable, match="no samples"):
        write_wav(tmp_path / "none.wav", np.zeros(0), 16000)
