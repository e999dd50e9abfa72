"""The frame of networks that hear a whole utterance at once: 16 kHz, one channel, mean 0 and variance 1."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from vsseval.extractors.base import Arrays, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.speech import RATE, voice
from vsseval.extractors.waveform import as_librosa

if TYPE_CHECKING:
    from torch import Tensor


class UtteranceExtractor(NetworkExtractor):
    """An utterance is one part, so that arrays are those of the only one."""

    batch_size = 1
    batch_size_on_device = 16

    @abstractmethod
    def normalised(self, samples: Tensor) -> Tensor:
        """Return float32 samples (n,) with mean 0 and variance 1, as the makers' front end does."""

    def prepare(self, source: Source) -> Parts:
        """Return the mean of the channels at 16 kHz, normalised, (1, n).

        Raises:
            Unmeasurable: the audio is silent, shorter than 0.1 s or longer than 120 s.
        """
        import torch

        samples = np.array(voice(as_librosa(sound(source, self.spec.name), RATE)), np.float32)
        return Parts(self.normalised(torch.from_numpy(samples))[None])

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return what was made of the one part."""
        return {name: np.asarray(values[0]) for name, values in outputs.items()}
