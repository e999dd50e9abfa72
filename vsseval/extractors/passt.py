"""Sound to what PaSST makes of it: 768 numbers, and the logits of AudioSet's 527 classes.

Koutini et al., Interspeech 2022; the network passt_s_swa_p16_128_ap476 of hear21passt, mode "all", at 32 kHz.
av-benchmark hears ten seconds, filled up with zeros; stable-audio-metrics hears windows of ten seconds and averages
their logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import centred, fitted, peak_normalised
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.passt import PaSST

RATE = 32_000
WINDOW, STEP = 10 * RATE, 5 * RATE
"""Samples of a window, and from one to the next."""
UNPADDED = int(0.15 * WINDOW)
"""Samples up to which stable-audio-metrics leaves a window as short as it is."""


class PaSSTClip(NetworkExtractor):
    """`embedding`, float32, (768,), and `logits`, float32, (527,); satisfies `Extractor` and `BatchExtractor`."""

    network: PaSST
    # one clip at once keeps the attention of 1190 tokens in the cache of a processor
    batch_size = 1
    batch_size_on_device = 32

    def __init__(self, weights: Weights, name: str = "passt") -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: the makers' checkpoint.
            name: the extractor's.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="Apache-2.0",
            description=f"PaSST-S (passt_s_swa_p16_128_ap476), {self.preparation}",
        )

    preparation = "cut or filled up to 10 s, av-benchmark's preparation"

    def build(self) -> PaSST:
        """Return the network.

        Raises:
            UsageError: the file is of another network.
        """
        from vsseval.networks import passt
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._weights.file()
        with SkipInitialWeights():
            return fill_network(passt.PaSST, passt.unwrapped(read_state_dict(file)), file, "PaSST-S")

    def prepare(self, source: Source) -> Parts:
        """Return the sound as windows, (w, n). Silence is a level like any other.

        Raises:
            Unmeasurable: there is nothing to hear; the message says why.
        """
        import torch

        source = sound(source, self.spec.name)
        return Parts(torch.from_numpy(self.windows(source)))

    def windows(self, audio: Audio) -> np.ndarray:
        """Return the first ten seconds, filled up with zeros, float32, shape (1, 320000)."""
        return fitted(centred(audio, RATE), WINDOW)[None]

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings (parts, 768) and logits (parts, 527)."""
        del kind
        embedding, logits = self.network(parts)
        return {"embedding": embedding, "logits": logits}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the only row of each."""
        return {name: rows[0] for name, rows in outputs.items()}


class PaSSTWindows(PaSSTClip):
    """`logits`, float32, (527,): the mean over windows of ten seconds every five, peak at -1 dB."""

    preparation = "mean logits of windows of 10 s every 5 s, peak at -1 dB, stable-audio-metrics' preparation"

    def windows(self, audio: Audio) -> np.ndarray:
        """Return the windows, float32, shape (w, 320000), or (1, n) of a sound of up to 1.5 s.

        As in src/passt_kld.py: a last window of half its length or less is not begun.

        Raises:
            Unmeasurable: silent, or shorter than one patch of the network.
        """
        from vsseval.networks.passt import LEAST

        samples = peak_normalised(audio, RATE)
        if samples.size < LEAST:
            raise Unmeasurable(f"the audio is shorter than the 0.15 s of PaSST ({samples.size / RATE:.3f} s)")
        if samples.size <= UNPADDED:
            return samples[None]
        starts = range(0, max(STEP, samples.size - STEP), STEP)
        return np.stack([fitted(samples[start:], WINDOW) for start in starts])

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the mean of the windows' logits."""
        return {"logits": outputs["logits"].mean(axis=0)}
