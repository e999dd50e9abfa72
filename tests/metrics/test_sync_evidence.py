"""Edges, weak evidence and short sounds: what must not gain in `desync@onset`."""

import numpy as np
import pytest

from support import build_plugins
from vsseval.extractors import onset
from vsseval.media import Audio

RATE = 50.0


def picture(seed, seconds=4.0, jump=True):
    """Events in a few of 64 tiles, after a jump at the first picture."""
    rng = np.random.default_rng(seed)
    grid = (np.arange(round(seconds * RATE)) + 0.5) / RATE
    times = np.cumsum(rng.uniform(0.3, 0.8, 20))
    times = times[times < seconds - 0.2]
    tiles = 0.05 * rng.random((len(grid), 64))
    tiles[:, :3] += (np.exp(-0.5 * ((grid[:, None] - times) / 0.03) ** 2) @ rng.uniform(0.5, 1, times.size))[:, None]
    if jump:
        tiles[:3] += 4.0
    return {"tiles": tiles, "rate": np.asarray(RATE)}, times


def clicks(times, seconds, seed=0, hush=1e-3):
    """Decaying bursts of noise at given times."""
    rng = np.random.default_rng(seed)
    wave = hush * rng.standard_normal(round(seconds * onset.RATE))
    for time in times:
        start = round(time * onset.RATE)
        burst = 0.5 * np.exp(-np.arange(1600) / 300) * rng.standard_normal(1600)
        wave[start : start + 1600] += burst[: len(wave) - start]
    return wave


def score(wave, seen):
    return build_plugins.build_metric("desync@onset").score(
        build_plugins.build_extractor("onset").extract(Audio(wave, onset.RATE)), seen
    )


@pytest.mark.parametrize("seconds", [2.0, 3.0, 10.0])
def test_noise_that_is_switched_on_does_not_meet_the_first_picture(seconds):
    rng = np.random.default_rng(1)
    values = [
        score(0.1 * rng.standard_normal(round(seconds * onset.RATE)), picture(seed, seconds)[0]).value
        for seed in range(24)
    ]
    reach = min(2.0, seconds / 2)
    assert np.mean(values) == pytest.approx(reach / 2, abs=0.2 * reach)
    assert np.mean(np.array(values) < 0.1) < 0.2


def test_events_outweigh_the_jump_at_the_start():
    seen, times = picture(3)
    for late in (0.0, 0.25):
        assert score(clicks(times + late, 4.0), seen).detail["offset"] == pytest.approx(late, abs=0.01)


def test_a_sound_without_events_is_worth_what_a_lag_at_random_is():
    swell = np.sin(np.pi * np.arange(64_000) / 64_000) * np.sin(2 * np.pi * 440 * np.arange(64_000) / onset.RATE)
    found = score(0.2 * swell, picture(0)[0])
    assert found.detail["evidence"] < 2
    assert found.value == 1.0
    assert found.detail["confidence"] < 0.4
    assert abs(found.detail["offset"]) <= 2.0


def test_a_short_sound_is_looked_for_as_far_as_a_long_one():
    seen, times = picture(5, 8.0)
    short = np.array([score(clicks([0.3, 0.5], 0.8, seed), seen).value for seed in range(3)])
    lags = [score(clicks(times[times < 5] + late, 5.0), seen).detail["offset"] for late in (0.0, 1.7)]
    assert lags == pytest.approx([0.0, 1.7], abs=0.01)
    assert short.max() > 0.4  # 0.8 s in common would allow 0.4 s at most


def test_confidence_falls_with_what_hides_the_events():
    seen, times = picture(7, 8.0)
    clear, hidden = (score(clicks(times, 8.0, hush=hush), seen).detail["confidence"] for hush in (1e-3, 0.5))
    assert clear > hidden + 0.1


def test_a_beat_that_fits_as_well_lowers_confidence():
    grid = (np.arange(400) + 0.5) / RATE
    curve = lambda times: np.exp(-0.5 * ((grid[:, None] - times) / 0.03) ** 2).sum(axis=1)
    even, uneven = (
        np.arange(0.5, 7.6, 0.5),
        np.cumsum([0.5, 0.4, 0.7, 0.3, 0.6, 0.5, 0.8, 0.35, 0.65, 0.45, 0.55, 0.75]),
    )
    sure = {
        name: score(clicks(times, 8.0), {"tiles": curve(times)[:, None], "rate": np.asarray(RATE)}).detail["confidence"]
        for name, times in (("even", even), ("uneven", uneven))
    }
    assert sure["even"] < sure["uneven"] - 0.05


def test_a_lag_that_one_half_alone_shows_is_less_sure():
    seen, times = picture(11, 8.0)
    elsewhere = np.random.default_rng(2).uniform(4.2, 7.8, int(np.sum(times > 4)))
    both, one = (
        score(clicks(np.sort(heard), 8.0), seen) for heard in (times, np.concatenate([times[times <= 4], elsewhere]))
    )
    assert both.detail["repeated"] > 2 * one.detail["repeated"]
    assert both.detail["confidence"] > one.detail["confidence"] + 0.1
    assert both.detail["repeated"] <= both.detail["evidence"] + 1e-9
