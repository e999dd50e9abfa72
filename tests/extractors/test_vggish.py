"""VGGish against the original's numbers, and what it makes of sound and weights that are not as they should be."""

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import KAIMING, error, listed, put, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.vggish import VGGish
from vsseval.media import Audio
from vsseval.networks.vggish import LEAST, VGGishNetwork, log_mel, patches


@pytest.fixture(scope="module", params=goldens.files("metrics/vggish_*.npz"), ids=goldens.name)
def golden(request):
    return goldens.read(request.param)


@pytest.fixture(scope="module")
def state():
    return listed("vggish", KAIMING)


@pytest.fixture(scope="module")
def extractor(folder, state):
    return VGGish(put(folder, "vggish", state))


@pytest.mark.parametrize("seconds", [8, 10])
def test_patches_are_the_originals(golden, seconds):
    wave = waves(golden.part)[f"w{seconds}"]
    found = patches(wave)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, golden.arrays[f"patches{seconds}"], rtol=0, atol=1e-5)
    frames = log_mel(wave)
    assert len(frames) == golden.arrays[f"n_logmel_frames{seconds}"]
    left = golden.arrays[f"tail_frames_dropped{seconds}"]
    np.testing.assert_allclose(frames[-len(left) :], left, rtol=0, atol=1e-5)


def test_an_incomplete_patch_is_dropped(golden):
    wanted = golden.meta["samples_to_patch_shape"]
    wave = waves(golden.part)["w8"]
    assert {samples: list(patches(wave[: int(samples)]).shape) for samples in wanted} == wanted


@pytest.mark.parametrize("seconds", [8, 10])
def test_embeddings_are_the_originals(golden, extractor, monkeypatch, seconds):
    # the golden input kept its offset; the recipe takes it off, as test_waveform has it
    monkeypatch.setattr(extractor, "samples", lambda audio: audio.samples[0])
    found = extractor.extract(Audio(waves(golden.part)[f"w{seconds}"], 16_000))["patches"]
    assert found.dtype == np.float32
    assert error(found, golden.arrays[f"emb{seconds}"]) < 1e-5


def test_the_keys_are_the_originals(state):
    with torch.device("meta"):
        own = VGGishNetwork().state_dict()
    assert {key: value.shape for key, value in own.items()} == {key: value.shape for key, value in state.items()}


def test_a_clip_has_the_same_bits_alone_and_among_others(extractor):
    sounds = [Audio(waves()[name][: 16_000 * 2], 16_000) for name in ("w8", "w10")]
    together = extractor.extract_many([sounds[0], Audio(np.zeros(9), 16_000), sounds[1]])
    assert isinstance(together[1], Unmeasurable)
    for sound, found in zip(sounds, (together[0], together[2]), strict=True):
        np.testing.assert_array_equal(extractor.extract(sound)["patches"], found["patches"])


def test_channels_are_averaged_and_other_rates_resampled(extractor):
    wave = waves()["w8"][:32_000]
    stereo = extractor.extract(Audio(np.stack([wave, 0 * wave]), 16_000))["patches"]
    half = extractor.extract(Audio(wave / 2, 16_000))["patches"]
    np.testing.assert_allclose(stereo, half, atol=1e-4)
    assert extractor.extract(Audio(wave, 8_000))["patches"].shape == (4, 128)
    with pytest.raises(Unmeasurable, match=r"\(0\.726 s\)"):
        extractor.extract(Audio(wave, 44_100))


def test_silence_has_features(extractor):
    found = extractor.extract(Audio(np.zeros(48_000), 16_000))["patches"]
    assert found.shape == (3, 128)
    np.testing.assert_array_equal(found[0], found[2])


def test_less_than_a_patch_has_a_reason(extractor):
    sound = waves()["w8"]
    assert extractor.extract(Audio(sound[:LEAST], 16_000))["patches"].shape == (1, 128)
    with pytest.raises(Unmeasurable, match=r"shorter than one patch of VGGish, 0\.975 s \(0\.960 s\)"):
        extractor.extract(Audio(sound[:15_360], 16_000))
    with pytest.raises(TypeError, match="vggish takes audio"):
        extractor.extract("a dog barks")


def test_weights_of_another_network_are_named(folder, state):
    other = put(folder, "other", {"conv_block1.conv1.weight": torch.zeros(64, 1, 3, 3)})
    with pytest.raises(UsageError, match=r"does not hold the weights of VGGish: 18 missing.*conv_block1"):
        VGGish(other).extract(Audio(waves()["w8"], 16_000))
    misshapen = put(folder, "misshapen", {**state, "embeddings.4.weight": torch.zeros(64, 4096)})
    with pytest.raises(UsageError, match=r"embeddings\.4\.weight \(64, 4096\) instead of \(128, 4096\)"):
        VGGish(misshapen).extract(Audio(waves()["w8"], 16_000))


def test_damaged_weights_are_one_error(folder, extractor):
    whole = extractor._weights.file()
    broken = put(folder, "broken", {})
    broken.file().write_bytes(whole.read_bytes()[:1_000_000])
    with pytest.raises(UsageError, match="broken"):
        VGGish(broken).extract(Audio(waves()["w8"], 16_000))


def test_without_weights_the_factory_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull vggish"):
        build_plugins.build_extractor("vggish")
