"""The frame of networks that hear a whole utterance at once, at 16 kHz."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from vsseval.extractors.base import Arrays, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts

if TYPE_CHECKING:
    from torch import Tensor

    from vsseval.extractors.base import Audio


class UtteranceExtractor(NetworkExtractor):
    """An utterance is one part, so that arrays are those of the only one."""

    batch_size = 1
    batch_size_on_device = 16

    @abstractmethod
    def heard(self, audio: Audio) -> Tensor:
        """Return one channel at 16 kHz, scaled as the network wants it: float32, shape (n,).

        Raises:
            Unmeasurable: there is no voice to hear.
        """

    def prepare(self, source: Source) -> Parts:
        """Return the utterance, (1, n).

        Raises:
            Unmeasurable: the audio is silent, or shorter or longer than the network can hear.
        """
        return Parts(self.heard(sound(source, self.spec.name)).unsqueeze(0))

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return what was made of the one part."""
        return {name: np.asarray(values[0]) for name, values in outputs.items()}
