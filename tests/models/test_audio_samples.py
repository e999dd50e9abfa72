"""`audio:DIR` with several samples of a clip: `<id>_0`, `<id>_1`, …, and nothing that is another clip's own."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import soundfile

from vsseval.models.audio_dir import audio_dir
from vsseval.models.base import FinishedSound, ModelOptions
from vsseval.types import Request


def folder(path, *names):
    """Write sounds that are told apart by their length: the n-th has n + 1 hundred samples."""
    for place, name in enumerate(names):
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(target, np.full(100 * (place + 1), 0.1), 8000)
    return path


def model(path, *clips):
    made = audio_dir(ModelOptions(argument=str(path)))
    assert isinstance(made, FinishedSound)
    return made.of_clips(clips)


def lengths(of, clip, samples):
    """Return the length of each sample of a clip; None where it is missing."""
    outputs = [*of.generate([Request(id=clip, duration=1.0, seed=0, sample=sample) for sample in range(samples)])]
    assert all(output.missing == (output.samples is None) for output in outputs)
    return [None if output.samples is None else output.samples.shape[-1] for output in outputs]


def test_numbered_files_are_samples(tmp_path):
    found = model(folder(tmp_path, "a_0.wav", "a_1.wav", "b_0.wav", "b_1.wav"), "a", "b")
    assert found.samples == 2
    assert (lengths(found, "a", 2), lengths(found, "b", 2)) == ([100, 200], [300, 400])


def test_a_file_of_the_clips_own_name_is_the_only_one(tmp_path):
    found = model(folder(tmp_path, "a.wav", "a_0.wav", "a_1.wav"), "a")
    assert found.samples == 1
    assert lengths(found, "a", 1) == [100]


def test_a_file_of_another_clips_name_is_no_sample(tmp_path):
    found = model(folder(tmp_path, "a_0.wav", "a_1.wav", "b.wav"), "a", "a_0", "a_1", "b")
    assert found.samples == 1
    assert [lengths(found, clip, 1) for clip in ("a", "a_0", "a_1", "b")] == [[None], [100], [200], [300]]


def test_samples_of_a_clip_that_ends_in_a_number_itself(tmp_path):
    found = model(folder(tmp_path, "a_0_0.wav", "a_0_1.wav", "a_1_0.wav", "a_1_1.wav"), "a_0", "a_1")
    assert found.samples == 2
    assert (lengths(found, "a_0", 2), lengths(found, "a_1", 2)) == ([100, 200], [300, 400])


def test_numbers_have_no_gap_and_begin_with_0(tmp_path):
    found = model(folder(tmp_path, "a_0.wav", "a_2.wav", "b_1.wav", "c_2019.wav"), "a", "b", "c")
    assert found.samples == 1
    assert [lengths(found, clip, 1) for clip in "abc"] == [[100], [None], [None]]


def test_most_clips_say_how_many_samples_there_are_and_the_others_are_told(tmp_path, caplog):
    names = [f"{clip}_{number}.wav" for clip in "abc" for number in range(2)]
    found = model(folder(tmp_path, *names, "d.wav", "e_0.wav", "e_1.wav", "e_2.wav"), *"abcdef")
    assert found.samples == 2
    with caplog.at_level(logging.WARNING, logger="vsseval"):
        assert lengths(found, "e", 2) == [800, 900]
    assert "1 clips have more samples" in caplog.text
    (output,) = found.generate([Request(id="d", duration=1.0, seed=0, sample=1)])
    assert (output.missing, output.error) == (True, f"only 1 of 2 samples of 'd' in {tmp_path}")
    (output,) = found.generate([Request(id="f", duration=1.0, seed=0, sample=1)])
    assert output.error == f"no file named 'f' in {tmp_path}"


@pytest.mark.parametrize("names", [("day/a_0.wav", "day/a_1.wav"), ("day__a_0.wav", "day__a_1.wav")])
def test_samples_are_found_in_folders_as_sounds_are(tmp_path, names):
    assert lengths(model(folder(tmp_path, *names), "day__a"), "day__a", 2) == [100, 200]


def test_names_of_samples_are_percent_decoded_too(tmp_path):
    assert lengths(model(folder(tmp_path, "a%3Fb_0.wav", "a%3Fb_1.wav"), "a?b"), "a?b", 2) == [100, 200]


def test_without_the_clips_of_a_benchmark_nothing_is_a_sample(tmp_path):
    bare = audio_dir(ModelOptions(argument=str(folder(tmp_path, "a_0.wav", "a_1.wav"))))
    assert (bare.samples, lengths(bare, "a", 1)) == (1, [None])
