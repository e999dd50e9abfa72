"""Direction: known levels and delays come out, and a wrong direction is a number in dB and milliseconds."""

import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.extractors.stereo import Stereo
from vsseval.extractors.vggish import VGGish, VGGishSide
from vsseval.extractors.waveform import centred
from vsseval.media import Audio
from vsseval.weights.find import Weights

RATE = 48_000


def noise(seconds=1.0, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def placed(mono, decibels=0.0, samples=0):
    """Return stereo sound whose right side is so much louder and so many samples later."""
    right = np.roll(mono, samples) * 10 ** (decibels / 20)
    return Audio(np.stack([mono, right]).astype(np.float32), RATE)


def features(audio):
    return Stereo().extract(audio)


@pytest.mark.parametrize(("decibels", "samples"), [(0, 0), (6, 0), (-12, 0), (0, 20), (0, -33), (-6, 12)])
def test_known_levels_and_delays_are_found(decibels, samples):
    found = features(placed(noise(), decibels, samples))
    assert found["level"] == pytest.approx(decibels, abs=0.3)
    assert np.median(found["delay"]) == pytest.approx(samples / RATE, abs=1e-6)
    assert len(found["level"]) == len(found["delay"]) == len(found["power"]) == 19


def test_half_samples_are_seen():
    import soxr

    fine = noise(seed=3)
    twice = soxr.resample(fine, 1, 2)
    sides = np.stack([twice[:-1:2], twice[1::2]])  # the right is half a sample earlier
    found = features(Audio(sides.astype(np.float32), RATE))
    assert np.median(found["delay"]) == pytest.approx(-0.5 / RATE, abs=0.26 / RATE)


def score(metric, one, other):
    return build_plugins.build_metric(metric).score(features(one), features(other)).value


def test_errors_are_those_of_level_and_of_time():
    middle, right, late = (placed(noise(), d, s) for d, s in ((0, 0), (10, 0), (0, 24)))
    assert score("ild_error@gcc", middle, right) == pytest.approx(10, abs=0.1)
    assert score("itd_error@gcc", middle, late) == pytest.approx(0.5, abs=0.01)
    for metric in ("ild_error@gcc", "itd_error@gcc"):
        assert score(metric, right, right) == 0
        assert score(metric, middle, Audio(noise()[None].astype(np.float32), RATE)) == pytest.approx(0, abs=1e-3)


def test_all_on_one_side_is_bounded_and_silence_has_no_direction():
    mono = noise()
    alone = Audio(np.stack([mono, 0 * mono]).astype(np.float32), RATE)
    assert score("ild_error@gcc", alone, placed(mono)) == pytest.approx(30)
    assert not features(alone)["delay"].any()
    late, early = mono.copy(), mono.copy()
    late[: 6 * RATE // 10], early[4 * RATE // 10 :] = 0, 0
    with pytest.raises(Unmeasurable, match="no moment"):
        score("ild_error@gcc", placed(late), placed(early))
    with pytest.raises(Unmeasurable, match="3 channels"):
        features(Audio(np.ones((3, RATE), np.float32), RATE))
    with pytest.raises(Unmeasurable, match="shorter"):
        features(Audio(np.ones((2, 100), np.float32), RATE))


def test_the_side_is_half_of_left_less_right_and_silent_for_one_channel():
    left, right = noise(seed=1), noise(seed=2)
    audio = Audio(np.stack([left, right]).astype(np.float32), RATE)
    difference = Audio((0.5 * (left - right))[None].astype(np.float32), RATE)
    assert centred(audio, 16_000, "side") == pytest.approx(centred(difference, 16_000), abs=1e-7)
    assert not centred(Audio(left[None].astype(np.float32), RATE), 16_000, "side").any()
    with pytest.raises(Unmeasurable, match="no side|3 channels"):
        centred(Audio(np.ones((3, RATE), np.float32), RATE), 16_000, "side")


def test_vggish_of_the_side_hears_the_difference_as_one_channel(tmp_path):
    left, right = noise(2.0, seed=1), noise(2.0, seed=2)
    weights = Weights("vggish", tmp_path, ("x.pth",), "0" * 64)
    side = VGGishSide(weights, "vggish_side")
    heard = side.samples(Audio(np.stack([left, right]).astype(np.float32), RATE))
    whole = VGGish(weights).samples(Audio((0.5 * (left - right))[None].astype(np.float32), RATE))
    assert heard == pytest.approx(whole, abs=1e-7)
    assert side.spec.name == "vggish_side"
