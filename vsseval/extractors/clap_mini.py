"""Sound or text to a vector in one shared space: a small contrastive encoder of our own.

The scheme is that of CLAP (Elizalde et al., ICASSP 2023); the network is some hundred times smaller and was trained
on the synthetic sounds of the mini benchmarks alone (`tools/train_clap_mini.py`; card in weights/shipped). Within their
vocabulary it tells which caption belongs to which sound; of other sounds it knows next to nothing, and other captions
have no embedding.
"""

from __future__ import annotations

import functools
import itertools
import re
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, Video
from vsseval.extractors.clap_mini_words import unread
from vsseval.networks.spectrum import log_mel, silent
from vsseval.weights import shipped as weights

if TYPE_CHECKING:
    import torch

RATE = 16_000
WEIGHTS = "e9e01bc5094f25b6a98e46414bce901e27ab8e961f51b52a44bfb24ddf251a25"
DIMENSIONS = 128
BUCKETS = 4096
"""Rows of the text table: words, pairs of words and pieces of words share them by hash."""

_SHORTEST = 0.5
"""Seconds to which shorter sounds are filled up with silence."""
_LONGEST = 30.0
"""Seconds; what follows is not read."""


class ClapMini:
    """Satisfies `Extractor`. Holds the network, loaded at the first use."""

    spec = ExtractorSpec(
        name="clap_mini",
        version="2",
        input_kinds=("audio", "text"),
        sample_rate=RATE,
        weights=WEIGHTS,
        licence="Apache-2.0",
        description="small text-audio encoder trained on the synthetic sounds of the mini benchmarks",
    )

    @functools.cached_property
    def _network(self) -> Any:
        network = build()
        network.load_state_dict(weights.load("clap_mini.safetensors", WEIGHTS))
        return network.eval()

    def extract(self, source: Source) -> Arrays:
        """Return `embedding`, float32, shape (128,), of unit length; of sound also `silent`, whether it can be heard.

        Raises:
            Unmeasurable: no samples, a text without a letter or digit, or one of other things than those that the
                network was trained on.
        """
        import torch

        if isinstance(source, Video):
            raise TypeError("clap_mini takes audio or text, not Video")
        with torch.inference_mode():
            vector = self._text(source) if isinstance(source, str) else self._audio(source)
            embedding = np.asarray(torch.nn.functional.normalize(vector, dim=1)[0].numpy(), np.float32)
        if isinstance(source, str):
            return {"embedding": embedding}
        return {"embedding": embedding, "silent": np.array(silent(source.samples))}

    def _audio(self, source: Audio) -> torch.Tensor:
        import torch

        samples = source.mono(RATE)[: round(_LONGEST * RATE)]
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        padded = np.pad(samples, (0, max(0, round(_SHORTEST * RATE) - samples.size)))
        levels = scaled(log_mel(padded))
        vector: torch.Tensor = self._network["audio"](torch.from_numpy(levels)[None, None])
        return vector

    def _text(self, source: str) -> torch.Tensor:
        import torch

        rows = tokens(source)
        if not rows:
            raise Unmeasurable(f"the caption {source!r} holds no word")
        why = unread(source)
        if why is not None:
            raise Unmeasurable(f"unknown, the caption {source!r} is outside the twelve classes: {why}")
        vector: torch.Tensor = self._network["text"](torch.tensor([rows]))
        return vector


def build() -> torch.nn.ModuleDict:
    """Return the untrained network: `audio` takes (b, 1, windows, 64), `text` rows (b, n); both give (b, 128)."""
    from torch import nn

    def block(have: int, want: int) -> list[nn.Module]:
        return [nn.Conv2d(have, want, 3, padding=1, bias=False), nn.BatchNorm2d(want), nn.ReLU(), nn.MaxPool2d(2)]

    audio = nn.Sequential(
        nn.AvgPool2d((2, 1)), *block(1, 16), *block(16, 32), *block(32, 64), *block(64, 128),
        # Mean over time of each of four stretches of frequency: which band sounds is kept, when it sounds is not.
        nn.AdaptiveAvgPool2d((1, 4)), nn.Flatten(), nn.Linear(512, 192), nn.ReLU(), nn.Linear(192, DIMENSIONS),
    )  # fmt: skip
    text = nn.Sequential(
        nn.EmbeddingBag(BUCKETS, 64, mode="mean"), nn.Linear(64, 192), nn.ReLU(), nn.Linear(192, DIMENSIONS)
    )
    return nn.ModuleDict({"audio": audio, "text": text})


def scaled(levels: np.ndarray) -> np.ndarray:
    """Return what the network reads: log-mel levels brought to about -1..3, float32 of the same shape."""
    return ((levels + 3.0) / 2.0).astype(np.float32)


def tokens(text: str) -> list[int]:
    """Return the table rows of a text: its words, pairs of neighbouring words, and pieces of three to five letters."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    pairs = [f"{a} {b}" for a, b in itertools.pairwise(words)]
    pieces = [
        f"<{word}>"[start : start + size]
        for word in words
        for size in (3, 4, 5)
        for start in range(max(0, len(word) + 3 - size))
    ]
    return [zlib.crc32(piece.encode()) % BUCKETS for piece in [*(f"={word}" for word in words), *pairs, *pieces]]
