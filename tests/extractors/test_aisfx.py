"""The sound-effects network against the original's numbers, and what it makes of sound that is not as it should be."""

import hashlib
from importlib import resources

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import error, waves
from vsseval.errors import Unmeasurable
from vsseval.extractors.aisfx import HOP, WEIGHTS
from vsseval.media import Audio
from vsseval.networks import aisfx
from vsseval.weights import shipped


@pytest.fixture(scope="module", params=goldens.files("metrics/aisfx_*.npz"), ids=goldens.name)
def golden(request):
    return goldens.read(request.param)


@pytest.fixture(scope="module")
def extractor():
    return build_plugins.build_extractor("aisfx")


@pytest.fixture(scope="module", params=["w8", "w10"])
def heard(request, golden, extractor):
    """A wave's spectrogram, and what the network makes of its windows."""
    frames = aisfx.log_mel(waves(golden.part)[request.param])
    with torch.inference_mode():
        outputs = extractor.network(torch.from_numpy(aisfx.windows(frames, HOP)))
    theirs = {key.removeprefix(f"{request.param}_"): value for key, value in golden.arrays.items()}
    return frames, [part.numpy() for part in outputs], theirs


def test_the_spectrogram_is_the_originals(heard):
    frames, _, theirs = heard
    assert frames.dtype == np.float32
    assert len(frames) == theirs["frames"]
    np.testing.assert_allclose(frames[::16], theirs["spectrogram"], rtol=0, atol=1e-5)


def test_the_network_is_the_originals_with_the_same_weights(heard):
    _, (embedding, logits), theirs = heard
    assert error(embedding, theirs["embedding_rounded"]) < 1e-5
    assert error(logits, theirs["logits_rounded"]) < 1e-5


def test_half_precision_of_the_weights_moves_little(heard):
    _, (embedding, logits), theirs = heard
    apart = np.linalg.norm(embedding - theirs["embedding_published"], axis=1)
    assert (apart < 2e-3 * np.linalg.norm(embedding, axis=1)).all()
    assert error(logits, theirs["logits_published"]) < 1e-2


def test_windows_are_whole_or_filled_up_with_silence():
    frames = np.arange(173 * aisfx.BANDS, dtype=np.float32).reshape(173, aisfx.BANDS)
    found = aisfx.windows(frames, 50)
    np.testing.assert_array_equal(found, np.stack([frames[:100], frames[50:150]]))
    (short,) = aisfx.windows(frames[:30], 50)
    np.testing.assert_array_equal(short[:30], frames[:30])
    assert not short[30:].any()


def test_a_clip_has_the_same_bits_alone_and_among_others(extractor):
    sounds = [Audio(waves()[name][: 16_000 * 3], 16_000) for name in ("w8", "w10")]
    together = extractor.extract_many([sounds[0], Audio(np.zeros(0), 16_000), sounds[1]])
    assert isinstance(together[1], Unmeasurable)
    for sound, found in zip(sounds, (together[0], together[2]), strict=True):
        alone = extractor.extract(sound)
        assert {key: value.shape for key, value in alone.items()} == {
            "windows": (1, 512),
            "embedding": (512,),
            "logits": (81,),
        }
        for key, value in alone.items():
            np.testing.assert_array_equal(value, found[key])


def test_what_lies_above_8_khz_is_not_heard(extractor):
    wave = waves()["w8"][: 16_000 * 3]
    whole = Audio(wave, 16_000)
    hiss = np.random.default_rng(0).standard_normal(44_100 * 3)
    above = np.fft.irfft(np.fft.rfft(hiss) * (np.fft.rfftfreq(hiss.size, 1 / 44_100) > 9_000))
    bright = Audio(whole.mono(44_100) + 0.05 * above, 44_100)
    a, b = (extractor.extract(sound)["windows"] for sound in (whole, bright))
    spectra = [aisfx.windows(aisfx.log_mel(sound.mono(aisfx.RATE)), HOP) for sound in (whole, bright)]
    with torch.inference_mode():
        at_once = [extractor.network(torch.from_numpy(one))[0].numpy() for one in spectra]
    assert np.linalg.norm(a - b) < 0.2 * np.linalg.norm(at_once[0] - at_once[1])


def test_silence_and_scraps_have_features_and_nothing_has_a_reason(extractor):
    for samples in (np.zeros(48_000), np.full(9, 0.1)):
        assert np.isfinite(extractor.extract(Audio(samples, 16_000))["embedding"]).all()
    with pytest.raises(Unmeasurable, match="no samples"):
        extractor.extract(Audio(np.zeros(0), 16_000))
    with pytest.raises(TypeError, match="aisfx takes audio"):
        extractor.extract("a dog barks")


def test_the_weights_are_the_pinned_ones(extractor):
    content = (resources.files(shipped) / "aisfx.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == WEIGHTS == extractor.spec.weights
