"""A voice prompt to the speaker token: the mean of RawNet3's embeddings of ten windows of 3 s, not normalised."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from vsseval.errors import UsageError
from vsseval.networks.rawnet3 import WIDTH, RawNet3
from vssflow.prompt import SAMPLE_RATE

WINDOW = 3 * SAMPLE_RATE
"""Samples of one window."""
WINDOWS = 10
SILENCE = 1e-4
"""Standard deviation below which a prompt is silent: -80 dB of full scale, under the last bit of 16."""


@torch.no_grad()
def embed(network: RawNet3, audio: Tensor | None) -> Tensor:
    """Describe a voice.

    No prompt, an empty one and a silent one (`SILENCE`) give zeros, which is what the authors use for "no voice in
    particular": the projection has no bias, so the speaker token is exactly zero. RawNet3 itself would give some
    voice for silence.

    Args:
        network: with weights.
        audio: another utterance of the voice at 16 kHz, shape (samples,), of any length.

    Returns:
        Shape (256,), on the network's device: the mean over ten windows.

    Raises:
        UsageError: the prompt is not one channel, or it holds NaN, infinite or enormous samples.
    """
    device = network.fc6.weight.device
    if audio is None or audio.numel() == 0:
        return torch.zeros(WIDTH, device=device)
    if audio.ndim != 1:
        raise UsageError(f"the voice prompt must be one channel of shape (samples,), not {tuple(audio.shape)}")
    audio = audio.to(device, torch.float32)
    if not audio.isfinite().all():
        raise UsageError("the voice prompt holds samples that are NaN or infinite; record or convert it again")
    if audio.std(correction=0) < SILENCE:
        return torch.zeros(WIDTH, device=device)
    # one at a time: ten at once take 1.5 GB and are no quicker
    windows, which = torch.unique_consecutive(voice_windows(audio), dim=0, return_inverse=True)
    embeddings = torch.cat([network(window.unsqueeze(0)) for window in windows])
    embedding = embeddings[which].mean(0)
    if not embedding.isfinite().all():
        raise UsageError(f"the voice prompt is too loud to be sound: its peak is {float(audio.abs().max()):.3g}")
    return embedding


def voice_windows(audio: Tensor) -> Tensor:
    """Cut (samples,) into ten windows (10, 48000), evenly spread; shorter sound is repeated to 3 s and one sample."""
    if len(audio) < WINDOW:
        audio = audio.repeat(math.ceil((WINDOW + 1) / len(audio)))[: WINDOW + 1]
    starts = np.linspace(0, len(audio) - WINDOW, WINDOWS).astype(int)
    return torch.stack([audio[start : start + WINDOW] for start in starts.tolist()])
