"""Speech to the mean opinion score that Distill-MOS predicts for it, with the weights that Microsoft publishes.

Stahl and Gamper, ICASSP 2025, as in the package distillmos 0.9.1: segments of 7.68 s that begin at most a second
apart, the score is their mean; shorter sounds are filled up with zeros. Otherwise than by the package's command, the
mean of all channels is heard, not the first; soxr brings it to 16 kHz, not torchaudio's short filter, which lets
through what the network takes for a fault (of eleven recordings at 22 and 44 kHz it moved one by 1.7, the mean by 0.6;
brought to 16 kHz and up again they moved by 0.02 on average); and silence has no quality of speech, where the command
says 1.97.

Eighteen recordings of LJSpeech, 1.5 to 10 s, have 4.38 on average; below 2 kHz alone, 3.20; in white noise at 20, 10
and 0 dB 2.84, 2.34, 1.67. Gain does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import at_least
from vsseval.networks.spectrum import silent
from vsseval.weights import shipped as weights

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.distill_mos import DistillMos

RATE = 16_000
WEIGHTS = "742b614b2dfb9a1f9736276e49f2991c2d3b8336fd8e65907a121921741ed0a4"
SEGMENT = 122_880
"""Samples to a segment, 7.68 s."""


class DistillMosScore(NetworkExtractor):
    """`score`, float32, (), 1 (bad) to 5 (excellent); satisfies `Extractor`."""

    network: DistillMos
    batch_size = 1
    batch_size_on_device = 16

    def __init__(self) -> None:
        """Declare; nothing is loaded before the first sound."""
        self.spec = ExtractorSpec(
            name="distill_mos",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=WEIGHTS,
            licence="MIT",
            description="mean opinion score of speech by Distill-MOS (variant 7, distillmos 0.9.1)",
        )

    def build(self) -> DistillMos:
        """Return the network."""
        from vsseval.networks.distill_mos import DistillMos
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        with SkipInitialWeights():
            network = DistillMos()
        network.load_state_dict(weights.load("distill_mos.safetensors", WEIGHTS), assign=True)
        return network

    def prepare(self, source: Source) -> Parts:
        """Return the segments of the mean of the channels at 16 kHz, (k, 122880).

        Raises:
            Unmeasurable: the sound is silent (peak below -60 dBFS).
        """
        import torch

        source = sound(source, "distill_mos")
        samples = source.mono(RATE)
        if silent(samples):
            raise Unmeasurable("the audio is silent")
        return Parts(torch.from_numpy(segments(samples)))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the scores, (parts,)."""
        del kind
        return {"score": self.network(parts)}

    def finish(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the mean score of the segments, ()."""
        return {"score": np.asarray(outputs["score"].mean())}


def segments(samples: np.ndarray) -> np.ndarray:
    """Return the segments that are scored of 16 kHz sound (n,), evenly spread over it, (k, 122880)."""
    filled = at_least(samples, SEGMENT)
    beyond = filled.size - SEGMENT
    starts = np.linspace(0, 1, int(np.ceil(beyond / RATE)) + 1) * beyond
    return np.stack([filled[int(start) : int(start) + SEGMENT] for start in starts])
