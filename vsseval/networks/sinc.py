"""Resampling by a sinc of six zero crossings under a squared cosine: to the bit what torchaudio's default does.

Smith, "Digital audio resampling", CCRMA, 2002. Evaluators resample in two ways that differ in the last bits: the
transform of torchaudio computes the filter in double precision and rounds it, its function in that of the sound.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor
from torch.nn import functional as F

CROSSINGS = 6
"""Zero crossings on either side of the filter's middle."""
_ROLLOFF = 0.99
"""Where the filter ends, as a share of the lower of both Nyquist frequencies."""


def resampled(samples: Tensor, have: int, want: int, *, single: bool = False) -> Tensor:
    """Return sound at another rate.

    Args:
        samples: float32, shape (..., n), on the CPU.
        have: its samples per second.
        want: samples per second of the result.
        single: compute the filter in single precision, as `torchaudio.functional.resample` does; else in double
            precision, as `torchaudio.transforms.Resample` does.

    Returns:
        float32, shape (..., ceil(n * want / have)).
    """
    if have == want:
        return samples
    common = math.gcd(have, want)
    step, phases = have // common, want // common
    filters, reach = _filters(step, phases, torch.float32 if single else None)
    flat = F.pad(samples.reshape(samples.shape[:-1].numel(), samples.shape[-1]), (reach, reach + step))
    groups = F.conv1d(flat[:, None], filters, stride=step)
    out = groups.transpose(1, 2).reshape(len(flat), -1)
    # in single precision as there: from 2^24 samples on, the last one may be another
    length = math.ceil(torch.tensor(phases * samples.shape[-1] / step, dtype=torch.float32).item())
    return out[:, :length].reshape(*samples.shape[:-1], length)


@functools.lru_cache(maxsize=16)
def _filters(step: int, phases: int, precision: torch.dtype | None) -> tuple[Tensor, int]:
    """Return one filter for each phase, float32, shape (phases, 1, taps), and the taps before the first sample.

    Args:
        step: samples from one group of outputs to the next.
        phases: outputs of a group.
        precision: of the computation; None: double, but for the phases.
    """
    cutoff = min(step, phases) * _ROLLOFF
    reach = math.ceil(CROSSINGS * step / cutoff)
    places = torch.arange(-reach, reach + step, dtype=precision or torch.float64)[None, None] / step
    times = torch.arange(0, -phases, -1, dtype=precision)[:, None, None] / phases + places
    times = (times * cutoff).clamp(-CROSSINGS, CROSSINGS)
    window = torch.cos(times * math.pi / CROSSINGS / 2) ** 2
    angles = times * math.pi
    sinc = torch.where(angles == 0, torch.ones((), dtype=angles.dtype), angles.sin() / angles)
    return (sinc * (window * (cutoff / step))).to(torch.float32), reach
