"""The spectrogram that the VAE encodes, against the authors' numbers."""

import math
from pathlib import Path

import numpy as np
import torch

from support.seeded_weights import seeded_input
from vssflow.reference.mel import mel_filters, training_mel

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "vssflow" / "d_mel.npz")
FLOOR = math.log(1e-5)


def golden_sound():
    """A tone, a sweep, an offset and noise; silence after seven seconds."""
    t = torch.arange(160_000, dtype=torch.float64) / 16_000
    sound = 0.3 * (2 * math.pi * 220 * t).sin() + 0.05 + 0.02 * seeded_input("mel.noise", (160_000,))
    sound += 0.2 * (2 * math.pi * (500 * t + 300 * t * t)).sin() * (t < 6)
    return (sound * (t < 7)).float()


def relative_error(ours, golden):
    reference = torch.as_tensor(golden)
    return float((ours - reference).abs().max() / reference.abs().max())


def test_the_spectrogram_equals_the_authors():
    sound = golden_sound()
    assert relative_error(sound[::25], GOLDEN["wav_every25"]) < 1e-6
    mel = training_mel(sound.unsqueeze(0))
    assert mel.shape == (1, 1000, 64)
    assert relative_error(mel[0, ::4], GOLDEN["mel_every4"]) < 1e-5
    assert relative_error(mel[0, -1], GOLDEN["mel_last"]) < 1e-5
    assert relative_error(mel.double().sum(), float(GOLDEN["mel_sum_f64"])) < 1e-6


def test_the_filters_equal_librosas():
    filters = mel_filters()
    assert relative_error(filters.sum(0), GOLDEN["fb_rowsum"]) < 1e-5
    places = [filters[:, band].nonzero().squeeze(1)[[0, -1]].tolist() for band in range(64)]
    assert places == GOLDEN["fb_nonzero"].tolist()


def test_loudness_and_offset_are_not_learned():
    sound = golden_sound().unsqueeze(0)
    assert torch.allclose(training_mel(sound), training_mel(0.1 * sound), atol=1e-3)
    full = torch.randn(1, 160_000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(training_mel(full), training_mel(full + 0.5), atol=1e-3)


def test_sound_is_cut_or_padded_to_ten_seconds():
    sound = torch.randn(2, 170_000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(training_mel(sound), training_mel(sound[:, :160_000]))
    short = training_mel(sound[:, :16_000])
    padded = torch.nn.functional.pad(sound[:, :16_000], (0, 144_000))
    assert torch.equal(short, training_mel(padded))


def test_silence_and_no_sound_lie_on_the_floor():
    for sound in (torch.zeros(1, 160_000), torch.zeros(1, 0), torch.full((1, 160_000), 0.25)):
        assert torch.allclose(training_mel(sound), torch.full((1, 1000, 64), FLOOR))


def test_clips_of_a_batch_do_not_see_each_other():
    sound = torch.randn(3, 160_000, generator=torch.Generator().manual_seed(0)) * torch.tensor([[0.1], [1.0], [5.0]])
    assert torch.allclose(training_mel(sound)[1:2], training_mel(sound[1:2]), atol=1e-5)
