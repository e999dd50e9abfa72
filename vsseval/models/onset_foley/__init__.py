"""`onset_foley`: what a plain foley machine does for video-to-sound. A real baseline, not a bound.

It finds the visible events by motion analysis, tells the class of the scene among those it was trained on, and
places recorded sounds of that class: single ones at the events, or a texture that follows the visible intensity.
Weights and sounds come from the rendered training split (`python -m tools.onset_foley.build`). A scene of
none of its classes gets the sounds of the one that moves most alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import Video
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request, one_by_one
from vsseval.models.onset_foley.bank import Bank, digest, load
from vsseval.models.onset_foley.motion import FPS, SIDE
from vsseval.models.onset_foley.recognise import FACE, Seen, classify, events, intensity, look, timbre
from vsseval.models.onset_foley.sounds import RATE, follow_intensity, place, room
from vsseval.models.onset_foley.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["OnsetFoley", "analysis_rate", "onset_foley_model", "recognised"]

_VERSION = "1"
_PEAK = 0.95
_SLOWEST = 20.0
"""Frames a second."""
_AMONG = 2
"""Sounds of the nearest timbres among which the seed chooses."""


def onset_foley_model(options: ModelOptions) -> OnsetFoley:
    """Return the model; its data are read at the first request.

    Raises:
        UsageError: an argument is given.
        EnvironmentFault: the data that ship with it are gone.
    """
    if options.argument is not None:
        raise UsageError(
            f"onset_foley takes no argument, but was given {options.argument!r}: write --model onset_foley"
        )
    return OnsetFoley()


class OnsetFoley:
    """Satisfies `Model`."""

    def __init__(self) -> None:
        self.card = ModelCard(
            name="onset_foley",
            version=_VERSION,
            tasks=("v2s", "joint"),
            weights=digest(),
            licence="Apache-2.0",
            note=(
                "Visible events by motion analysis, twelve scene classes told by a linear classifier, sounds placed "
                "from the rendered training split; other scenes get the sounds of what moves alike, and nothing speaks."
            ),
        )
        self._bank: Bank | None = None

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request, at 16 kHz, one channel."""
        return one_by_one(requests, self._output)

    def _output(self, request: Request) -> ModelOutput:
        if request.video is None:
            raise Unmeasurable("no video: onset_foley has nothing to look at")
        video = Video(request.video.path)
        rate = analysis_rate(video.fps)
        frames = video.frames(rate, (SIDE, SIDE))
        length = max(1, round(request.duration * RATE))
        samples = self.sound(frames, length, request.seed, rate=rate, beside=bool(request.transcript))
        return ModelOutput(request.id, samples, RATE)

    def sound(
        self, frames: np.ndarray, length: int, seed: int, *, rate: float = FPS, beside: bool = False
    ) -> np.ndarray:
        """Make the sound of some pictures.

        Args:
            frames: uint8, shape (T, 64, 64, 3).
            length: samples wanted.
            seed: decides among equally good sounds, and small differences of level.
            rate: frames a second, 20 to 37.5.
            beside: whether someone speaks, and the sounding thing is to be sought beside the face.

        Returns:
            float32 in [-1, 1], shape (length,).
        """
        bank = self._load()
        rng = np.random.Generator(np.random.PCG64(seed))
        seen, label = recognised(bank, frames, beside=beside)
        expected = timbre(bank.weights, seen, label)
        choices = bank.events.get(label) or bank.textures[label]
        order = np.argsort([np.linalg.norm(choice.spectrum - expected) for choice in choices], kind="stable")
        chosen = int(order[:_AMONG][int(rng.integers(min(_AMONG, len(order))))])
        if label in bank.events:
            track = place(bank.events[label][chosen], events(bank.weights, seen, label, rate), length, rng)
        else:
            track = follow_intensity(
                bank.textures[label][chosen], intensity(bank.weights, seen, label, rate), length, rng
            )
        track += room(length, rng)
        return np.asarray(track * min(1.0, _PEAK / max(float(np.abs(track).max()), 1e-9)), np.float32)

    def _load(self) -> Bank:
        if self._bank is None:
            self._bank = load()
        return self._bank


def analysis_rate(fps: float) -> float:
    """Return the rate at which to look at a video of `fps` frames a second: its own or a whole fraction of it.

    Frames that are dropped or doubled now and then, to make 30 a second into 25, look like blows five times a second.
    Only very slow video is brought to 25.
    """
    found = fps / max(1, round(fps / FPS))
    return found if found >= _SLOWEST else FPS


def recognised(bank: Bank, frames: np.ndarray, *, beside: bool) -> tuple[Seen, str]:
    """Return the clip, or the window of it that shows no face, and the most likely class of sounding object.

    Args:
        bank: weights.
        frames: uint8, shape (T, 64, 64, 3).
        beside: whether to choose among the windows beside a face.
    """
    found = [look(window) for window in windows(frames)] if beside else [look(frames)]
    odds = [classify(bank.weights, seen) for seen in found]
    best = min(range(len(found)), key=lambda index: odds[index][FACE])
    return found[best], max((name for name in odds[best] if name != FACE), key=odds[best].__getitem__)
