"""Speech to the mean opinion score that UTMOS22 predicts for it.

Saeki et al., Interspeech 2022 (arXiv 2204.02152), as in SpeechMOS v1.2.0: the sound comes at its own rate and is
brought to 16 kHz here, which differs a little from resampling by other means first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import mixed
from vsseval.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.utmos import Utmos22Strong
    from vsseval.weights.find import Weights

RATE = 16_000
LEAST = 400
"""Samples that fill one frame of the network."""


class Utmos(NetworkExtractor):
    """`score`, float32, (), about 1 (bad) to 5 (excellent); satisfies `Extractor`."""

    network: Utmos22Strong
    batch_size = 1

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first sound.

        Args:
            weights: the checkpoint.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="utmos",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description="mean opinion score of speech by UTMOS22 (strong learner), SpeechMOS v1.2.0",
        )

    def build(self) -> Utmos22Strong:
        """Return the network; see `networks.utmos.build`."""
        from vsseval.networks import utmos

        file = self._weights.file()
        return utmos.build(read_state_dict(file), file)

    def prepare(self, source: Source) -> Parts:
        """Return the mean of the channels at 16 kHz, (1, n). Silence is scored like any other sound.

        Raises:
            Unmeasurable: shorter than one frame of the network (25 ms).
        """
        import torch

        source = sound(source, "utmos")
        samples = mixed(source, RATE, functional=True)
        if samples.size < LEAST:
            raise Unmeasurable(f"the audio is shorter than {LEAST / RATE} s ({samples.size / RATE:.4f} s)")
        return Parts(torch.from_numpy(samples)[None])

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the scores, (parts,)."""
        del kind
        return {"score": self.network(parts)}

    def finish(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the score of the one part, ()."""
        return {"score": np.asarray(outputs["score"][0])}
