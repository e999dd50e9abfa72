"""Resampling as resampy 0.4 does it with its filter `kaiser_best`: a sinc of fifty crossings under a Kaiser window.

Smith, "Digital audio resampling", CCRMA, 2002. Kept for recipes that load their sound so; everything else uses soxr or
torchaudio.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable

if TYPE_CHECKING:
    from torch import Tensor

CROSSINGS, BETA, ROLLOFF = 50, 12.984585247040012, 0.9173473712608761
"""Of resampy's `kaiser_best`."""
TABLE = 8192
"""Entries of its table to a zero crossing: steps through it are whole, which stretches the filter a little."""
GREATEST = 2**25
"""Numbers in a table of filters: rates without a common divisor would need gigabytes."""


class _Filters(NamedTuple):
    kernels: Tensor
    """float64, shape (phases, 1, taps)."""
    before: int
    """Taps that lie before the first sample of a step."""
    step: int
    """Samples from one group of outputs to the next."""


def kaiser_best(samples: np.ndarray, have: int, want: int) -> np.ndarray:
    """Return a sound at another rate.

    Args:
        samples: shape (n,).
        have: its samples per second.
        want: samples per second of the result.

    Returns:
        float64, shape (int(n * want / have),).

    Raises:
        Unmeasurable: the rates have too little in common for tables of filters.
    """
    if have == want:
        return np.asarray(samples, np.float64)
    import torch

    filters = _filters(have, want)
    length = int(samples.size * want / have)
    groups = -(-length // len(filters.kernels))
    reach = (groups - 1) * filters.step + filters.kernels.shape[2] - filters.before
    padded = np.pad(np.asarray(samples, np.float64), (filters.before, max(0, reach - samples.size)))
    out = torch.nn.functional.conv1d(torch.from_numpy(padded)[None, None], filters.kernels, stride=filters.step)
    return np.asarray(out[0].T.reshape(-1)[:length].numpy())


@functools.lru_cache(maxsize=8)
def _filters(have: int, want: int) -> _Filters:
    """Return one filter for each phase of the output against the input."""
    import torch

    common = math.gcd(have, want)
    phases, step = want // common, have // common
    scale = min(1.0, want / have)
    side = math.ceil(CROSSINGS / scale) + 1
    if phases * (2 * side + step) > GREATEST:
        raise Unmeasurable(
            f"the sample rate {have} Hz has too little in common with the {want} Hz of this recipe: its filter would "
            f"take gigabytes. Bring the file to a customary rate first"
        )
    stride = int(scale * TABLE) / TABLE
    kernels = np.zeros((phases, 2 * side + step))
    for phase in range(phases):
        whole, rest = divmod(phase * step, phases)
        left = _taps(scale * rest / phases, stride)
        right = _taps(scale * (1 - rest / phases), stride)
        centre = side + whole
        kernels[phase, centre - len(left) + 1 : centre + 1] = scale * left[::-1]
        kernels[phase, centre + 1 : centre + 1 + len(right)] = scale * right
    return _Filters(torch.from_numpy(kernels[:, None]), side, step)


def _taps(first: float, stride: float) -> np.ndarray:
    """Return one wing of the filter, from its offset in zero crossings outwards."""
    count = int((CROSSINGS * TABLE + 1 - int(first * TABLE)) // round(stride * TABLE))
    places = first + stride * np.arange(count)
    window = np.i0(BETA * np.sqrt(np.maximum(0.0, 1 - (places / CROSSINGS) ** 2))) / np.i0(BETA)
    return np.asarray(ROLLOFF * np.sinc(ROLLOFF * places) * window)
