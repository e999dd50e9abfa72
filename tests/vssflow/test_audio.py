"""Latents, voices and phones of the small configuration."""

import torch

from vssflow.small.audio import LatentCodec, MelSpectrogram, fit, frames_of
from vssflow.small.voice import voice_vector


def chord(seconds=2.0, pitches=(200.0, 450.0, 1200.0)):
    time = torch.arange(int(seconds * 16000)) / 16000
    tone = sum(torch.sin(2 * torch.pi * pitch * time) for pitch in pitches)
    return 0.1 * tone * (0.6 + 0.4 * torch.sin(2 * torch.pi * 3 * time))


def voiced(pitch, seconds=2.0):
    time = torch.arange(int(seconds * 16000)) / 16000
    return 0.05 * sum(torch.sin(2 * torch.pi * pitch * k * time) / k for k in range(1, 12))


def magnitude_of(mel, sound):
    return mel.spectrum(sound.unsqueeze(0))[0, :, :-1].abs().T


def test_griffin_lim_gives_back_the_spectrogram():
    mel, sound = MelSpectrogram(), chord()
    target = mel(sound.unsqueeze(0))[0]
    back = mel(mel.sound_of(magnitude_of(mel, sound), seed=0).unsqueeze(0))[0]
    loud = target > -4  # within 25 dB of the tones
    assert (back - target)[loud].abs().mean() < 0.25


def test_griffin_lim_depends_on_its_seed_only():
    mel = MelSpectrogram()
    target = magnitude_of(mel, chord(0.4))
    first, second, other = (mel.sound_of(target, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_codec_with_all_components_is_lossless():
    codec = LatentCodec(320)
    generator = torch.Generator().manual_seed(0)
    sound = 0.1 * torch.randn(4, 16000, generator=generator).cumsum(1).sin()
    blocks = codec.mel(sound).unflatten(1, (-1, 4)).flatten(2)
    codec.fit_components(blocks.flatten(0, 1))
    latent = codec.encode(sound)
    assert latent.shape == (4, 320, 25)
    rebuilt = codec.decode(latent)
    assert rebuilt.shape == (4, 100, 80)
    assert torch.allclose(rebuilt, codec.mel(sound), atol=1e-2)


def test_lengths_follow_the_video_clock():
    assert frames_of(4.0) == 100
    assert frames_of(0.0) == 1
    assert fit(torch.ones(3), 5).tolist() == [1, 1, 1, 0, 0]
    assert fit(torch.ones(3), 2).tolist() == [1, 1]


def test_a_voice_is_described_by_pitch_and_timbre_not_by_level():
    mel = MelSpectrogram()
    low, high = voice_vector(voiced(110.0), mel), voice_vector(voiced(220.0), mel)
    assert low[240:].argmax() < high[240:].argmax()
    assert torch.allclose(low, voice_vector(0.2 * voiced(110.0), mel), atol=0.05)


def test_silence_and_no_voice_are_the_same_to_the_model():
    mel = MelSpectrogram()
    assert not voice_vector(torch.zeros(16000), mel).any()
    assert not voice_vector(torch.zeros(3), mel).any()
