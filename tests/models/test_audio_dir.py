"""A folder of finished sound: every file is found by its clip's id and by nothing else."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import soundfile

from vsseval.errors import UsageError
from vsseval.media import write_mp4
from vsseval.models.audio_dir import audio_dir
from vsseval.models.base import ModelOptions
from vsseval.stages.validate_output import validate_output
from vsseval.types import Request


def sound(path, rate=16000, seconds=0.2, channels=1, **options):
    samples = 0.1 * np.random.default_rng(0).standard_normal((round(rate * seconds), channels))
    soundfile.write(path, samples, rate, **options)
    return path


def model(folder):
    return audio_dir(ModelOptions(argument=str(folder)))


def outputs(of, *ids):
    return {output.id: output for output in of.generate([Request(id=clip, duration=1.0, seed=0) for clip in ids])}


@pytest.mark.parametrize(("name", "options"), [
    ("a.wav", {}), ("a.WAV", {}), ("a.flac", {}), ("a.Mp3", {"format": "MP3"}), ("a.ogg", {"format": "OGG"}),
    ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
])  # fmt: skip
def test_every_kind_of_file_is_read(tmp_path, name, options):
    sound(tmp_path / name, **options)
    output = outputs(model(tmp_path), "a")["a"]
    assert (output.error, output.sample_rate, output.samples.shape[0]) == (None, 16000, 1)
    assert output.samples.shape[1] == pytest.approx(3200, abs=2)


def test_the_sound_of_a_video_counts(tmp_path):
    write_mp4(tmp_path / "a.mp4", np.zeros((5, 16, 16, 3), np.uint8), 25, np.full(3200, 0.1), 16000)
    assert outputs(model(tmp_path), "a")["a"].samples.shape == (1, 3200)


def test_much_more_than_the_clip_is_not_decoded_and_cut_off_with_a_note(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros(8000 * 120), 8000)
    soundfile.write(tmp_path / "b.flac", np.zeros(8000 * 12), 8000)
    found = outputs(model(tmp_path), "a", "b")
    assert found["a"].samples.shape == (1, round(8000 * 12.5))
    request = Request(id="a", duration=1.0, seed=0)
    long, whole = (validate_output(found[clip], request) for clip in "ab")
    assert (long.samples.shape, long.note) == (
        (1, 8000 * 12), "12.00 s long, and longer: the rest is cut off, 1.00 s were asked for",
    )  # fmt: skip
    assert (whole.samples.shape, whole.note) == ((1, 8000 * 12), "12.00 s long, 1.00 s were asked for")


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (96000, 1), (44100, 2)])
def test_rate_and_channels_are_those_of_the_file(tmp_path, rate, channels):
    sound(tmp_path / "a.wav", rate, 0.5, channels)
    output = outputs(model(tmp_path), "a")["a"]
    assert (output.sample_rate, output.samples.shape) == (rate, (channels, rate // 2))


def test_silent_and_very_short_sound_is_passed_on(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16000), 16000)
    sound(tmp_path / "short.wav", seconds=0.01)
    found = outputs(model(tmp_path), "silent", "short")
    assert not found["silent"].samples.any()
    assert found["short"].samples.shape == (1, 160)


def test_a_clip_without_a_file_is_missing_and_one_with_a_bad_file_has_failed(tmp_path):
    sound(tmp_path / "good.wav")
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "nan.wav", np.full(9, np.nan, np.float32), 16000, subtype="FLOAT")
    sound(tmp_path / "twice.wav")
    sound(tmp_path / "twice.flac")
    (tmp_path / "broken.mp3").write_bytes(b"not sound")
    found = outputs(model(tmp_path), "good", "gone", "empty", "nan", "twice", "broken")
    assert {clip: (output.error is None, output.missing) for clip, output in found.items()} == {
        "good": (True, False), "gone": (False, True), "empty": (False, False),
        "nan": (False, False), "twice": (False, False), "broken": (False, False),
    }  # fmt: skip
    assert "no file named 'gone'" in found["gone"].error
    assert "0 bytes" in found["empty"].error
    assert "twice.flac" in found["twice"].error
    assert "twice.wav" in found["twice"].error


def test_names_are_matched_exactly_or_percent_encoded(tmp_path):
    for name in ("a.b.wav", "mit Leer zeichen ä.wav", "what%3F.wav", "50%25.wav", "Upper.wav", "x_gen.wav"):
        sound(tmp_path / name)
    found = outputs(model(tmp_path), "a.b", "mit Leer zeichen ä", "what?", "50%", "50%25", "upper", "a", "x")
    assert [clip for clip, output in found.items() if output.missing] == ["upper", "a", "x"]
    assert all(output.error is None for output in found.values() if not output.missing)


def test_an_exact_name_goes_before_an_encoded_one(tmp_path):
    sound(tmp_path / "a%20b.wav", rate=8000)
    sound(tmp_path / "a b.wav", rate=16000)
    assert outputs(model(tmp_path), "a b")["a b"].sample_rate == 16000


def test_what_is_no_sound_is_left_alone(tmp_path):
    sound(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("notes")
    (tmp_path / "._a.wav").write_bytes(b"junk")
    (tmp_path / "a.mp3").mkdir()
    assert outputs(model(tmp_path), "a")["a"].error is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["._a.wav", "a.mp3", "a.txt", "a.wav"]


def test_unused_files_are_counted_where_clips_are_missing(tmp_path, caplog):
    for name in ("a.wav", "b_out.wav", "c_out.wav"):
        sound(tmp_path / name)
    with caplog.at_level(logging.WARNING, "vsseval"):
        outputs(model(tmp_path), "a")
        assert not caplog.records
        outputs(model(tmp_path), "a", "b")
    (record,) = caplog.records
    assert "1 of 2 clips have no file" in record.getMessage()
    assert "2 of its files belong to no clip so far (b_out.wav, c_out.wav)" in record.getMessage()


def test_the_card_follows_names_and_contents(tmp_path):
    sound(tmp_path / "a.wav")
    first = model(tmp_path).card
    assert first.name == f"audio:{tmp_path.name}"
    assert len(first.weights) == 64
    (tmp_path / "notes.txt").write_text("no sound")
    assert model(tmp_path).card == first
    (tmp_path / "a.wav").rename(tmp_path / "b.wav")
    renamed = model(tmp_path).card.weights
    sound(tmp_path / "b.wav", seconds=0.3)
    assert len({first.weights, renamed, model(tmp_path).card.weights}) == 3


@pytest.mark.parametrize(("argument", "reason"), [
    (None, "needs a folder"), ("", "needs a folder"), ("gone", "does not exist"), ("file", "is not a folder"),
    ("nothing", "holds no sound"),
])  # fmt: skip
def test_a_wrong_folder_is_told_with_an_example(tmp_path, monkeypatch, argument, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UsageError, match=reason) as caught:
        audio_dir(ModelOptions(argument=argument))
    assert "--model audio:" in str(caught.value)
