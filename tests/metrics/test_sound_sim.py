"""What sounds, against the recording: the three metrics that hear with the sound-effects network."""

import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.media import Audio

RATE = 16_000


def rattle(seed):
    """Short clicks at random times."""
    rng = np.random.default_rng(seed)
    x = np.zeros(RATE * 5 // 2)
    for start in rng.integers(0, x.size - 800, 12):
        x[start : start + 800] += rng.standard_normal(800) * np.exp(-np.arange(800) / 90)
    return 0.2 * x


def hum(seed):
    """A low tone with its harmonics."""
    rng = np.random.default_rng(seed)
    t = np.arange(RATE * 5 // 2) / RATE
    return 0.05 * sum(np.sin(2 * np.pi * k * (90 + 20 * rng.random()) * t) / k for k in range(1, 8))


@pytest.fixture(scope="module")
def heard():
    network = build_plugins.build_extractor("aisfx")
    noise = np.random.default_rng(9).standard_normal(RATE * 5 // 2)

    def features(samples):
        return network.extract(Audio(samples, RATE))

    def noisy(samples):
        return samples + noise * samples.std() * 10 ** (-45 / 20)

    sounds = {(kind.__name__, seed): kind(seed) for kind in (rattle, hum) for seed in range(3)}
    return {key: (features(x), features(noisy(x))) for key, x in sounds.items()}


@pytest.mark.parametrize(("name", "sign", "same"), [("sound_sim@aisfx", -1, 1.0), ("kl@aisfx", 1, 0.0)])
def test_another_sound_is_worse_than_mild_noise_and_the_same_is_best(heard, name, sign, same):
    metric = build_plugins.build_metric(name)
    for seed in range(3):
        (clean, noisy), (other, _) = heard["rattle", seed], heard["hum", seed]
        values = [metric.score(x, clean).value for x in (clean, noisy, other)]
        assert values[0] == pytest.approx(same, abs=1e-6)
        assert sign * values[0] < sign * values[1] < sign * values[2]


def test_the_frechet_distance_takes_every_window_and_puts_other_sounds_farther_than_mild_noise(heard):
    metric = build_plugins.build_metric("fad@aisfx")

    def distance(theirs):
        rows = [metric.rows(theirs(kind, seed), heard["rattle", seed][0]) for kind, seed in heard if kind == "rattle"]
        return metric.value_of_rows({side: np.concatenate([row[side] for row in rows]) for side in rows[0]})

    noisy, other = distance(lambda _, seed: heard["rattle", seed][1]), distance(lambda _, seed: heard["hum", seed][0])
    assert distance(lambda _, seed: heard["rattle", seed][0]) == pytest.approx(0, abs=1e-6)
    assert 0 < noisy < other
    two = {**heard["rattle", 0][0], "windows": np.zeros((2, 512), np.float32)}
    assert metric.rows(two, heard["rattle", 0][0])["generated"].shape == (2, 512)


def test_embeddings_without_a_direction_have_a_reason():
    metric = build_plugins.build_metric("sound_sim@aisfx")
    with pytest.raises(Unmeasurable, match="no direction"):
        metric.score({"embedding": np.zeros(512)}, {"embedding": np.ones(512)})
