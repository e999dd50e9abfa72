"""Sound to what a network trained on libraries of sound effects makes of it: what sounds, not how cleanly.

Ma and Lerch, ISMIR 2022 (aiSFX). Both sides of a comparison are brought to 16 kHz first: the network hears whether
there is anything above 8 kHz, and copies at 16 kHz of recordings at 44.1 kHz are fifteen times as far from them as one
half of the recordings is from the other. Weights are those of the package aisfx 0.1.2 in half precision, which moves an
embedding by 0.1 % of its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.weights import shipped

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.aisfx import Aisfx as Network

RATE = 16_000
WEIGHTS = shipped.AISFX
HOP = 50
"""Frames from one window of 100 to the next (1.16 s), as the makers have it."""


class Aisfx(NetworkExtractor):
    """`windows`, float32, (w >= 1, 512), one row for 2.3 s every 1.2 s; `embedding` (512,) and `logits` (81,), means.

    Satisfies `Extractor` and `BatchExtractor`.
    """

    network: Network

    spec = ExtractorSpec(
        name="aisfx",
        version="1",
        input_kinds=("audio",),
        sample_rate=RATE,
        weights=WEIGHTS,
        licence="CC-BY-4.0",
        description="aiSFX embeddings of 2.3 s every 1.2 s, from 16 kHz",
    )

    def build(self) -> Network:
        """Return the network.

        Raises:
            EnvironmentFault: the file of weights is missing from the installation, or damaged.
        """
        from vsseval.networks import aisfx
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        with SkipInitialWeights():
            network = aisfx.Aisfx()
        network.load_state_dict(shipped.load("aisfx.safetensors", WEIGHTS))
        return aisfx.fused(network.eval())

    def prepare(self, source: Source) -> Parts:
        """Return the windows of the spectrogram, (w, 100, 96). Silence is a sound like any other.

        Raises:
            Unmeasurable: there are no samples.
        """
        import torch

        from vsseval.networks import aisfx

        source = sound(source, self.spec.name)
        samples = source.mono(RATE)
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        frames = aisfx.log_mel(Audio(samples, RATE).mono(aisfx.RATE))
        return Parts(torch.from_numpy(aisfx.windows(frames, HOP)))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings (parts, 512) and logits (parts, 81)."""
        del kind
        embedding, logits = self.network(parts)
        return {"windows": embedding, "logits": logits}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the windows, and the means over them."""
        windows, logits = outputs["windows"], outputs["logits"]
        return {"windows": windows, "embedding": windows.mean(axis=0), "logits": logits.mean(axis=0)}
