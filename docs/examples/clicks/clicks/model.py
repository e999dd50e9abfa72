"""A model that sets clicks at random times: nobody's rival, but all that a model has to have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vsseval.errors import UsageError
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request

RATE = 16_000
CLICK = 0.5 * np.exp(-np.arange(400) / 80.0) * np.sin(np.arange(400) * 1.1)


class ClickTrack:
    """Clicks, so many a second; `--model click_track:4` asks for four."""

    def __init__(self, a_second: float) -> None:
        # what the sound depends on, besides the request, has to show in the card: here the argument does
        self._a_second = a_second
        self.card = ModelCard(
            name="click_track", version="1", tasks=("v2s",), licence="CC0", note="Clicks at random times.",
            argument=f"{a_second:g}", uses_video=False,
        )  # fmt: skip

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output for each request; the sound depends on the request alone, its seed included."""
        for request in requests:
            random = np.random.default_rng(request.seed)
            sound = np.zeros(round(request.duration * RATE), dtype=np.float32)
            if sound.size <= CLICK.size:
                yield ModelOutput(request.id, None, RATE, error="too short for a click")
                continue
            for start in random.integers(0, sound.size - CLICK.size, max(1, round(self._a_second * request.duration))):
                sound[start : start + CLICK.size] += CLICK.astype(np.float32)
            yield ModelOutput(request.id, np.clip(sound, -1.0, 1.0), RATE)


def create(options: ModelOptions) -> ClickTrack:
    """Build the model; called often, so nothing heavy happens here."""
    try:
        a_second = float(options.argument or 2)
    except ValueError as error:
        raise UsageError(f"click_track:{options.argument}: a number is needed, as in click_track:4") from error
    return ClickTrack(a_second)
