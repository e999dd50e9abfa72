"""The mel VAE and the vocoder against numbers made with AudioLDM2's configuration."""

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_weights import fill, listed_state, seeded_input
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vssflow.reference.vae import MelVAE, Posterior, VAEConfig, current_names, latent_to_vae, vae_to_latent
from vssflow.reference.vocoder import HifiGan, VocoderConfig, join_weight_norm

GOLDEN = goldens.read(goldens.file("vssflow/d_vae_vocoder_true.npz")).arrays
KEYS = goldens.file("vssflow/keys") / "vaflow_full_checkpoint.json"
SMALL_VAE = VAEConfig(widths=(32, 64), layers=1, groups=8)
SMALL_VOCODER = VocoderConfig(width=32, rates=(5, 4), kernels=(16, 8), block_kernels=(3, 5), dilations=((1, 3), (1, 3)))


def relative_error(ours, golden):
    reference = torch.as_tensor(golden)
    return float((ours - reference).abs().max() / reference.abs().max())


def true_size(network_class, prefix):
    with SkipInitialWeights():
        network = network_class()
    network.load_state_dict(listed_state(network, KEYS, prefix), assign=True)
    return network.eval()


@pytest.mark.slow
@torch.inference_mode()
def test_the_vae_equals_the_makers():
    vae = true_size(MelVAE, "vae.")
    decoded = vae.decode(latent_to_vae(seeded_input("vae.lat", (1, 128, 12))))
    assert relative_error(decoded, GOLDEN["dec"]) < 1e-5
    posterior = vae.encode(torch.from_numpy(GOLDEN["enc_in"]))
    assert relative_error(posterior.mean, GOLDEN["enc_mean"]) < 1e-5
    assert relative_error(posterior.logvar, GOLDEN["enc_logvar"]) < 1e-5
    assert relative_error(vae_to_latent(posterior.mean), GOLDEN["dit_layout"]) < 1e-5


@pytest.mark.slow
@torch.inference_mode()
def test_the_vocoder_equals_the_makers():
    wave = true_size(HifiGan, "vocoder.")(2 * seeded_input("voc.mel", (1, 24, 64)) - 4)
    assert relative_error(wave, GOLDEN["wave"]) < 1e-5


def test_the_layouts_equal_the_authors():
    assert torch.equal(latent_to_vae(seeded_input("vae.lat", (1, 128, 12))), torch.from_numpy(GOLDEN["z"]))
    mean = torch.from_numpy(GOLDEN["enc_mean"])
    assert torch.equal(vae_to_latent(mean), torch.from_numpy(GOLDEN["dit_layout"]))


@pytest.mark.parametrize(("bands", "channels"), [(16, 8), (4, 3), (1, 1)])
def test_the_layouts_undo_each_other(bands, channels):
    latent = torch.randn(2, bands * channels, 9)
    laid_out = latent_to_vae(latent, channels)
    assert laid_out.shape == (2, channels, 9, bands)
    assert laid_out[1, channels - 1, 5, bands - 1] == latent[1, bands * channels - 1, 5]
    assert torch.equal(vae_to_latent(laid_out), latent)
    strided = latent.transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(latent_to_vae(strided, channels), laid_out)


def test_sizes_follow_the_configuration():
    vae = MelVAE(SMALL_VAE)
    posterior = vae.encode(torch.zeros(2, 1, 20, 16))
    assert posterior.mean.shape == posterior.logvar.shape == (2, 8, 10, 8)
    assert vae.decode(posterior.mean).shape == (2, 1, 20, 16)


@torch.no_grad()
def test_the_posterior_is_sampled_with_given_noise():
    mean, logvar = torch.full((1, 8, 2, 2), 3.0), torch.full((1, 8, 2, 2), -2.0)
    noise = torch.randn(1, 8, 2, 2)
    assert torch.allclose(Posterior(mean, logvar).sample(noise), 3 + np.exp(-1) * noise)
    vae = MelVAE(SMALL_VAE)
    vae.quant_conv.bias.fill_(1e4)
    assert vae.encode(torch.zeros(1, 1, 8, 8)).logvar.max() == 20


