"""Sound to what PANNs Cnn14 makes of it: 2048 numbers, and the logits of AudioSet's 527 classes.

Kong et al., TASLP 28, 2020. One vector for the whole sound, whatever its length. The 16 kHz network (mAP 0.438) is that
of av-benchmark and audioldm_eval, which prepare the sound differently; the 32 kHz network has mAP 0.431.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import at_least, centred, fitted, mixed
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.panns import Cnn14

Kilohertz = Literal[16, 32]
Preparation = Literal["avbench", "audioldm", "mova"]

PADDED = 32_000
"""Samples, at either rate, to which audioldm_eval fills up shorter sound."""

_DESCRIPTIONS = {
    "avbench": "mean of channels, av-benchmark's preparation",
    "audioldm": "first channel, at least 32000 samples, audioldm_eval's preparation",
    "mova": "mean of channels, cut or filled up to 10 s, MOVA's preparation",
}


class PANNs(NetworkExtractor):
    """`embedding`, float32, (2048,), not negative, and `logits`, float32, (527,); satisfies `Extractor`."""

    network: Cnn14
    batch_size_on_device = 32

    def __init__(self, weights: Weights, name: str, kilohertz: Kilohertz, preparation: Preparation) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: the makers' checkpoint of this rate.
            name: the extractor's.
            kilohertz: which of the two networks.
            preparation: whose rule the sound is prepared by.
        """
        self._weights, self._preparation = weights, preparation
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio",),
            sample_rate=1000 * kilohertz,
            weights=weights.sha256,
            licence="CC-BY-4.0",
            description=f"PANNs Cnn14 at {kilohertz} kHz, {_DESCRIPTIONS[preparation]}",
        )

    def build(self) -> Cnn14:
        """Return the network.

        Raises:
            UsageError: the file is of another network, or of the other rate.
        """
        from vsseval.networks import panns
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._weights.file()
        rate = panns.RATE_16K if self.spec.sample_rate == panns.RATE_16K.hertz else panns.RATE_32K
        weights = panns.without_tables(read_state_dict(file), rate)
        with SkipInitialWeights():
            network = fill_network(lambda: panns.Cnn14(rate), weights, file, self.spec.description.split(",")[0])
        return panns.packed(network.eval()) if self.device == "cpu" else network

    def prepare(self, source: Source) -> Parts:
        """Return the sound, (1, n). Silence is a level like any other.

        Raises:
            Unmeasurable: shorter than the network can halve.
        """
        import torch

        source = sound(source, self.spec.name)
        rate = self.spec.sample_rate or 0
        samples = self._samples(source, rate)
        least = 31 * rate // 100
        if samples.size < least:
            raise Unmeasurable(f"the audio is shorter than the 0.31 s of Cnn14 ({samples.size / rate:.3f} s)")
        return Parts(torch.from_numpy(samples)[None])

    def _samples(self, audio: Audio, rate: int) -> np.ndarray:
        if self._preparation == "avbench":
            return centred(audio, rate)
        if self._preparation == "mova":
            return fitted(mixed(audio, rate), 10 * rate)
        return at_least(centred(audio, rate, "first"), PADDED)

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return embeddings (parts, 2048) and logits (parts, 527)."""
        del kind
        embedding, logits = self.network(parts)
        return {"embedding": embedding, "logits": logits}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the only row of each."""
        return {name: rows[0] for name, rows in outputs.items()}
