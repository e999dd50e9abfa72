"""Sound to VGGish's embeddings of its patches of 0.96 s, as FAD is computed on them.

Hershey et al., ICASSP 2017; Kilgour et al., "Fréchet Audio Distance", Interspeech 2019. 128 numbers before the last
ReLU, neither whitened nor rounded, as in av-benchmark and audioldm_eval, which prepare the sound differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Audio, ExtractorSpec, Source, sound
from vsseval.extractors.kaiser import kaiser_best
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import centred
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.vggish import VGGishNetwork

RATE = 16_000


class VGGish(NetworkExtractor):
    """`patches`, float32, (p >= 1, 128): one row for each whole 0.96 s. Satisfies `Extractor` and `BatchExtractor`."""

    network: VGGishNetwork
    batch_size = 16
    batch_size_on_device = 256
    gains_by_half = True

    preparation = "av-benchmark's preparation"

    def __init__(self, weights: Weights, name: str = "vggish") -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: harritaylor/torchvggish's file.
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
            description=f"VGGish embeddings of 0.96 s, no PCA, no last ReLU, {self.preparation}",
        )

    def build(self) -> VGGishNetwork:
        """Return the network.

        Raises:
            UsageError: the file is of another network.
        """
        import torch
        from torch.nn.utils import convert_conv2d_weight_memory_format

        from vsseval.networks.skip_initial_weights import SkipInitialWeights
        from vsseval.networks.vggish import VGGishNetwork

        file = self._weights.file()
        with SkipInitialWeights():
            network = fill_network(VGGishNetwork, read_state_dict(file), file, "VGGish")
        # channels last is how convolutions are quickest on a processor
        return convert_conv2d_weight_memory_format(network, torch.channels_last)

    def prepare(self, source: Source) -> Parts:
        """Return the log-mel patches, (p, 96, 64). Silence is a level like any other.

        Raises:
            Unmeasurable: shorter than one patch.
        """
        import torch

        from vsseval.networks.vggish import LEAST, patches

        source = sound(source, self.spec.name)
        samples = self.samples(source)
        if samples.size < LEAST:
            raise Unmeasurable(
                f"the audio is shorter than one patch of VGGish, {LEAST / RATE} s ({samples.size / RATE:.3f} s)"
            )
        return Parts(torch.from_numpy(patches(samples)))

    def samples(self, audio: Audio) -> np.ndarray:
        """Return 16 kHz mono, shape (n,).

        Raises:
            Unmeasurable: the file's rate has too little in common with 16 kHz.
        """
        return centred(audio, RATE)

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the embeddings of patches, (parts, 128)."""
        del kind
        return {"patches": self.network(parts)}


class VGGish16Bit(VGGish):
    """VGGish on sound as audioldm_eval's FAD loads it (audioldm_eval/metrics/fad.py)."""

    preparation = "16 bit, mean of channels, resampy, audioldm_eval's preparation"

    def samples(self, audio: Audio) -> np.ndarray:
        """Return 16 kHz mono with its offset, float64, shape (n,).

        Samples are cut to 16 bit, which leaves files of 16 bit as they are. (Files of floating-point samples come out
        of the original's reader as noughts and ones; that is not repeated here.)

        Raises:
            Unmeasurable: the file's rate has too little in common with 16 kHz.
        """
        whole = np.clip(np.floor(audio.samples.astype(np.float64) * 32_768), -32_768, 32_767)
        return kaiser_best(whole.mean(axis=0) / 32_768, audio.sample_rate, RATE)


class VGGishSide(VGGish):
    """VGGish on half of the difference of the channels: what is not in the middle (soundreactor_v2a_eval)."""

    preparation = "left less right, av-benchmark's preparation"

    def samples(self, audio: Audio) -> np.ndarray:
        """Return the side at 16 kHz, shape (n,); that of one channel is silent.

        Raises:
            Unmeasurable: more than two channels, or the file's rate has too little in common with 16 kHz.
        """
        return centred(audio, RATE, "side")
