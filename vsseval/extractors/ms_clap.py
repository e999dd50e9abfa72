"""Sound or caption to MS-CLAP's shared space: the network of 2023, on the first seven seconds.

Elizalde et al., ICASSP 2024 (arXiv 2309.05767). The original draws seven seconds of a longer sound at random, so that
no two of its calls agree, and lays the channels of a file end to end; here the first seven seconds of their mean count.
A shorter sound is repeated, its last copy cut.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors import byte_pairs
from vsseval.extractors.base import Audio, ExtractorSpec, Source, Video
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import mixed
from vsseval.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from vsseval.networks.ms_clap import MsClap
    from vsseval.weights.find import Weights

RATE = 44_100
LONGEST = 7 * RATE
"""Samples."""
TOKENS = 77
"""To which captions are filled up; longer ones are read to their end, as by the original."""
LONGEST_TEXT = 1024
"""Tokens that GPT-2 has positions for."""
VOCABULARY, MERGES = "vocab.json", "merges.txt"
"""Files of GPT-2's tokenizer."""

_END, _PAD = "<|endoftext|>", "!"
_SPECIAL = (byte_pairs.Special(_END), byte_pairs.Special(_PAD))
"""The makers pad with "!", GPT-2's number 0, which makes it a token that is never joined to its neighbours."""


class MsClapExtractor(NetworkExtractor):
    """`embedding`, float32, (1024,), of unit length, of sound or of text; satisfies `Extractor`."""

    network: MsClap
    batch_size = 4

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first sound or caption.

        Args:
            weights: the checkpoint and the two files of the tokenizer.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="ms_clap",
            version="1",
            input_kinds=("audio", "text"),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MS-PL",
            description="MS-CLAP of 2023 (HTSAT, GPT-2), on the first 7 s; shorter sounds are repeated",
        )

    def build(self) -> MsClap:
        """Return the network; see `networks.ms_clap.build`."""
        from vsseval.networks import ms_clap

        file = self._weights.file()
        return ms_clap.build(read_state_dict(file), file)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return byte_pairs.tokenizer(self._weights.file(VOCABULARY), self._weights.file(MERGES), _SPECIAL)

    def prepare(self, source: Source) -> Parts:
        """Return seven seconds of sound (1, 308700), or the token numbers of a caption (1, 77 or more).

        Raises:
            Unmeasurable: no samples, an empty caption, or one of more than 1024 tokens.
        """
        import torch

        if isinstance(source, Video):
            raise TypeError("ms_clap takes audio or text, not Video")
        if isinstance(source, Audio):
            return Parts(torch.from_numpy(looped(mixed(source, RATE), LONGEST))[None])
        return Parts(torch.from_numpy(self.tokens(source))[None], "text")

    def tokens(self, caption: str) -> np.ndarray:
        """Return token numbers, int64, shape (77,), or longer for a longer caption.

        Raises:
            Unmeasurable: the caption is empty, or has more than 1024 tokens.
        """
        byte_pairs.require_words(caption)
        ids = self._tokenizer.encode(f"{caption} {_END}", add_special_tokens=False).ids
        if len(ids) > LONGEST_TEXT:
            raise Unmeasurable(f"the caption has {len(ids)} tokens, more than the {LONGEST_TEXT} that GPT-2 can read")
        found = np.zeros(max(TOKENS, len(ids)), np.int64)
        found[: len(ids)] = ids
        return found

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the embeddings, (parts, 1024)."""
        return {"embedding": self.network.audio(parts) if kind == "audio" else self.network.text(parts)}

    def finish(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the embedding of the one part, (1024,)."""
        return {"embedding": outputs["embedding"][0]}


def looped(samples: np.ndarray, length: int) -> np.ndarray:
    """Return `length` samples: the sound over and over, cut at the end.

    Raises:
        Unmeasurable: there are no samples.
    """
    if samples.size == 0:
        raise Unmeasurable("the audio holds no samples")
    return np.resize(samples, length) if samples.size < length else samples[:length]
