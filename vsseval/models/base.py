"""What a model is: requests in, sound out, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.types import ModelCard, Request

__all__ = ["FinishedSound", "Model", "ModelCard", "ModelOptions", "ModelOutput", "Request", "one_by_one"]


class ModelOptions(NamedTuple):
    """What a model's factory is called with."""

    argument: str | None = None
    """The part after the colon of `--model name:argument`."""
    checkpoint: Path | None = None
    device: str = "cpu"


class ModelOutput(NamedTuple):
    """A model's answer to one request: sound, or the reason why there is none."""

    id: str
    samples: np.ndarray | None
    """float32 in [-1, 1], shape (samples,) or (channels, samples)."""
    sample_rate: int
    error: str | None = None
    missing: bool = False
    """There is nothing for this clip (no file of its name), as opposed to a failure; `error` says more."""
    picture: bytes | None = None
    """A video file, whole, whose picture was made together with the sound, on one clock (`ModelCard.own_picture`); any
    sound in it is passed over."""


def one_by_one(requests: Sequence[Request], output: Callable[[Request], ModelOutput]) -> Iterator[ModelOutput]:
    """Yield what `output` makes of each request; where it raises `Unmeasurable`, the reason why there is no sound."""
    for request in requests:
        try:
            yield output(request)
        except Unmeasurable as reason:
            yield ModelOutput(request.id, None, 0, error=str(reason))


class Model(Protocol):
    """Built once per command by the factory that its entry point names: `factory(ModelOptions) -> Model`.

    The factory is cheap: it makes the card and loads neither weights nor torch, for the card decides which
    run this is, and a finished run needs no model. Weights are loaded by the first `generate`. Everything that
    the sound depends on, besides the request, has to show in the card's version or weights.
    """

    card: ModelCard

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request, in any order, each as soon as it is ready.

        The sound of a clip must depend on its request alone (the seed is in it), never on the batch.
        """
        ...


@runtime_checkable
class FinishedSound(Model, Protocol):
    """A model that hands out sound that is there already: how many samples of a clip there are, it has to say."""

    samples: int
    """Of each clip."""

    def of_clips(self, clips: Sequence[str]) -> Self:
        """Return the same model with `samples` counted over the clips (ids) of one benchmark."""
        ...
