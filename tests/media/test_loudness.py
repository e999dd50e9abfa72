"""Loudness beside ITU-R BS.1770 and pyloudnorm."""

from __future__ import annotations

import numpy as np
import pytest

from vsseval.media import Audio, integrated_loudness, peak

# pyloudnorm 0.2.0, Meter(rate, filter_class="DeMan"), of `programme(rate, channels)`
GOLDEN = {
    (8000, 1): -23.813405,
    (16000, 2): -25.041882,
    (22050, 1): -23.147649,
    (44100, 2): -22.465217,
    (48000, 5): -16.518125,
}


def programme(rate, channels):
    """Noise whose level changes every tenth of a second, in whole gating steps."""
    rng = np.random.default_rng(rate + channels)
    n = round(rate * 3.4)
    levels = np.repeat(rng.uniform(0, 1, (channels, 40)) ** 3, n // 34 + 1, axis=1)[:, :n]
    return Audio((rng.normal(0, 0.1, (channels, n)) * levels).astype(np.float32), rate)


@pytest.mark.parametrize(("rate", "channels"), GOLDEN)
def test_it_is_that_of_pyloudnorm_at_every_rate(rate, channels):
    assert integrated_loudness(programme(rate, channels)) == pytest.approx(GOLDEN[rate, channels], abs=1e-4)


def sine(rate, seconds, level=1.0, hertz=997.0):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def test_a_sine_of_full_scale_is_what_the_recommendation_says():
    assert integrated_loudness(Audio(sine(48000, 5), 48000)) == pytest.approx(-3.01, abs=0.01)
    both = Audio(np.stack([sine(48000, 5, 10 ** (-23 / 20), 1000.0)] * 2), 48000)
    assert integrated_loudness(both) == pytest.approx(-23.0, abs=0.1)  # EBU Tech 3341, case 1


def test_pauses_do_not_count():
    loud, pause = sine(48000, 4, 0.1), np.zeros(48000 * 6)
    alone = integrated_loudness(Audio(loud, 48000))
    assert integrated_loudness(Audio(np.concatenate([loud, pause]), 48000)) == pytest.approx(alone, abs=0.4)


def test_silence_has_none_and_a_click_has_some():
    assert integrated_loudness(Audio(np.zeros(48000), 48000)) == -np.inf
    assert peak(Audio(np.zeros(0), 48000)) == 0.0
    assert np.isfinite(integrated_loudness(Audio(sine(16000, 0.05), 16000)))
