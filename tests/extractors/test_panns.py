"""PANNs Cnn14 against the original's numbers, and what it makes of sound and weights that are not as they should be."""

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_metric_weights import KAIMING, draw, error, listed, put, waves
from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors.panns import PANNs
from vsseval.media import Audio
from vsseval.networks.panns import RATE_16K, RATE_32K, Cnn14


@pytest.fixture(scope="module", params=goldens.files("metrics/panns_*.npz"), ids=goldens.name)
def golden(request):
    return goldens.read(request.param)


@pytest.fixture(scope="module")
def state():
    return listed("panns_cnn14_16k", KAIMING)


@pytest.fixture(scope="module")
def weights(folder, state):
    """As the makers distribute it: a dict around the state dict."""
    return put(folder, "panns", {"iteration": 1, "model": state, "sampler": {"pointer": 0}})


@pytest.fixture(scope="module")
def extractor(weights):
    return PANNs(weights, "panns", 16, "avbench")


@pytest.fixture(scope="module")
def raw(extractor):
    """The network on samples as they are: the golden input kept its offset."""

    def hear(samples):
        with torch.inference_mode():
            embedding, logits = extractor.network(torch.from_numpy(samples)[None])
        return embedding[0].numpy(), logits[0].numpy()

    return hear


@pytest.mark.parametrize("seconds", [8, 10])
def test_decibels_are_the_originals(golden, extractor, seconds):
    found = extractor.network.log_mel(torch.from_numpy(waves(golden.part)[f"w{seconds}"])[None])[0].numpy()
    assert len(found) == golden.arrays[f"n_frames{seconds}"]
    np.testing.assert_allclose(found[::3], golden.arrays[f"logmel{seconds}"], rtol=0, atol=1e-3)
    np.testing.assert_allclose(found[-1], golden.arrays[f"logmel_last{seconds}"], rtol=0, atol=1e-3)


