"""Sound or caption to LAION-CLAP's shared space, as av-benchmark asks it.

Wu et al., ICASSP 2023 (arXiv 2211.06687). Sound shorter than ten seconds is repeated a whole number of times and filled
up with zeros; of a longer one the first ten seconds count, where the original draws a stretch at random, so that no two
of its calls agree (LAION-AI/CLAP, issue 166). Samples are not rounded to 16 bits, and captions are taken as they are.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors import byte_pairs
from vsseval.extractors.base import Audio, ExtractorSpec, Source, Video
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import centred
from vsseval.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from vsseval.networks.laion_clap import LaionClap
    from vsseval.weights.find import Weights

RATE = 48_000
LONGEST = 480_000
"""Samples: ten seconds."""
TOKENS = 77
"""Of a caption, with its beginning and end; what follows is not read."""
VOCABULARY, MERGES = "vocab.json", "merges.txt"
"""Files of RoBERTa-base's tokenizer."""

_BEGIN, _END, _PAD, _UNKNOWN, _MASK = "<s>", "</s>", "<pad>", "<unk>", "<mask>"
_SPECIAL = (
    *(byte_pairs.Special(text) for text in (_BEGIN, _PAD, _END, _UNKNOWN)),
    byte_pairs.Special(_MASK, takes_space=True),
)


class LaionClapExtractor(NetworkExtractor):
    """`embedding`, float32, (512,), of unit length, of sound or of text; satisfies `Extractor`."""

    network: LaionClap
    batch_size = 4

    def __init__(self, weights: Weights, name: str, checkpoint: str, size: str) -> None:
        """Declare; nothing is loaded before the first sound or caption.

        Args:
            weights: the checkpoint and the two files of the tokenizer.
            name: of the extractor.
            checkpoint: what the makers call it, for the description.
            size: of HTSAT, "BASE" or "TINY".
        """
        self._weights = weights
        self._size = size
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio", "text"),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC0-1.0",
            description=f"LAION-CLAP {checkpoint}, HTSAT-{size.lower()} without fusion; first 10 s, shorter: repeatpad",
        )

    def build(self) -> LaionClap:
        """Return the network; see `networks.laion_clap.build`."""
        from vsseval.networks import htsat, laion_clap

        file = self._weights.file()
        return laion_clap.build(read_state_dict(file), file, getattr(htsat, self._size))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return byte_pairs.tokenizer(self._weights.file(VOCABULARY), self._weights.file(MERGES), _SPECIAL)

    def prepare(self, source: Source) -> Parts:
        """Return ten seconds of sound (1, 480000), or the tokens of a caption (1, 2, 77): numbers, and which count.

        Raises:
            Unmeasurable: no samples, or an empty caption.
        """
        import torch

        if isinstance(source, Video):
            raise TypeError(f"{self.spec.name} takes audio or text, not Video")
        if isinstance(source, Audio):
            return Parts(torch.from_numpy(repeated(centred(source, RATE), LONGEST))[None])
        return Parts(torch.from_numpy(self.tokens(source))[None], "text")

    def tokens(self, caption: str) -> np.ndarray:
        """Return token numbers and which of them count, int64, shape (2, 77).

        Raises:
            Unmeasurable: the caption is empty.
        """
        byte_pairs.require_words(caption)
        begin, end, pad = (self._tokenizer.token_to_id(token) for token in (_BEGIN, _END, _PAD))
        body = self._tokenizer.encode(caption, add_special_tokens=False).ids[: TOKENS - 2]
        ids = [begin, *body, end]
        found = np.full((2, TOKENS), pad, np.int64)
        found[0, : len(ids)] = np.asarray(ids)
        found[1] = np.arange(TOKENS) < len(ids)
        return found

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the embeddings, (parts, 512)."""
        return {"embedding": self.network.audio(parts) if kind == "audio" else self.network.text(parts)}

    def finish(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the embedding of the one part, (512,)."""
        return {"embedding": outputs["embedding"][0]}


def repeated(samples: np.ndarray, length: int) -> np.ndarray:
    """Return `length` samples by LAION's "repeatpad": whole copies, then zeros; of a longer sound, its beginning.

    Raises:
        Unmeasurable: there are no samples.
    """
    if samples.size == 0:
        raise Unmeasurable("the audio holds no samples")
    if samples.size >= length:
        return samples[:length]
    copies = np.tile(samples, length // samples.size)
    return np.pad(copies, (0, length - copies.size))
