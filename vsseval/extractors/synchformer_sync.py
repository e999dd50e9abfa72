"""Segment tokens of a sound and of a picture to the offset that Synchformer hears and sees, in two windows of 4.8 s.

Iashin et al., 'Synchformer: efficient synchronization from sparse cues', ICASSP 2024; the first and the last 14
segments, as av-benchmark scores them (av_bench/evaluate.py).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, computed_fast, computed_on
from vsseval.extractors.network import arithmetic, full_precision
from vsseval.extractors.synchformer import FRAMES, load
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from vsseval.networks.synchformer import Synchformer

SEGMENTS = 14
SHORTEST = 4.8
"""Seconds that 14 segments cover: 0.64 and 13 times 0.32."""


class SynchformerSync:
    """Puts the features of two media together; loads the network at its first use."""

    device = "cpu"

    def __init__(self, weights: Weights, name: str, tokens: str) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: all of Synchformer's.
            name: of the variant.
            tokens: the variant of `synchformer` that it puts together.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("features",),
            source_extractor=tokens,
            weights=weights.sha256,
            licence="MIT",
            description="Synchformer 24-01-04T16-39-21, offset classes of the first and the last 4.8 s",
        )

    def on(self, device: str) -> None:
        """Choose where the network runs, before its first use."""
        self.device = device
        self.spec = computed_on(self.spec, device)

    def compute_fast(self) -> None:
        """Compute in bfloat16, as what it reads was: of such tokens the offsets are other features."""
        self.spec = computed_fast(self.spec)

    @cached_property
    def network(self) -> Synchformer:
        """The network, built at its first use."""
        return load(self._weights.file()).to(self.device)

    def combine(self, first: Arrays, second: Arrays) -> Arrays:
        """Compare a sound with a picture.

        Both are cut to the segments that they have in common, from the start. Where there are fewer than 28, the
        windows overlap; with exactly 14 they are one and the same; beyond 9.28 s the middle is not seen.

        Args:
            first: features that `synchformer` makes of the sound.
            second: features that `synchformer` makes of the video.

        Returns:
            `logits`, float32, shape (2, 21): of the first window and of the last, each for offsets from -2 to 2 s;
            positive where the sound comes early.

        Raises:
            Unmeasurable: sound and picture have less than 4.8 s in common.
        """
        import torch

        audio, vision = (torch.from_numpy(np.asarray(one["tokens"])).to(self.device) for one in (first, second))
        common = min(len(audio), len(vision))
        if common < SEGMENTS:
            seconds = (FRAMES + (common - 1) * FRAMES // 2) / 25
            raise Unmeasurable(
                f"sound and picture have {seconds:.2f} s in common, and Synchformer compares no less than {SHORTEST} s"
            )
        windows = slice(0, SEGMENTS), slice(common - SEGMENTS, common)
        with torch.inference_mode(), full_precision(), arithmetic(self.spec):
            logits = self.network.compare(
                torch.stack([vision[window] for window in windows]), torch.stack([audio[window] for window in windows])
            )
        return {"logits": logits.float().cpu().numpy()}
