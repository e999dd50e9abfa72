"""Segment tokens of a sound and of a picture to the offset that Synchformer hears and sees, in windows of 4.8 s.

Iashin et al., 'Synchformer: efficient synchronization from sparse cues', ICASSP 2024; the first and the last 14
segments, as av-benchmark scores them (av_bench/evaluate.py), or 14 after 14, as JavisBench does
(eval/javisbench/src/metrics.py): the last window ends with the clip, and fewer than 14 are repeated.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

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

Windows = Literal["both ends", "one after another"]


class SynchformerSync:
    """Puts the features of two media together; loads the network at its first use."""

    device = "cpu"

    def __init__(self, weights: Weights, name: str, tokens: str, windows: Windows = "both ends") -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: all of Synchformer's.
            name: of the variant.
            tokens: the variant of `synchformer` that it puts together.
            windows: which 14 segments are compared at once.
        """
        self._weights = weights
        self._windows: Windows = windows
        where = "the first and the last 4.8 s" if windows == "both ends" else "4.8 s after 4.8 s, shorter repeated"
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("features",),
            source_extractor=tokens,
            weights=weights.sha256,
            licence="MIT",
            description=f"Synchformer 24-01-04T16-39-21, offset classes of {where}",
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
            `logits`, float32, shape (windows, 21): of the first window and of the last, or of all, each for offsets
            from -2 to 2 s; positive where the sound comes early.

        Raises:
            Unmeasurable: sound and picture have less than 4.8 s in common, and the windows are those of both ends.
        """
        import torch

        audio, vision = (torch.from_numpy(np.asarray(one["tokens"])).to(self.device) for one in (first, second))
        common = min(len(audio), len(vision))
        if common < SEGMENTS and self._windows == "both ends":
            seconds = (FRAMES + (common - 1) * FRAMES // 2) / 25
            raise Unmeasurable(
                f"sound and picture have {seconds:.2f} s in common, and Synchformer compares no less than {SHORTEST} s"
            )
        places = torch.tensor(self._places(common), device=audio.device)
        with torch.inference_mode(), full_precision(), arithmetic(self.spec):
            logits = self.network.compare(vision[places], audio[places])
        return {"logits": logits.float().cpu().numpy()}

    def _places(self, common: int) -> list[list[int]]:
        """Return the segments of each window."""
        if self._windows == "both ends":
            begin = [0, common - SEGMENTS]
        elif common <= SEGMENTS:
            return [[place % common for place in range(SEGMENTS)]]
        else:
            begin = [min(start, common - SEGMENTS) for start in range(0, common, SEGMENTS)]
        return [[*range(start, start + SEGMENTS)] for start in begin]
