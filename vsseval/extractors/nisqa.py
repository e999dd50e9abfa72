"""Speech to the opinion scores that NISQA predicts: its quality and four dimensions, or how natural it is (NISQA-TTS).

Mittag et al., Interspeech 2021 and 2020 (see `networks.nisqa`), as in gabrielmittag/NISQA fe84f0f. The mean of the
channels is heard at the sound's own rate, so that what a system's rate cannot carry counts as lost: bring all sides to
one rate where that is not wanted. The makers refuse what is longer than a minute until a setting is changed; here any
length is heard, with the numbers that this setting gives. Silence has no quality of speech, where they say 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.networks.spectrum import silent

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.networks.nisqa import Nisqa
    from vsseval.weights.find import Weights


class NisqaScores(NetworkExtractor):
    """`mos`, and of NISQA `noisiness`, `discontinuity`, `coloration`, `loudness`: float32, (), about 1 to 5.

    Satisfies `Extractor`.
    """

    network: Nisqa
    batch_size = 1
    batch_size_on_device = 16

    def __init__(self, weights: Weights, name: str, description: str) -> None:
        """Declare; nothing is loaded before the first sound.

        Args:
            weights: the makers' file.
            name: the extractor's.
            description: what the file holds.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio",),
            weights=weights.sha256,
            licence="CC-BY-NC-SA-4.0",
            description=description,
        )

    def build(self) -> Nisqa:
        """Return the network; see `networks.nisqa.build`."""
        from vsseval.networks import nisqa

        return nisqa.build(self._weights.file())

    def prepare(self, source: Source) -> Parts:
        """Return the spectrogram of the mean of the channels, (1, bands, frames).

        Raises:
            Unmeasurable: the sound is silent (peak below -60 dBFS), shorter than one window of the network (0.14 s), or
                of a rate that its transform has no room for.
        """
        import torch

        from vsseval.networks.nisqa import log_mel

        source = sound(source, self.spec.name)
        samples, rate, made = source.mono(source.sample_rate), source.sample_rate, self.network.settings
        window, hop = made.samples(rate)
        if hop == 0 or window > made.ms_n_fft:
            raise Unmeasurable(f"NISQA does not hear sound at {rate} Hz: bring the file to a customary rate first")
        if samples.size < (made.ms_seg_length - 1) * hop:
            least = (made.ms_seg_length - 1) * made.ms_hop_length
            raise Unmeasurable(f"the audio is shorter than {least:.2f} s ({samples.size / rate:.4f} s)")
        if silent(samples):
            raise Unmeasurable("the audio is silent")
        return Parts(torch.from_numpy(log_mel(samples, rate, made))[None])

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the scores, (parts,) each."""
        del kind
        return dict(zip(self.network.settings.scores, self.network(parts).unbind(1), strict=True))

    def finish(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the scores of the one part, () each."""
        return {name: np.asarray(values[0]) for name, values in outputs.items()}
