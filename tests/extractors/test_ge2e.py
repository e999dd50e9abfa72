"""The speaker encoder equals the original, and says what it cannot read."""

import hashlib
import json
from importlib import resources

import numpy as np
import pytest

from support import build_plugins, goldens
from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.extractors import ge2e
from vsseval.media import Audio
from vsseval.weights import shipped as weights

CASES = json.loads(goldens.file("ge2e.json").read_text())["cases"]


def wave(seed, n, gain):
    """Harmonics of a gliding pitch with random strengths, slowly swelling, in a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 16000
    f0 = 90 + 60 * rng.random() + 20 * np.sin(2 * np.pi * (1 + rng.random()) * t)
    phase = 2 * np.pi * np.cumsum(f0) / 16000
    x = sum(rng.random() / k * np.sin(k * phase + 6.28 * rng.random()) for k in range(1, 25))
    x = x * (0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * t + seed)) + 0.02 * rng.standard_normal(n)
    return (gain * x / np.abs(x).max()).astype(np.float32)


@pytest.fixture(scope="module")
def encoder():
    return build_plugins.build_extractor("ge2e")


def embed(encoder, samples, rate=16_000):
    return encoder.extract(Audio(samples, rate))["embedding"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['samples']}-at-{case['gain']}")
def test_equals_resemblyzer_without_its_silence_trimming(encoder, case):
    ours = embed(encoder, wave(case["seed"], case["samples"], case["gain"]))
    theirs = np.array(case["embedding"])
    assert ours @ theirs / np.linalg.norm(theirs) >= 0.99999
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_unit_length_and_no_negative_component(encoder):
    vector = embed(encoder, wave(9, 40_000, 0.5))
    assert vector.shape == (256,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert (vector >= 0).all()


def test_same_file_has_similarity_one_and_quiet_is_raised(encoder):
    samples = wave(3, 30_000, 0.02)
    first, second = ({"embedding": embed(encoder, samples * gain)} for gain in (1.0, 0.5))
    assert build_plugins.build_metric("spk_sim@ge2e").score(first, first).value == pytest.approx(1, abs=1e-6)
    assert build_plugins.build_metric("spk_sim@ge2e").score(first, second).value == pytest.approx(1, abs=1e-5)


def test_nothing_is_carried_over(encoder):
    samples = wave(4, 30_000, 0.5)
    before = embed(encoder, samples)
    embed(encoder, wave(5, 50_000, 0.9))
    assert (embed(encoder, samples) == before).all()


def test_silence_and_scraps_are_unmeasurable(encoder):
    with pytest.raises(Unmeasurable, match="silent"):
        embed(encoder, np.zeros(32_000))
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.4 s"):
        embed(encoder, wave(1, 6_000, 0.5))
    with pytest.raises(TypeError):
        encoder.extract("speech")


def test_the_weights_are_the_pinned_ones(tmp_path):
    file = resources.files(weights) / "ge2e.safetensors"
    assert (
        hashlib.sha256(file.read_bytes()).hexdigest()
        == ge2e.WEIGHTS
        == build_plugins.build_extractor("ge2e").spec.weights
    )
    with pytest.raises(EnvironmentFault, match="damaged or replaced"):
        weights.load("ge2e.safetensors", "0" * 64)
    with pytest.raises(EnvironmentFault, match="missing"):
        weights.load("nothing.safetensors", "0" * 64)
