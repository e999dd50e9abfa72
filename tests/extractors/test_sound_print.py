"""A sound is known again whatever its gain, polarity and shift; its level, clipping and length are what they are."""

from __future__ import annotations

import numpy as np
import pytest

from vsseval.extractors.sound_print import HOP, RATE, SoundPrint
from vsseval.media import Audio
from vsseval.stages.alike import Print, candidates, likeness


def bursts(seed: int, seconds: float = 3.0, rate: int = RATE) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sound = 1e-4 * rng.standard_normal(round(seconds * rate))
    for start in rng.integers(0, sound.size - rate // 4, 12):
        time = np.arange(rate // 4) / rate
        sound[start : start + time.size] += np.exp(-20 * time) * np.sin(2 * np.pi * rng.uniform(300, 3000) * time)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def printed(samples: np.ndarray, rate: int = RATE) -> dict[str, np.ndarray]:
    return dict(SoundPrint().extract(Audio(samples, rate)))


def test_gain_and_polarity_leave_the_landmarks_as_they_are():
    sound = bursts(0)
    one, other = printed(sound), printed(-0.25 * sound)  # a power of two: no rounding
    assert one["low"].size > 50
    for name in ("low", "high", "apart", "frame"):
        assert np.array_equal(one[name], other[name]), name


def test_a_shift_moves_all_landmarks_by_as_much():
    sound = bursts(1)
    late = np.concatenate([np.zeros(10 * HOP, np.float32), sound])
    one, other = Print.of(printed(sound)), Print.of(printed(late))
    pairs = {*zip(one.codes.tolist(), (one.frames + 10).tolist(), strict=True)}
    same = pairs & {*zip(other.codes.tolist(), other.frames.tolist(), strict=True)}
    assert len(same) > 0.8 * len(pairs)


def test_of_many_sounds_the_same_one_is_the_first_candidate_forwards_and_backwards():
    prints = [printed(bursts(seed)) for seed in range(40)]
    seeds = (3, 17, 39)
    noisy = [
        bursts(seed) + 0.01 * np.random.default_rng(seed).standard_normal(3 * RATE).astype(np.float32) for seed in seeds
    ]
    asked = [
        one
        for seed, sound in zip(seeds, noisy, strict=True)
        for one in (Print.of(printed(sound)), Print.of(printed(bursts(seed)[::-1].copy())).backwards())
    ]
    found = candidates(len(prints), lambda place: Print.of(prints[place]), len(asked), asked.__getitem__)
    assert [likely[0] for likely in found] == [seed for seed in seeds for _ in range(2)]
    of_all = [Print.of(one) for one in prints]
    others = candidates(len(prints), of_all.__getitem__, len(prints), of_all.__getitem__, own=True)
    assert not any(place in likely for place, likely in enumerate(others))


def test_likeness_is_one_for_copies_and_small_for_others():
    sounds = [bursts(seed) for seed in range(6)]
    assert likeness(sounds[0], -3 * np.roll(sounds[0], 500)) == pytest.approx(1.0, abs=0.02)
    assert max(likeness(sounds[0], other) for other in sounds[1:]) < 0.25
    assert likeness(sounds[0], np.zeros(100, np.float32)) == 0.0
    assert likeness(np.zeros(0, np.float32), sounds[0]) == 0.0


def test_facts_and_levels():
    sound = np.zeros((2, 16_000), np.float32)
    sound[:, 8_000:] = 1.0
    found = printed(sound, 16_000)
    assert found["facts"].tolist() == [1.0, 1.0, 0.5]
    assert found["levels"].size == 50
    assert found["levels"].tolist() == pytest.approx([0.5] * 50)  # the constant part, 0.5, is taken off
    silent = printed(np.full(8_000, 0.3, np.float32))
    assert not silent["levels"].any()
    assert printed(np.zeros(8_000, np.float32))["low"].size == 0
    assert printed(np.zeros(10, np.float32))["low"].size == 0
