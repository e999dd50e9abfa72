"""Looks at a model's answer before it is believed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.border.blame import readable
from vsseval.media import usable_seconds

if TYPE_CHECKING:
    from vsseval.models.base import ModelOutput
    from vsseval.types import Request

RATES = (4_000, 192_000)
"""Samples per second between which a sound is believed."""
MOST_CHANNELS = 8
"""FLAC holds no more; more is an array with its axes swapped."""
TOLERANCE = 0.5
"""Seconds by which a sound may miss the length that was asked for without a note.

A sound is scored as the model gave it: cutting or padding would hide from the metrics what a listener hears. Only what
lies beyond twice the clip and ten seconds is cut off (`usable_seconds`), with the note.
"""


class ValidatedOutput(NamedTuple):
    """A sound that can be written, or the reason why there is none."""

    samples: np.ndarray | None = None
    """float32, shape (n,) or (channels, n), finite."""
    sample_rate: int = 0
    note: str | None = None
    peak: float = 0.0
    """Greatest magnitude."""
    error: str | None = None


def validate_output(output: ModelOutput, request: Request) -> ValidatedOutput:
    """Return the sound of an output if it is one.

    Args:
        output: the model's answer.
        request: what was asked.

    Returns:
        The sound, with a note where it is clipped or not as long as asked; or an error.
    """
    if output.error is not None:
        return ValidatedOutput(error=output.error or "the model gave an empty reason")
    if output.missing:
        return ValidatedOutput(error="the model has nothing for this clip")
    if output.samples is None:
        return ValidatedOutput(error="the model gave neither sound nor a reason")
    samples = np.asarray(output.samples)
    fault = _fault(samples, output.sample_rate)
    if fault is not None:
        return ValidatedOutput(error=fault)
    rate = int(output.sample_rate)
    usable = samples[..., : math.ceil(usable_seconds(request.duration) * rate)]
    peak = float(np.abs(usable).max())
    note = _note(usable, rate, request.duration, peak, longer=usable.shape[-1] < samples.shape[-1])
    return ValidatedOutput(usable.astype(np.float32, copy=False), rate, note=note, peak=peak)


def _fault(samples: np.ndarray, rate: object) -> str | None:
    if not np.issubdtype(samples.dtype, np.floating):
        return f"the samples are of type {samples.dtype}: floating point in [-1, 1] is needed"
    if samples.ndim not in {1, 2} or (samples.ndim == 2 and not 1 <= samples.shape[0] <= MOST_CHANNELS):
        return f"the samples have shape {samples.shape}: (samples,) or (channels, samples) is needed"
    if samples.size == 0:
        return "the sound is empty (0 samples)"
    bad = int(samples.size - np.count_nonzero(np.isfinite(samples)))
    if bad:
        return f"{bad} of {samples.size} samples are NaN or infinite"
    real = int | float | np.integer | np.floating
    if not isinstance(rate, real) or not RATES[0] <= rate <= RATES[1] or int(rate) != rate:
        return f"a sample rate of {readable(rate)} is impossible: {RATES[0]} to {RATES[1]} Hz"
    return None


def _note(samples: np.ndarray, rate: int, wanted: float, peak: float, *, longer: bool) -> str | None:
    notes = []
    if peak > 1.0:
        notes.append(f"clipped: the peak was {peak:.3g}")
    seconds = samples.shape[-1] / rate
    if abs(seconds - wanted) > TOLERANCE:
        rest = ", and longer: the rest is cut off" if longer else ""
        notes.append(f"{seconds:.2f} s long{rest}, {wanted:.2f} s were asked for")
    return "; ".join(notes) or None
