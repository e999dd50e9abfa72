"""The benchmark's own recordings, made worse by a known amount: what `vsseval calibrate` tests metrics with.

`degraded:noise=10` gives every clip its recording with white noise at 10 dB. Only a system whose faults are known can
say whether a metric sees them.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.faults import FAULTS, Fault
from vsseval.media import load_audio
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request, one_by_one
from vsseval.models.degraded.kinds import APPLY, Sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vsseval.types import Medium

_VERSION = "1"


class Degraded:
    """Satisfies `Model`; one kind of fault at one level."""

    def __init__(self, fault: Fault, level: float) -> None:
        self._fault = fault
        self._level = level
        self.card = ModelCard(
            name=fault.model(level),
            version=_VERSION,
            tasks=fault.tasks,
            licence="Apache-2.0",
            note=f"The clips' own recordings: {fault.description.format(level=level)}.",
            bound="both" if fault.needs_other else "own",
            uses_video=False,
        )

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield each clip's recording with the fault, at its own rate, made from the request alone."""
        return one_by_one(requests, self._output)

    def _output(self, request: Request) -> ModelOutput:
        if request.reference is None:
            raise Unmeasurable("no reference: the benchmark has no recording for this clip")
        own = _sound(request.reference)
        other = _sound(request.other) if request.other is not None else None
        made = APPLY[self._fault.name](own, self._level, request, other, self._draw(request))
        length = max(1, round(request.duration * made.rate))
        kept = made.samples[:, :length]
        padded = np.pad(kept, ((0, 0), (0, length - kept.shape[1])))
        return ModelOutput(request.id, np.clip(padded, -1, 1).astype(np.float32), made.rate)

    def _draw(self, request: Request) -> np.random.Generator:
        """Return the clip's own stream; the same for all levels of a kind, so that a worse one holds a milder one."""
        return np.random.Generator(np.random.PCG64([request.seed, zlib.crc32(self._fault.name.encode())]))


def degraded_model(options: ModelOptions) -> Degraded:
    """Return the model of `degraded:KIND=LEVEL`.

    Raises:
        UsageError: no argument, an unknown kind, or a level that is no number or out of range.
    """
    usage = f"write --model degraded:KIND=LEVEL; kinds: {', '.join(FAULTS)}"
    if not options.argument:
        raise UsageError(f"degraded needs to know what fault, and how much of it: {usage}")
    name, equals, text = options.argument.partition("=")
    fault = FAULTS.get(name)
    if fault is None or not equals:
        raise UsageError(f"degraded:{options.argument} names no kind and level: {usage}")
    try:
        level = float(text)
    except ValueError:
        raise UsageError(f"degraded:{options.argument}: {text!r} is no number: {usage}") from None
    if not fault.minimum <= level <= fault.maximum:
        raise UsageError(
            f"degraded:{options.argument}: the level lies between {fault.minimum:g} and {fault.maximum:g} {fault.unit}"
        )
    return Degraded(fault, level)


def _sound(medium: Medium) -> Sound:
    audio = load_audio(medium.path, medium.start, medium.seconds)
    return Sound(audio.samples, audio.sample_rate)
