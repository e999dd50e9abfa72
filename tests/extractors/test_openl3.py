"""OpenL3 against torchopenl3's numbers, with seeded weights, and what it makes of sound that is not as it should be."""

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_metric_weights import error, listed, put, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.openl3 import OpenL3Embeddings, sixteen_bit
from vsseval.media import Audio
from vsseval.networks.openl3 import RATE, seconds
from vsseval.networks.spectrum import mel_filters
from vsseval.plugins import load

GOLDEN = goldens.read(goldens.file("metrics/openl3_a.npz"))
W8, W10 = waves()["w8"], waves()["w10"]
SOUNDS = {
    "mono48k": ("soundreactor", Audio(W8[:60_000], 48_000)),
    "loud48k": ("soundreactor", Audio(4 * W10[:30_000], 48_000)),
    "stereo44k": ("stableaudio", Audio(np.stack([W8[:40_000], W10[:40_000]]), 44_100)),
    "mono32k": ("stableaudio", Audio(W8[:30_000], 32_000)),
}


def tables():
    """The Fourier and mel tables that torchopenl3 builds; filters sum to 1, as librosa's `norm=1` makes them."""
    angles = np.outer(np.arange(1025) * 2 * np.pi / 2048, np.arange(2048))
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)).astype(np.float32)
    mel = mel_filters(48_000, 2048, 256, 0.0, 24_000.0, "htk").T
    made = {
        "dft_real_kernels": (np.cos(angles) * hann)[:, None],
        "dft_imag_kernels": (-np.sin(angles) * hann)[:, None],
        "mel_basis": mel / np.maximum(mel.sum(axis=1, keepdims=True), 1e-30),
    }
    return {f"speclayer.{key}": torch.from_numpy(value.astype(np.float32)) for key, value in made.items()}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return put(tmp_path_factory.mktemp("weights"), "openl3", listed("openl3", GOLDEN.meta["gain"], tables()))


@pytest.fixture(scope="module")
def extractors(weights):
    return {name: OpenL3Embeddings(weights, f"openl3_{name}", name) for name in ("soundreactor", "stableaudio")}


@pytest.mark.parametrize("name", SOUNDS)
def test_embeddings_are_the_originals(extractors, name):
    whose, sound = SOUNDS[name]
    found = extractors[whose].extract(sound)["seconds"]
    assert found.dtype == np.float32
    # above 16 kHz, 32 kHz sound brought to 44.1 kHz holds nothing but the rounding of its gain, and that is heard
    assert error(found, GOLDEN.arrays[name]) < (2e-3 if name == "mono32k" else 2e-4)


def test_the_spectrogram_is_the_originals(extractors):
    with torch.inference_mode():
        heard = extractors["soundreactor"].network.speclayer(torch.from_numpy(seconds(W8[:60_000], 0.5)))
    known = GOLDEN.arrays["decibels"]
    found = heard[:2, ::9, ::13].numpy()
    np.testing.assert_allclose(found[known > -60], known[known > -60], rtol=0, atol=2e-3)
    # a millionth of the loudest: there the logarithm shows the last bits of a product of matrices
    np.testing.assert_allclose(found, known, rtol=0, atol=1e-2)


def test_sound_of_one_channel_is_both_sides(extractors):
    sound = Audio(W8[:7_000], 16_000)
    mono = extractors["stableaudio"].extract(sound)["seconds"]
    assert mono.shape == (1, 1024)
    np.testing.assert_array_equal(mono[:, :512], mono[:, 512:])


def test_gain_counts_for_one_evaluator_alone(extractors):
    short = Audio(W8[:20_000], 48_000)
    apart = {name: error(*(extractor.extract(Audio(short.samples / gain, 48_000))["seconds"] for gain in (1, 64)))
             for name, extractor in extractors.items()}  # fmt: skip
    assert apart["stableaudio"] == 0
    assert apart["soundreactor"] > 1e-3


@pytest.mark.parametrize(("samples", "parts"), [
    (1, 1), (24_000, 1), (24_001, 2), (48_000, 2), (48_001, 3), (480_000, 20),
])  # fmt: skip
def test_seconds_begin_before_the_sound_and_end_after_it(samples, parts):
    found = seconds(np.ones(samples), 0.5)
    assert found.shape == (parts, RATE)
    assert not found[0, :24_000].any()
    assert found[0, 24_000] == 1
    assert found[-1].any()


def test_sixteen_bits_are_cut_towards_zero():
    assert sixteen_bit(np.array([0.99 / 32_767, -0.99 / 32_767, 1.5, -2, 0.5])).tolist() == [
        0, 0, 1, -1, np.float32(16_383) / np.float32(32_767),
    ]  # fmt: skip


def test_what_cannot_be_heard_has_a_reason(extractors, weights):
    for extractor in extractors.values():
        with pytest.raises(Unmeasurable, match="no samples"):
            extractor.extract(Audio(np.zeros(0), 16_000))
        with pytest.raises(TypeError, match="takes audio"):
            extractor.extract("words")
    with pytest.raises(Unmeasurable, match="its peak cannot be brought to a level"):
        extractors["stableaudio"].extract(Audio(np.zeros(16_000), 16_000))
    other = put(weights.folder, "other", {"cls_token": torch.zeros(3)})
    with pytest.raises(UsageError, match=r"does not hold the weights of OpenL3 .*missing"):
        OpenL3Embeddings(other, "openl3_soundreactor", "soundreactor").extract(SOUNDS["mono48k"][1])


def test_missing_weights_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull openl3"):
        load("extractors", "openl3_soundreactor")()
