"""Turns sound into the picture of its spectrum over time, on a scale that all pictures of a page share."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vsseval.media import Audio

RATE = 32_000
LOWEST, HIGHEST = 50.0, 16_000.0
"""Hertz at the lower and the upper edge of the picture; between them it is logarithmic."""
WIDTH, BANDS = 640, 128
"""Pixels, whatever the length of the sound."""
TOP_DB, BOTTOM_DB = 0.0, -75.0
"""Decibels below full scale that are palest and darkest: a quiet sound looks quiet."""
TICKS = {"100": 100.0, "300": 300.0, "1k": 1000.0, "3k": 3000.0, "10k": 10_000.0}

_WINDOW, _PADDED = 1024, 2048
"""Samples of 32 ms, so that an onset is sharp; padded, so that low bands do not come out as steps."""


def spectrogram(audio: Audio) -> bytes:
    """Return the log-frequency, log-magnitude spectrogram of a sound as a WebP picture of 640 x 128 pixels."""
    from PIL import Image

    shade = np.clip((levels(audio.mono(RATE)) - BOTTOM_DB) / (TOP_DB - BOTTOM_DB), 0, 1)
    pixels = _palette()[(shade[::-1] * 255).astype(np.uint8)]
    out = BytesIO()
    Image.fromarray(pixels).save(out, format="WEBP", quality=45, method=2)
    return out.getvalue()


def frequency_ticks() -> list[tuple[str, float]]:
    """Return labels of the frequency axis, each with its height as a share of the picture, from below."""
    span = np.log(HIGHEST / LOWEST)
    return [(label, round(float(np.log(hertz / LOWEST) / span), 4)) for label, hertz in TICKS.items()]


def levels(samples: np.ndarray) -> np.ndarray:
    """Return decibels below full scale of 32 kHz mono, shape (BANDS, WIDTH), lowest band first."""
    from scipy.fft import rfft

    padded = np.pad(samples, (_WINDOW // 2, _WINDOW // 2))
    centres = np.linspace(0, max(samples.size - 1, 0), WIDTH).astype(int)
    frames = padded[centres[:, None] + np.arange(_WINDOW)[None, :]]
    window = np.hanning(_WINDOW).astype(np.float32)
    # Single precision: the picture has 256 colours.
    spectra = rfft((frames * window).astype(np.float32), n=_PADDED, axis=1) / np.float32(window.sum() / 2)
    power = spectra.real**2 + spectra.imag**2
    edges = np.geomspace(LOWEST, HIGHEST, BANDS + 1) * _PADDED / RATE
    # Low bands are narrower than a bin, and share it.
    bands = np.maximum.reduceat(power, np.floor(edges[:-1]).astype(int), axis=1).T
    return np.asarray(10 * np.log10(np.maximum(bands, 1e-12)))


def _palette() -> np.ndarray:
    """256 colours from near-black through teal to pale yellow, uint8, shape (256, 3)."""
    stops = np.array([0.0, 0.35, 0.7, 1.0])
    colours = np.array([[16, 20, 26], [22, 76, 92], [74, 160, 144], [246, 240, 200]], dtype=float)
    places = np.linspace(0, 1, 256)
    return np.stack([np.interp(places, stops, colours[:, c]) for c in range(3)], axis=1).astype(np.uint8)