@torch.no_grad()
def test_a_clip_does_not_see_its_batch():
    vae, vocoder = MelVAE(SMALL_VAE), HifiGan(SMALL_VOCODER)
    latent = torch.randn(3, 8, 6, 4, generator=torch.Generator().manual_seed(0))
    together = vae.decode(latent)
    assert torch.allclose(together[1:2], vae.decode(latent[1:2]), atol=1e-5)
    mel = torch.randn(3, 10, 64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(vocoder(mel)[1:2], vocoder(mel[1:2]), atol=1e-5)


def test_older_names_of_the_attention_are_read():
    vae = MelVAE(SMALL_VAE)
    fill(vae)
    state = vae.state_dict()
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        for half in ("encoder", "decoder"):
            for kind in ("weight", "bias"):
                value = state.pop(f"{half}.mid_block.attentions.0.{new}.{kind}")
                value = value[..., None, None] if kind == "weight" and half == "encoder" else value
                state[f"{half}.mid_block.attentions.0.{old}.{kind}"] = value
    other = MelVAE(SMALL_VAE)
    other.load_state_dict(current_names(state))
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in vae.state_dict().items())
    assert current_names(other.state_dict()).keys() == other.state_dict().keys()


@torch.no_grad()
def test_a_frame_is_the_product_of_the_rates_and_the_surplus_is_at_the_end():
    vocoder = HifiGan(SMALL_VOCODER)
    fill(vocoder, scale=0.1)
    assert vocoder(torch.zeros(1, 12, 64)).shape == (1, 12 * 20 + 4)
    short, long = torch.zeros(1, 60, 64), torch.zeros(1, 80, 64)
    short[0, :20] = long[0, :20] = torch.randn(20, 64)
    # far from the end the length makes no difference: the clock starts at the first sample
    assert torch.allclose(vocoder(short)[0, :500], vocoder(long)[0, :500], atol=1e-6)


@torch.no_grad()
def test_a_vocoder_may_standardise_its_input():
    plain = HifiGan(SMALL_VOCODER)
    sizes = {name: getattr(SMALL_VOCODER, name) for name in ("width", "rates", "kernels", "block_kernels", "dilations")}
    standardising = HifiGan(VocoderConfig(**sizes, normalise=True))
    standardising.load_state_dict(plain.state_dict())
    standardising.mean.fill_(-4)
    standardising.scale.fill_(2)
    mel = torch.randn(1, 6, 64)
    assert torch.allclose(standardising(2 * mel - 4), plain(mel), atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("wrap", [torch.nn.utils.weight_norm, torch.nn.utils.parametrizations.weight_norm])
@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_split_weights_are_joined_in_both_spellings(wrap):
    vocoder = HifiGan(SMALL_VOCODER)
    fill(vocoder, scale=0.1)
    mel = torch.randn(1, 6, 64)
    plain = vocoder(mel)
    convolutions = [part for part in vocoder.modules() if isinstance(part, (torch.nn.Conv1d, torch.nn.ConvTranspose1d))]
    for part in convolutions:
        wrap(part)
    state = vocoder.state_dict()
    assert len(state) == len(HifiGan(SMALL_VOCODER).state_dict()) + len(convolutions)
    # half of another length: the weight is not simply the direction
    for key in state:
        if key.endswith(("weight_g", "original0")):
            state[key] = 0.5 * state[key]
    joined = HifiGan(SMALL_VOCODER)
    joined.load_state_dict(join_weight_norm(state))
    for part in joined.modules():
        if isinstance(part, (torch.nn.Conv1d, torch.nn.ConvTranspose1d)):
            part.weight.mul_(2)
    assert torch.allclose(joined(mel), plain, atol=1e-6)


def test_a_lonely_half_of_a_split_weight_is_left_for_the_check_of_keys():
    state = {"conv_pre.weight_g": torch.ones(4, 1, 1), "conv_pre.bias": torch.ones(4)}
    assert join_weight_norm(state) == state