def test_mel_filters_are_the_originals(golden):
    filters = Cnn14(RATE_16K).mel.numpy()
    np.testing.assert_allclose(filters.sum(axis=0), golden.arrays["melW_rowsum"], rtol=1e-5)
    np.testing.assert_allclose(filters.sum(axis=1), golden.arrays["melW_colsum"], rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("seconds", [8, 10])
def test_embedding_and_logits_are_the_originals(golden, raw, seconds):
    embedding, logits = raw(waves(golden.part)[f"w{seconds}"])
    assert error(embedding, golden.arrays[f"emb{seconds}"]) < 1e-5
    assert error(logits, golden.arrays[f"logits{seconds}"]) < 1e-5


def test_silence_and_a_third_of_a_second_are_the_originals(golden, raw):
    embedding, logits = raw(np.zeros(128_000, np.float32))
    assert error(logits, golden.arrays["silence8_logits"]) < 1e-5
    found = embedding.astype(np.float64)
    stat = [found.mean(), found.std(), np.linalg.norm(found), found.min(), found.max()]
    np.testing.assert_allclose(stat, golden.arrays["silence8_emb_stat"], rtol=1e-5, atol=1e-4)
    assert error(raw(waves(golden.part)["w8"][:5200])[1], golden.arrays["short5200_logits"]) < 1e-5


def test_the_keys_are_the_originals(state):
    with torch.device("meta"):
        own = Cnn14(RATE_16K).state_dict()
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    assert shapes | RATE_16K.tables == {key: tuple(value.shape) for key, value in state.items()}
    assert not shapes.keys() & RATE_16K.tables.keys()


def test_the_recipe_takes_the_offset_off_and_averages_channels(extractor, raw):
    wave = waves()["w8"][:32_000]
    left = wave + np.float32(0.1)
    found = extractor.extract(Audio(np.stack([left, left]), 16_000))
    embedding, logits = raw(wave - wave.mean())
    assert {name: value.dtype for name, value in found.items()} == {"embedding": np.float32, "logits": np.float32}
    assert error(found["embedding"], embedding) < 1e-4
    assert error(found["logits"], logits) < 1e-4


def test_audioldm_hears_the_first_channel_and_at_least_two_seconds(weights, extractor):
    theirs = PANNs(weights, "panns_audioldm", 16, "audioldm")
    theirs.__dict__["network"] = extractor.network
    wave = waves()["w8"][:8_000]
    level = (wave - wave.mean()).astype(np.float32)
    found = theirs.extract(Audio(np.stack([wave, 0 * wave]), 16_000))
    padded = extractor.prepare(Audio(level, 16_000)).tensor
    alone = torch.nn.functional.pad(padded, (0, 24_000))
    np.testing.assert_allclose(theirs.prepare(Audio(level, 16_000)).tensor, alone, atol=1e-7)
    with torch.inference_mode():
        wanted = extractor.network(alone)[1][0].numpy()
    assert error(found["logits"], wanted) < 1e-5
    assert theirs.spec.name != extractor.spec.name


def test_a_clip_has_the_same_bits_alone_and_among_others(extractor):
    sounds = [Audio(waves()[name][:16_000], 16_000) for name in ("w8", "w10")]
    for sound, found in zip(sounds, extractor.extract_many(sounds), strict=True):
        alone = extractor.extract(sound)
        np.testing.assert_array_equal(alone["logits"], found["logits"])


@pytest.mark.parametrize(("samples", "heard"), [(4959, False), (4960, True)])
def test_less_than_the_network_can_halve_has_a_reason(extractor, samples, heard):
    sound = Audio(waves()["w8"][:samples], 16_000)
    if heard:
        assert extractor.extract(sound)["logits"].shape == (527,)
    else:
        with pytest.raises(Unmeasurable, match=r"shorter than the 0\.31 s of Cnn14 \(0\.310 s\)"):
            extractor.extract(sound)


def test_weights_of_another_network_or_rate_are_named(folder, weights, state):
    other = PANNs(put(folder, "other", {"cls_token": torch.zeros(1, 1, 768)}), "panns", 16, "avbench")
    with pytest.raises(UsageError, match=r"does not hold the weights of PANNs Cnn14 at 16 kHz: 81 missing.*cls_token"):
        other.extract(Audio(waves()["w8"], 16_000))
    # the two rates differ in nothing but their tables
    with pytest.raises(UsageError, match="weights of PANNs Cnn14 at 32 kHz: 3 unexpected: spectrogram_extractor"):
        PANNs(weights, "panns_32k", 32, "avbench").extract(Audio(waves()["w8"], 16_000))


@pytest.mark.slow
def test_the_32_khz_network_hears_twice_as_much(folder, state):
    tables = {key: draw(key, shape) for key, shape in RATE_32K.tables.items()}
    extractor = PANNs(put(folder, "panns_32k", {"model": {**state, **tables}}), "panns_32k", 32, "avbench")
    found = extractor.extract(Audio(waves()["w8"], 16_000))
    assert found["embedding"].shape == (2048,)
    assert extractor.prepare(Audio(waves()["w8"], 16_000)).tensor.shape == (1, 256_000)
    with pytest.raises(Unmeasurable, match=r"\(0\.310 s\)"):
        extractor.extract(Audio(waves()["w8"][:9919], 32_000))


def test_mova_hears_ten_seconds_of_the_mean_with_its_offset(folder, weights):
    theirs = PANNs(weights, "panns_32k_mova", 32, "mova")
    wave = 0.1 + waves()["w8"][:40_000]
    found = theirs.prepare(Audio(np.stack([wave, 0 * wave]), 32_000)).tensor
    assert found.shape == (1, 320_000)
    np.testing.assert_allclose(found[0, :40_000], wave / 2, atol=1e-7)
    assert not found[0, 40_000:].any()
    assert theirs.prepare(Audio(np.ones(400_000), 32_000)).tensor.shape == (1, 320_000)
    assert theirs.prepare(Audio(np.ones(1), 32_000)).tensor.shape == (1, 320_000)


def test_the_network_of_a_device_is_the_same_network(weights, raw):
    elsewhere = PANNs(weights, "panns", 16, "avbench")
    elsewhere.on("cuda")
    network = elsewhere.build().eval()
    wave = waves()["w8"][:32_000]
    with torch.inference_mode():
        embedding, logits = network(torch.from_numpy(wave)[None])
    assert not network.packed
    for found, wanted in zip(raw(wave), (embedding, logits), strict=True):
        assert error(found, wanted[0].numpy()) < 1e-5
