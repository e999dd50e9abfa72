"""Sound to OpenL3's embeddings of its seconds, every half second: what FD-OpenL3 and MMD-OpenL3 are computed on.

Cramer et al., ICASSP 2019; the network for sounds of the environment, 256 mel bands, 512 numbers. Two evaluators use
it and prepare the sound differently: stable-audio-metrics hears both channels, by their examples up to 44.1 kHz, with
the peak at -1 dBFS; SoundReactor's hears the mean of the channels, as loud as it is, in 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, sound
from vsseval.extractors.kaiser import kaiser_best
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import mixed
from vsseval.networks.state_dict import fill_network, read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.openl3 import OpenL3
    from vsseval.weights.find import Weights

Preparation = Literal["stableaudio", "soundreactor"]

RATE, BAND_RATE = 48_000, 44_100
HOP = 0.5
"""Seconds."""
PEAK = 10 ** (-1 / 20)
STEPS = 32_767
"""Of SoundReactor's 16 bits, towards zero."""

_DESCRIPTIONS = {
    "stableaudio": "left and right, peak at -1 dBFS, 44.1 kHz, as in stable-audio-metrics",
    "soundreactor": "mean of the channels, 16 bit, as in soundreactor_v2a_eval",
}


class OpenL3Embeddings(NetworkExtractor):
    """`seconds`, float32, (k >= 1, 512), or (k, 1024) of left and right; satisfies `Extractor`."""

    network: OpenL3
    batch_size = 2
    batch_size_on_device = 64

    def __init__(self, weights: Weights, name: str, preparation: Preparation) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: torchopenl3's file for the environment, 256 mel bands, 512 numbers.
            name: the extractor's.
            preparation: whose rule the sound is prepared by.
        """
        self._weights, self._stereo = weights, preparation == "stableaudio"
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-4.0",
            description=f"OpenL3 (env, mel256, 512) every {HOP} s; {_DESCRIPTIONS[preparation]}",
        )

    def build(self) -> OpenL3:
        """Return the network.

        Raises:
            UsageError: the file is of another network.
        """
        from vsseval.networks.openl3 import OpenL3
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._weights.file()
        with SkipInitialWeights():
            return fill_network(OpenL3, read_state_dict(file), file, "OpenL3 (mel256)")

    def prepare(self, source: Source) -> Parts:
        """Return the seconds of the mean of the channels, or of left and then of right, (k, 48000).

        Raises:
            Unmeasurable: there are no samples, or the sound is zero throughout and its peak cannot be set.
        """
        import torch

        from vsseval.networks.openl3 import seconds

        source = sound(source, self.spec.name)
        if source.samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        heard = sides(source) if self._stereo else [sixteen_bit(mixed(source, RATE, functional=True))]
        return Parts(torch.from_numpy(np.concatenate([seconds(samples, HOP) for samples in heard])))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the embeddings of seconds, (parts, 512)."""
        del kind
        return {"seconds": self.network(parts)}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the embeddings; of left and right side by side."""
        found = outputs["seconds"]
        return {"seconds": np.concatenate(np.split(found, 2), axis=1) if self._stereo else found}


def sides(audio: Audio) -> list[np.ndarray]:
    """Return left and right at 48 kHz, (n,) each, in the band of 44.1 kHz; sound of one channel twice.

    Raises:
        Unmeasurable: the sound is zero throughout, or its rate has too little in common with 44.1 kHz.
    """
    import soxr

    peak = float(np.abs(audio.samples).max())
    if not peak:
        raise Unmeasurable("the audio is silent: its peak cannot be brought to a level")
    # in single precision as there: the network hears 160 dB below the loudest, and so the rounding of empty bands
    both = audio.samples[:2] * np.float32(PEAK / peak)
    if audio.sample_rate != BAND_RATE:
        both = np.stack([soxr.resample(channel, audio.sample_rate, BAND_RATE) for channel in both])
    found = [kaiser_best(channel, BAND_RATE, RATE) for channel in both]
    return [found[0], found[-1]]


def sixteen_bit(samples: np.ndarray) -> np.ndarray:
    """Return samples cut to [-1, 1] and rounded towards zero to steps of 1/32767, float32."""
    whole = np.trunc(np.clip(samples, -1.0, 1.0) * np.float32(STEPS))
    return np.asarray(whole / np.float32(STEPS), np.float32)
