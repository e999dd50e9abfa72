"""Melception against torchvision's Inception v3 changed as its makers change it, and what it makes of odd input."""

import numpy as np
import pytest
import torch

from support import build_plugins
from support.seeded_metric_weights import KAIMING, error, golden, listed, waves
from vsseval.errors import MissingWeights, UsageError
from vsseval.extractors.melception import CHECKPOINT, RATE, STATISTICS, MelceptionExtractor, spectrogram
from vsseval.media import Audio
from vsseval.weights.find import Weights

GOLDEN, META = golden("melception")
BAND = np.arange(80)


def weights(folder, state=None, statistics=None):
    table = np.stack([0.3 + 0.002 * BAND, 0.15 + 0.001 * BAND], axis=1)
    torch.save({"model": listed("melception", KAIMING) if state is None else state}, folder / CHECKPOINT)
    np.savetxt(folder / STATISTICS, table if statistics is None else statistics)
    return Weights(name="melception", folder=folder, files=(CHECKPOINT, STATISTICS), sha256="0" * 64)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return MelceptionExtractor(weights(tmp_path_factory.mktemp("weights")))


@pytest.mark.parametrize("name", ["w8", "w10"])
def test_spectrograms_are_the_originals(name):
    found = spectrogram(waves()[name])
    assert found.shape == (80, 860)
    np.testing.assert_allclose(found[:, ::43], GOLDEN[f"spec_{name}"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["w8", "w10"])
def test_outputs_are_the_originals(extractor, name):
    found = extractor.extract(Audio(waves()[name], RATE))
    assert error(found["embedding"], GOLDEN[f"embedding_{name}"]) < 1e-5
    assert error(found["logits_unbiased"], GOLDEN[f"unbiased_{name}"]) < 1e-5
    assert error(found["logits"], GOLDEN[f"logits_{name}"]) < 1e-5


def test_sound_is_cut_or_filled_up_to_ten_seconds():
    noise = np.random.default_rng(0).normal(0, 0.1, 12 * RATE).astype(np.float32)
    assert np.array_equal(spectrogram(noise), spectrogram(noise[: 10 * RATE]))
    assert not spectrogram(noise[: 2 * RATE])[:, 400:].any()
    assert spectrogram(np.zeros(0, np.float32)).shape == (80, 860)


def test_stereo_is_mixed_and_silence_is_a_sound(extractor):
    wave = waves()["w8"]
    alone = extractor.prepare(Audio(wave, RATE)).tensor
    assert torch.equal(extractor.prepare(Audio(np.stack([wave, wave]), RATE)).tensor, alone)
    assert np.isfinite(extractor.extract(Audio(np.zeros(RATE), RATE))["embedding"]).all()


def test_weights_of_another_network_are_refused(tmp_path):
    with pytest.raises(UsageError, match="does not hold the weights of Melception"):
        MelceptionExtractor(weights(tmp_path, {"fc.weight": torch.zeros(309, 2048)})).build()


@pytest.mark.parametrize("statistics", [np.ones((79, 2)), np.zeros((80, 2)), np.full((80, 2), np.nan)])
def test_statistics_that_are_none_are_refused(tmp_path, statistics):
    with pytest.raises(UsageError, match="mean and deviation of 80 bands"):
        MelceptionExtractor(weights(tmp_path, {}, statistics)).prepare(Audio(np.zeros(RATE), RATE))


def test_absent_weights_say_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull melception"):
        build_plugins.build_extractor("melception")
