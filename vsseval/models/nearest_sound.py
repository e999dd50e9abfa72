"""`nearest_sound`: of up to 64 other clips of the benchmark, the recording that sounds most like the clip's own.

It hears the answer, so it is no system: it is the ceiling of retrieval, what choosing among other recordings could
reach by `sound_sim@aisfx` if it chose without a fault. What is above it was not made by choosing among so few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import Audio, load_audio, usable_seconds
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request, one_by_one
from vsseval.models.bounds import fit
from vsseval.weights import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.networks.aisfx import Aisfx
    from vsseval.types import Medium

__all__ = ["NearestSound", "nearest_sound"]

_RATE, _HOP = 16_000, 50
"""As the extractor `aisfx` hears: its rate, and frames from one window to the next."""


class NearestSound:
    """Satisfies `Model`; what a recording sounds like is worked out once for all clips that may choose it."""

    def __init__(self) -> None:
        self.card = ModelCard(
            name="nearest_sound", version="1", tasks=("v2s", "joint"), weights=shipped.AISFX, licence="Apache-2.0",
            note="Of up to 64 other clips, the recording that sounds most like the clip's own (aiSFX): "
            "the ceiling of retrieval, which hears the answer.",
            bound="others", uses_video=False,
        )  # fmt: skip
        self._network: Aisfx | None = None
        self._known: dict[tuple[str, float, float | None], np.ndarray] = {}

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield the recording of another clip, cut or padded with zeros to the duration, at its own rate."""
        return one_by_one(requests, self._output)

    def _output(self, request: Request) -> ModelOutput:
        if request.reference is None or not request.others:
            raise Unmeasurable("no reference: the benchmark has no recording for this clip, or no other one")
        own = self._embedding(request.reference, request.duration)
        near, best = None, -np.inf
        for medium in request.others:
            try:
                likeness = float(own @ self._embedding(medium, request.duration))
            except Unmeasurable:
                continue  # a recording that cannot be read is nobody's nearest
            if likeness > best:
                near, best = medium, likeness
        if near is None:
            raise Unmeasurable("none of the other recordings can be read")
        audio = _heard(near, request.duration)
        length = max(1, round(request.duration * audio.sample_rate))
        return ModelOutput(request.id, fit(audio, length), audio.sample_rate)

    def _embedding(self, medium: Medium, duration: float) -> np.ndarray:
        """Return a unit vector (512,)."""
        key = (medium.sha256, medium.start, medium.seconds)
        if key not in self._known:
            self._known[key] = self._embedded(_heard(medium, duration))
        return self._known[key]

    def _embedded(self, audio: Audio) -> np.ndarray:
        import torch

        from vsseval.networks import aisfx

        if self._network is None:
            network = aisfx.Aisfx().eval()
            network.load_state_dict(shipped.load("aisfx.safetensors", shipped.AISFX))
            self._network = aisfx.fused(network)
        frames = aisfx.log_mel(Audio(audio.mono(_RATE), _RATE).mono(aisfx.RATE))
        with torch.inference_mode():
            windows, _ = self._network(torch.from_numpy(aisfx.windows(frames, _HOP)))
        mean = windows.double().mean(dim=0).numpy()
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12))


def nearest_sound(options: ModelOptions) -> NearestSound:
    """Return the ceiling.

    Raises:
        UsageError: an argument is given.
    """
    if options.argument is not None:
        raise UsageError(f"nearest_sound takes no argument, but was given {options.argument!r}")
    return NearestSound()


def _heard(medium: Medium, duration: float) -> Audio:
    seconds = usable_seconds(duration) if medium.seconds is None else medium.seconds
    audio = load_audio(medium.path, medium.start, seconds)
    if not audio.samples.size:
        raise Unmeasurable(f"{medium.path} holds no sound")
    return audio
