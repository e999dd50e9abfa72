"""Resampling, mel spectra, the phase vocoder and wav2vec 2.0 are those of torchaudio to the bit, without it."""

from __future__ import annotations

import math

import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st
from torchaudio.compliance import kaldi

from vsseval.models.degraded.vocoder import stretched
from vsseval.networks import mel, sinc
from vsseval.networks.wav2vec2 import Shape, Wav2Vec2

RATES = [8_000, 11_025, 16_000, 22_050, 22_255, 24_000, 32_000, 44_100, 48_000]


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) / 10


@given(
    have=st.sampled_from(RATES), want=st.sampled_from(RATES), samples=st.integers(1, 3000),
    channels=st.integers(1, 2), single=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_resampling(have, want, samples, channels, single):
    if max(have, want) // math.gcd(have, want) > 3000:
        have = 44_100  # a table of filters of a gigabyte proves nothing more
        want = min(want, 48_000) if want != 22_255 else 16_000
    sound = noise(channels, samples)
    original = torchaudio.functional.resample if single else lambda x, *r: torchaudio.transforms.Resample(*r)(x)
    found = sinc.resampled(sound, have, want, single=single)
    assert torch.equal(found, original(sound, have, want))
    assert found.shape == (channels, math.ceil(samples * want / have))


def test_no_sound_stays_none():
    assert sinc.resampled(torch.zeros(2, 0), 44_100, 16_000).shape == (2, 0)


def test_the_two_ways_of_resampling_differ_in_their_last_bits():
    sound = noise(10_000)
    double, single = (sinc.resampled(sound, 44_100, 16_000, single=single) for single in (False, True))
    assert 0 < (double - single).abs().max() < 1e-5


@pytest.mark.parametrize("scale", ["htk", "slaney"])
@pytest.mark.parametrize(("bins", "bands", "low", "high"), [(513, 80, 0.0, 8000.0), (201, 40, 55.0, 7600.0)])
def test_mel_filters(bins, bands, low, high, scale):
    norm = "slaney" if scale == "slaney" else None
    expected = torchaudio.functional.melscale_fbanks(bins, low, high, bands, 16_000, norm=norm, mel_scale=scale)
    assert torch.equal(mel.mel_filters(bins, bands, 16_000, high, scale, low=low), expected)


@pytest.mark.parametrize("shape", [(16_000,), (3, 5_123)])
def test_mel_power(shape):
    original = torchaudio.transforms.MelSpectrogram(16_000, n_fft=1024, win_length=400, hop_length=160, n_mels=64)
    found = mel.mel_power(noise(*shape), 16_000, n_fft=1024, window=400, hop=160, bands=64)
    assert torch.equal(found, original(noise(*shape)))


@pytest.mark.parametrize("given_", [(128, 1024, 32_000, 0.0, 15_000.0), (23, 512, 16_000, 20.0, -400.0)])
def test_kaldi_filters(given_):
    assert torch.equal(mel.kaldi_filters(*given_), kaldi.get_mel_banks(*given_, 100.0, -500.0, 1.0)[0])


@pytest.mark.parametrize("samples", [400, 559, 560, 32_000])
def test_kaldi_log_mel(samples):
    expected = kaldi.fbank(
        noise(1, samples), htk_compat=True, sample_frequency=16_000, use_energy=False, window_type="hanning",
        num_mel_bins=128, dither=0.0,
    )  # fmt: skip
    assert torch.equal(mel.kaldi_log_mel(noise(1, samples)[0], 128), expected)
    assert len(expected) == 1 + (samples - 400) // 160


@pytest.mark.parametrize("rate", [0.5, 2 ** (-1 / 12), 1.3])
def test_stretched(rate):
    window = torch.hann_window(512)
    spectrum = torch.stft(noise(2, 8_000), 512, 128, window=window, return_complex=True)
    advance = torch.linspace(0, math.pi * 128, 257)[:, None]
    assert torch.equal(stretched(spectrum, rate, 128), torchaudio.functional.phase_vocoder(spectrum, rate, advance))


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("letters", [None, 29])
@pytest.mark.parametrize("reach", [15, 16])
def test_wav2vec2(norm_first, letters, reach):
    convolutions = ((16, 10, 5), (16, 3, 2), (24, 2, 2))
    original = torchaudio.models.wav2vec2_model(
        extractor_mode="layer_norm" if norm_first else "group_norm", extractor_conv_layer_config=[*convolutions],
        extractor_conv_bias=False, encoder_embed_dim=32, encoder_projection_dropout=0.0, encoder_pos_conv_kernel=reach,
        encoder_pos_conv_groups=4, encoder_num_layers=2, encoder_num_heads=4, encoder_attention_dropout=0.0,
        encoder_ff_interm_features=48, encoder_ff_interm_dropout=0.0, encoder_dropout=0.0, encoder_layer_drop=0.0,
        encoder_layer_norm_first=norm_first, aux_num_out=letters,
    ).eval()  # fmt: skip
    generator = torch.Generator().manual_seed(1)
    state = {name: torch.randn(value.shape, generator=generator) / 3 for name, value in original.state_dict().items()}
    original.load_state_dict(state)
    network = Wav2Vec2(Shape(32, 48, 2, 4, norm_first, convolutions, reach, 4), letters).eval()
    network.load_state_dict(state)
    with torch.inference_mode():
        assert torch.equal(network(noise(2, 4_000)), original(noise(2, 4_000))[0])
