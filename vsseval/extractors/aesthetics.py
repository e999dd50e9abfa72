"""Sound to what listeners would say of it on four axes, by Meta's Audiobox aesthetics.

Tjandra et al., 2025 (arXiv 2502.05139): windows of ten seconds without overlap, the last one filled up with zeros that
the network does not look at, and a mean weighted by the seconds that each window holds. In single precision: the
makers' switch to half precision has no effect either.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors.base import ExtractorSpec, Source, sound
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.waveform import mixed
from vsseval.networks.state_dict import read_state_dict

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from vsseval.networks.aesthetics import Aesthetics as Network
    from vsseval.networks.aesthetics import Scale
    from vsseval.weights.find import Weights

RATE = 16_000
WINDOW = 10 * RATE
"""Samples."""
AXES = ("ce", "cu", "pc", "pq")
"""Names of the features, in the order of the network's axes."""
CONFIGURATION = "config.json"

_FIXED = {"proj_ln": True, "proj_act_fn": "gelu", "nth_layer": 13, "use_weighted_layer_sum": True,
          "normalize_embed": True, "output_dim": 1}  # fmt: skip
"""What the published configuration says, and the network here takes for granted."""


class Aesthetics(NetworkExtractor):
    """`ce`, `cu`, `pc` and `pq`, float32, (), about 1 to 10; satisfies `Extractor`."""

    network: Network
    batch_size = 1
    batch_size_on_device = 16

    def __init__(self, weights: Weights) -> None:
        """Declare; nothing is loaded before the first sound.

        Args:
            weights: the checkpoint and its configuration.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="aesthetics",
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-4.0",
            description="Audiobox aesthetics: enjoyment, usefulness, complexity, quality; windows of 10 s",
        )

    def build(self) -> Network:
        """Return the network; see `networks.aesthetics.build`."""
        from vsseval.networks import aesthetics

        layers, scales = self._configuration
        file = self._weights.file()
        return aesthetics.build(read_state_dict(file), file, layers, scales)

    @cached_property
    def _configuration(self) -> tuple[int, tuple[Scale, ...]]:
        return configuration(self._weights.file(CONFIGURATION))

    def prepare(self, source: Source) -> Parts:
        """Return windows and where they hold sound, (w, 2, 160000). Silence is scored like any other sound.

        Raises:
            Unmeasurable: there are no samples.
        """
        import torch

        source = sound(source, "aesthetics")
        samples = mixed(source, RATE, functional=True)
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        windows = -(-samples.size // WINDOW)
        both = np.zeros((2, windows * WINDOW), np.float32)
        both[0, : samples.size], both[1, : samples.size] = samples, 1.0
        return Parts(torch.from_numpy(both.reshape(2, windows, WINDOW).transpose(1, 0, 2).copy()))

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the answers (parts, 4) and the seconds that each window holds (parts,)."""
        del kind
        return {"answers": self.network(parts[:, 0], parts[:, 1]), "seconds": parts[:, 1].sum(1) / RATE}

    def finish(self, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the four means over the windows, weighted by their seconds, () each."""
        means = np.average(outputs["answers"], axis=0, weights=outputs["seconds"]).astype(np.float32)
        return {axis: np.asarray(mean) for axis, mean in zip(AXES, means, strict=True)}


def configuration(file: Path) -> tuple[int, tuple[Scale, ...]]:
    """Return the linear layers of each perceptron and the scales of the axes, from the makers' configuration.

    Raises:
        UsageError: it is unreadable, or of a network of another kind.
    """
    from vsseval.networks.aesthetics import AXES as PUBLISHED
    from vsseval.networks.aesthetics import Scale

    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        layers = int(content["proj_num_layer"])
        targets = content["target_transform"]
        scales = tuple(Scale(float(targets[axis]["mean"]), float(targets[axis]["std"])) for axis in PUBLISHED)
        other = [f"{key} = {content.get(key)!r}" for key, value in _FIXED.items() if content.get(key, value) != value]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is not the configuration of Audiobox aesthetics: {error!r}") from error
    if other:
        raise UsageError(f"{file} describes another network than the published one: {', '.join(other)}")
    return layers, scales
