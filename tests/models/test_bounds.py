"""The bounds: what they give back is the recording, zeros or noise, of exactly the length that is asked for."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from vsseval.errors import UsageError
from vsseval.models import bounds
from vsseval.models.base import ModelOptions
from vsseval.types import Medium, Request

FACTORIES = {
    "reference": bounds.reference,
    "shuffled": bounds.shuffled,
    "silence": bounds.silence,
    "noise": bounds.noise,
}


def request(duration=1.0, seed=0, path=None, clip="a"):
    medium = Medium(path=path, sha256="0") if path else None
    return Request(id=clip, duration=duration, seed=seed, reference=medium)


def recording(path, seconds, rate, channels=1):
    samples = 0.1 * np.random.default_rng(0).standard_normal((round(seconds * rate), channels))
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return samples.astype(np.float32).T


@pytest.mark.parametrize(("name", "bound"), [
    ("reference", "own"), ("shuffled", "other"), ("silence", None), ("noise", None),
])  # fmt: skip
def test_cards_say_whose_reference_they_need(name, bound):
    card = FACTORIES[name](ModelOptions()).card
    assert (card.name, card.bound, card.weights) == (name, bound, "none")
    assert {"v2s", "vtts", "joint"} <= set(card.tasks)
    assert card.note


@pytest.mark.parametrize("name", FACTORIES)
def test_an_argument_is_refused(name):
    with pytest.raises(UsageError, match=f"--model {name}"):
        FACTORIES[name](ModelOptions(argument="loud"))


@pytest.mark.parametrize("rate", [8000, 16000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.0, 1.7])
@pytest.mark.parametrize("name", ["reference", "shuffled"])
def test_a_recording_is_cut_or_padded_to_the_request(tmp_path, name, seconds, channels, rate):
    sound = recording(tmp_path / "r.wav", seconds, rate, channels)
    (output,) = FACTORIES[name](ModelOptions()).generate([request(1.0, path=tmp_path / "r.wav")])
    kept = min(sound.shape[1], rate)
    assert (output.sample_rate, output.samples.shape, output.samples.dtype) == (rate, (channels, rate), np.float32)
    np.testing.assert_array_equal(output.samples[:, :kept], sound[:, :kept])
    assert not output.samples[:, kept:].any()


def test_a_clip_without_or_with_an_unreadable_reference_has_an_error_and_the_rest_goes_on(tmp_path):
    recording(tmp_path / "good.wav", 1, 16000)
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan, np.float32), 16000, subtype="FLOAT")
    paths = {"none": None, "gone": "gone.wav", "empty": "empty.wav", "nan": "nan.wav", "good": "good.wav"}
    requests = [request(clip=clip, path=name and tmp_path / name) for clip, name in paths.items()]
    outputs = {output.id: output for output in bounds.reference(ModelOptions()).generate(requests)}
    assert {clip: output.error is None for clip, output in outputs.items()} == {
        "none": False, "gone": False, "empty": False, "nan": False, "good": True,
    }  # fmt: skip
    assert "no reference" in outputs["none"].error
    assert "gone.wav: no such file" in outputs["gone"].error
    assert "100 of 100 samples" in outputs["nan"].error
    assert not any(output.missing for output in outputs.values())


def test_silence_is_zero():
    (output,) = bounds.silence(ModelOptions()).generate([request(2.5)])
    assert (output.samples.shape, output.samples.dtype, output.sample_rate) == ((40000,), np.float32, 16000)
    assert not output.samples.any()


def test_noise_is_white_and_of_minus_20_dbfs():
    (output,) = bounds.noise(ModelOptions()).generate([request(10.0)])
    samples = output.samples.astype(float)
    assert output.samples.dtype == np.float32
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-20, abs=0.1)
    assert abs(np.mean(samples)) < 1e-3
    assert abs(np.corrcoef(samples[1:], samples[:-1])[0, 1]) < 0.01
    assert np.abs(samples).max() <= 1


def test_noise_depends_on_the_seed_alone():
    batch = [request(seed=seed, clip=str(seed)) for seed in (3, 2**63 - 1, 1)]
    model = bounds.noise(ModelOptions())
    together = {output.id: output.samples for output in model.generate(batch)}
    alone = {one.id: next(iter(bounds.noise(ModelOptions()).generate([one]))).samples for one in batch}
    for clip, samples in together.items():
        np.testing.assert_array_equal(samples, alone[clip])
    assert not np.array_equal(together["1"], together["3"])


def test_noise_is_the_same_on_every_machine():
    (output,) = bounds.noise(ModelOptions()).generate([request(seed=7)])
    np.testing.assert_allclose(output.samples[:3], [0.15219693, -0.11441058, 0.11501616], rtol=1e-6)
