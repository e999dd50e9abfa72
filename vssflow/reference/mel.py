"""Sound to the log-mel spectrogram that AudioLDM2's VAE was trained on; needed for training only.

Liu et al. 2023, "AudioLDM 2" (arXiv 2308.05734): 64 bands, windows of 64 ms, a hop of 10 ms.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vsseval.networks import mel
from vssflow.prompt import SAMPLE_RATE

SAMPLES = 10 * SAMPLE_RATE
"""Samples of the ten seconds that the model works on."""
HOP = 160
MELS = 64
_FFT = 1024
_HIGHEST_HZ = 8000.0
_FLOOR = 1e-5


def training_mel(audio: Tensor) -> Tensor:
    """Map sound to the spectrogram that the VAE encodes.

    The sound is cut or padded with zeros to ten seconds, freed of its mean, and brought to a peak of one half: so a
    clip's loudness is not learned.

    Args:
        audio: shape (batch, samples) at 16 kHz, of any length.

    Returns:
        Natural logarithm of the magnitude in Slaney's mel bands (librosa's default), floor 1e-5, shape
        (batch, 1000, 64).
    """
    audio = F.pad(audio[:, :SAMPLES], (0, max(0, SAMPLES - audio.shape[1])))
    audio = audio - audio.mean(1, keepdim=True)
    audio = 0.5 * audio / (audio.abs().amax(1, keepdim=True) + 1e-8)
    # as much context on both sides as makes the number of frames samples / hop
    side = (_FFT - HOP) // 2
    audio = F.pad(audio.unsqueeze(1), (side, side), "reflect").squeeze(1)
    window = torch.hann_window(_FFT, device=audio.device)
    spectrum = torch.stft(audio, _FFT, HOP, _FFT, window, center=False, return_complex=True).abs()
    bands: Tensor = spectrum.transpose(1, 2) @ mel_filters().to(audio.device)
    return bands.clamp_min(_FLOOR).log()


def mel_filters() -> Tensor:
    """Build Slaney's triangles of equal area, shape (513, 64)."""
    return mel.mel_filters(_FFT // 2 + 1, MELS, SAMPLE_RATE, _HIGHEST_HZ, "slaney")
