"""PaSST against the original's numbers, and what it makes of sound and weights that are not as they should be."""

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_metric_weights import error, listed, put, waves
from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors.passt import PaSSTClip, PaSSTWindows
from vsseval.media import Audio
from vsseval.networks.passt import LEAST, PaSST, unwrapped


@pytest.fixture(scope="module", params=goldens.files("metrics/passt_*.npz"), ids=goldens.name)
def golden(request):
    return goldens.read(request.param)


@pytest.fixture(scope="module")
def state():
    return listed("passt_s_swa_p16_128_ap476")


@pytest.fixture(scope="module")
def extractor(folder, state):
    return PaSSTClip(put(folder, "passt", unwrapped(state)))


@pytest.fixture(scope="module")
def windows(extractor):
    made = PaSSTWindows(extractor._weights, "passt_stableaudio")
    made.__dict__["network"] = extractor.network
    return made


def golden_input(golden, seconds):
    doubled = np.repeat(waves(golden.part)[f"w{seconds}"], 2)[:320_000]
    return torch.from_numpy(np.pad(doubled, (0, 320_000 - doubled.size)))[None]


@pytest.mark.parametrize("seconds", [8, 10])
def test_mel_powers_are_the_originals(golden, extractor, seconds):
    found = extractor.network.log_mel(golden_input(golden, seconds))[0].numpy()
    assert found.shape == tuple(golden.arrays[f"mel_shape{seconds}"])
    np.testing.assert_allclose(found[:, ::5], golden.arrays[f"mel{seconds}"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found[:, -1], golden.arrays[f"mel_last{seconds}"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("seconds", [8, 10])
def test_embedding_and_logits_are_the_originals(golden, extractor, seconds):
    with torch.inference_mode():
        embedding, logits = extractor.network(golden_input(golden, seconds))
    assert error(embedding[0].numpy(), golden.arrays[f"emb{seconds}"]) < 1e-5
    assert error(logits[0].numpy(), golden.arrays[f"logits{seconds}"]) < 1e-5


def test_tokens_after_the_first_layer_are_the_originals(golden, extractor):
    network = extractor.network
    with torch.inference_mode():
        log_mel = network.log_mel(golden_input(golden, 10))
        assert network.patch_embed(log_mel).shape == tuple(golden.arrays["dbg10_pe_shape"])
        tokens = network.blocks[0](network.tokens(log_mel))
        firsts = network.blocks[0](network.tokens(log_mel), 2)
    assert tokens.shape == tuple(golden.arrays["dbg10_b0_shape"])
    found = tokens[0, [0, 1, 2, -1]].numpy()
    assert error(found, golden.arrays["dbg10_block0_tokens_0_1_2_last"]) < 1e-5
    assert error(firsts[0].numpy(), found[:2]) < 1e-5


def test_the_keys_are_the_originals(state):
    with torch.device("meta"):
        own = PaSST().state_dict()
    wanted = {f"net.{key}": tuple(value.shape) for key, value in own.items()} | {"device_proxy": (1,)}
    assert wanted == {key: tuple(value.shape) for key, value in state.items()}


def test_keys_with_the_wrappers_prefix_are_the_same_network(folder, state):
    extractor = PaSSTClip(put(folder, "wrapped", state))
    assert torch.equal(extractor.network.cls_token, state["net.cls_token"])


def test_sound_is_cut_or_filled_up_to_ten_seconds(extractor):
    wave = waves()["w8"]
    short = extractor.prepare(Audio(np.stack([wave, wave]), 16_000)).tensor
    assert short.shape == (1, 320_000)
    assert not short[0, 256_000:].any()
    assert abs(float(short[0, :256_000].mean())) < 1e-6
    assert extractor.prepare(Audio(np.tile(wave, 2), 16_000)).tensor.shape == (1, 320_000)


def test_a_clip_has_the_same_bits_alone_and_among_others_and_silence_has_features(extractor, monkeypatch):
    # one layer mixes as twelve do, and the last one
    monkeypatch.setitem(extractor.network._modules, "blocks", extractor.network.blocks[-2:])
    sounds = [Audio(waves()["w8"], 16_000), Audio(np.zeros(800), 8_000)]
    together = extractor.extract_many(sounds)
    alone = extractor.extract(sounds[1])
    assert {name: value.shape for name, value in alone.items()} == {"embedding": (768,), "logits": (527,)}
    for name, value in alone.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, together[1][name])


@pytest.mark.parametrize(
    ("seconds", "shape"),
    [
        (0.2, (1, 6_400)),
        (1.5, (1, 48_000)),
        (1.6, (1, 320_000)),
        (10, (1, 320_000)),
        (10.1, (2, 320_000)),
        (15, (2, 320_000)),
        (15.1, (3, 320_000)),
    ],
)
def test_windows_are_those_of_stable_audio_metrics(windows, seconds, shape):
    wave = np.tile(waves()["w10"], 2)[: round(seconds * 16_000)]
    found = windows.prepare(Audio(wave, 16_000)).tensor
    assert found.shape == shape
    assert float(found.abs().max()) == pytest.approx(10 ** (-1 / 20), rel=1e-6)
    if len(found) > 1:
        assert torch.equal(found[0, 160_000:], found[1, :160_000])


def test_logits_are_averaged_over_windows(windows, extractor):
    sound = Audio(waves()["w8"][:16_000], 16_000)
    found = windows.extract(sound)
    assert {name: value.shape for name, value in found.items()} == {"logits": (527,)}
    mean = windows.finish({"embedding": np.zeros((2, 768)), "logits": np.stack([np.zeros(527), np.ones(527)])})
    np.testing.assert_array_equal(mean["logits"], np.full(527, 0.5))


def test_silence_and_shortness_have_a_reason_where_the_recipe_has_no_answer(windows):
    with pytest.raises(Unmeasurable, match="silent"):
        windows.extract(Audio(np.zeros(16_000), 16_000))
    with pytest.raises(Unmeasurable, match=r"shorter than the 0\.15 s of PaSST"):
        windows.extract(Audio(np.ones(LEAST - 1), 32_000))
    ramp = np.linspace(-1, 1, LEAST, dtype=np.float32)
    assert windows.extract(Audio(ramp, 32_000))["logits"].shape == (527,)


def test_weights_of_another_network_are_named(folder):
    other = put(folder, "other", {"features.0.weight": torch.zeros(64, 1, 3, 3)})
    with pytest.raises(UsageError, match=r"does not hold the weights of PaSST-S: 159 missing.*features\.0\.weight"):
        PaSSTClip(other).extract(Audio(waves()["w8"], 16_000))
