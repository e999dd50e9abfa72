"""Speech to letters, and letters to words, without a language model: wav2vec 2.0 and HuBERT, greedy CTC.

Baevski et al., "wav2vec 2.0", NeurIPS 2020; Hsu et al., "HuBERT", TASLP 2021; both fine-tuned on 960 h of LibriSpeech,
in the files and the architectures of torchaudio's pipelines WAV2VEC2_ASR_BASE_960H and HUBERT_ASR_LARGE. A recogniser
without a language model hears no word that was not said: a second opinion on what Whisper makes up.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.speech import RATE, not_too_long, sinc
from vsseval.extractors.waveform import fitted
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from torch import Tensor, nn

LETTERS = "-|ETAONIHSRDLUMWCFGYPBVK'XJQZ"
"""The classes of the networks; the first is CTC's blank, the second parts words."""

_FEWEST = 400
"""Samples that the first frame sees; shorter sound is filled up with zeros."""
_IDLE = slice(1, 4)
"""Classes that fairseq's dictionary left in the published files, and that torchaudio takes out."""


class CTC(NetworkExtractor):
    """One of the two recognisers."""

    batch_size = 1
    batch_size_on_device = 16

    def __init__(self, weights: Weights, kind: Literal["wav2vec2", "hubert"]) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: torchaudio's file of the network.
            kind: "wav2vec2" (base, 94 M) or "hubert" (large, 316 M).
        """
        self._weights = weights
        self._kind = kind
        name = "wav2vec 2.0 base" if kind == "wav2vec2" else "HuBERT large"
        self.spec = ExtractorSpec(
            name=f"{kind}_ctc",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description=f"words heard by {name} fine-tuned on LibriSpeech (greedy CTC, no language model)",
        )

    def build(self) -> nn.Module:
        """Return the network with its weights."""
        from vsseval.networks.skip_initial_weights import SkipInitialWeights
        from vsseval.networks.wav2vec2 import BASE, LARGE, Wav2Vec2

        file = self._weights.file()
        state = read_state_dict(file)
        for key in ("aux.weight", "aux.bias"):
            if key in state and len(state[key]) > len(LETTERS):
                state[key] = _without(state[key], _IDLE)

        def built() -> nn.Module:
            with SkipInitialWeights():
                return Wav2Vec2(BASE if self._kind == "wav2vec2" else LARGE, len(LETTERS))

        return fill_network(built, state, file, self.spec.name)

    def prepare(self, source: Source) -> Parts:
        """Return 16 kHz, shape (1, n); HuBERT's brought to mean 0 and variance 1.

        Raises:
            Unmeasurable: the audio holds no samples, or lasts longer than 120 s.
        """
        import torch

        samples = not_too_long(sinc(sound(source, self.spec.name)))
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        wave = torch.from_numpy(fitted(samples, max(samples.size, _FEWEST)))
        if self._kind == "hubert":
            wave = torch.nn.functional.layer_norm(wave, wave.shape)
        return Parts(wave.unsqueeze(0))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the likeliest class of each frame, (parts, frames)."""
        del kind
        found: Tensor = self.network(parts)
        return {"classes": found.argmax(dim=-1)}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return `text`, str (): upper-case words, empty where none was heard."""
        return {"text": np.asarray(text(outputs["classes"][0]))}


def text(classes: np.ndarray) -> str:
    """Return the words of a row of classes (frames,): equal neighbours are one, then blanks go (Graves et al. 2006)."""
    letters = "".join(LETTERS[place] for place, _ in groupby(classes.tolist()) if place)
    return " ".join(letters.replace("|", " ").split())


def _without(rows: Tensor, idle: slice) -> Tensor:
    import torch

    return torch.cat([rows[: idle.start], rows[idle.stop :]])
