"""Sound and picture that are apart by a known time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.media import Audio, Video, write_mp4
from vsseval.metrics.desync import evidence

RATE = 50.0


def curves(seed=0, seconds=4.0, tiles=64):
    """Irregular events in the sound and, in a few tiles of the picture, at the same times."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    times = np.cumsum(rng.uniform(0.3, 0.8, 12))
    times = times[times < seconds - 0.2]
    grid = (np.arange(n) + 0.5) / RATE
    events = np.exp(-0.5 * ((grid[:, None] - times) / 0.02) ** 2) @ rng.uniform(0.5, 1, times.size)
    picture = 0.05 * rng.random((n, tiles))
    picture[:, :3] += events[:, None]
    return events, picture


def measured(envelope, tiles, level=None):
    level = np.zeros(len(envelope)) if level is None else level
    sound = {"flux": np.repeat(envelope[:, None], 4, axis=1), "level": level, "rate": np.asarray(RATE)}
    return build_plugins.build_metric("desync@onset").score(sound, {"tiles": tiles, "rate": np.asarray(RATE)})


@given(steps=st.integers(-60, 60), seed=st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_shifted_sound_shifts_the_offset(steps, seed):
    events, picture = curves(seed)
    shifted = np.zeros_like(events)
    shifted[max(0, steps) : len(events) + min(0, steps)] = events[max(0, -steps) : len(events) - max(0, steps)]
    score = measured(shifted, picture)
    assert score.detail["offset"] == pytest.approx(steps / RATE, abs=0.005)
    assert score.value == abs(score.detail["offset"])


def test_parts_of_a_step_are_seen():
    grid = (np.arange(200) + 0.5) / RATE
    at = lambda shift: sum(np.exp(-0.5 * ((grid - t - shift) / 0.05) ** 2) for t in (0.5, 1.2, 2.3, 2.8, 3.4))
    assert measured(at(0.008), at(0.0)[:, None]).detail["offset"] == pytest.approx(0.008, abs=0.003)


def test_gain_does_not_matter_and_confidence_tells_chance_from_agreement():
    events, picture = curves()
    aligned = measured(events, picture)
    assert measured(7 * events, 0.2 * picture).value == pytest.approx(aligned.value, abs=1e-6)
    chance = measured(np.random.default_rng(3).random(len(events)), picture)
    assert aligned.detail["confidence"] > 0.5 > chance.detail["confidence"]
    assert 0 <= chance.detail["confidence"] <= 1


def test_no_lag_is_favoured_by_chance():
    rng = np.random.default_rng(0)
    lags = [measured(rng.random(200), rng.random((200, 16))).value for _ in range(200)]
    assert 0.85 < np.mean(lags) < 1.15  # uniform between 0 and 2 s has a mean of 1


def test_lengths_and_reach():
    events, picture = curves(seconds=3.0)
    found = evidence(events[:, None], events, picture[:140], RATE)
    assert (found.seconds.min(), found.seconds.max()) == (-1.4, 1.4)
    assert found.strength.shape == found.onsets.shape == found.seconds.shape
    assert (found.strength >= 0).all()


@pytest.mark.parametrize(
    ("envelope", "tiles", "why"),
    [
        (np.zeros(200), np.ones((200, 2)), "no onsets"),
        (np.arange(200.0), np.ones((200, 2)), "no motion events"),
        (np.ones(20), np.ones((200, 2)), "in common"),
    ],
)
def test_what_cannot_be_measured(envelope, tiles, why):
    with pytest.raises(Unmeasurable, match=why):
        measured(envelope, tiles)


def test_other_rates_are_a_mistake():
    with pytest.raises(ValueError, match="rates"):
        build_plugins.build_metric("desync@onset").score(
            {"flux": np.ones((9, 4)), "level": np.ones(9), "rate": np.asarray(50.0)},
            {"tiles": np.ones((9, 1)), "rate": np.asarray(25.0)},
        )


@pytest.mark.parametrize("late", [0.0, 0.4])
def test_a_bouncing_ball_from_end_to_end(tmp_path, late):

    bounces = [0.52, 1.16, 1.64, 2.44, 3.12]
    write_mp4(tmp_path / "ball.mp4", _ball(bounces, 4.0), 25.0)
    rng = np.random.default_rng(0)
    wave = 1e-4 * rng.standard_normal(64_000)
    for bounce in bounces:
        start = round((bounce + late) * 16_000)
        wave[start : start + 1600] += 0.5 * np.exp(-np.arange(1600) / 300) * rng.standard_normal(1600)
    score = build_plugins.build_metric("desync@onset").score(
        build_plugins.build_extractor("onset").extract(Audio(wave, 16_000)),
        build_plugins.build_extractor("motion").extract(Video(tmp_path / "ball.mp4")),
    )
    assert score.detail["offset"] == pytest.approx(late, abs=0.04)


def _ball(bounces, seconds):
    """A disc that touches the ground at given times, on a patterned wall."""
    y, x = np.mgrid[:96, :96]
    wall = 110 + 20 * np.sin(x / 7) * np.cos(y / 9)
    edges = np.array([-0.1, *bounces, seconds + 0.3])
    frames = []
    for second in np.arange(round(seconds * 25)) / 25:
        k = np.searchsorted(edges, second, "right") - 1
        part = (second - edges[k]) / (edges[k + 1] - edges[k])
        height = 60 * 4 * part * (1 - part) * (edges[k + 1] - edges[k])
        disc = (x - 48) ** 2 + (y - (78 - height)) ** 2 < 12**2
        frames.append(np.repeat(np.where(disc, 220, wall).astype(np.uint8)[..., None], 3, axis=2))
    return np.stack(frames)
