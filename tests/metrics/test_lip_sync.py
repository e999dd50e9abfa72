"""The correlation of a mouth and a sound: known answers, and what has none."""

import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.metrics.lip_sync import in_band, speech


@pytest.fixture(scope="module")
def metric():
    return build_plugins.build_metric("lip_sync@landmarks")


def syllables(count=100, rate=25.0, hertz=3.0):
    """A sentence from the first to the third second of four."""
    times = (np.arange(count) + 0.5) / rate
    beats = np.sin(2 * np.pi * hertz * times) + 0.6 * np.sin(2 * np.pi * 1.7 * times + 1)
    return np.where((times > 1) & (times < 3), 2 + beats, 0.0)


def sound(curve, times=2):
    """Its level at twice the rate, in cells whose means are the curve."""
    return {"level": np.repeat(curve, times).astype(np.float32), "rate": np.asarray(25.0 * times)}


def seen(curve):
    return {"opening": np.asarray(curve, np.float32), "rate": np.asarray(25.0)}


def test_the_same_movement_is_one_and_the_opposite_minus_one(metric):
    curve = syllables()
    found = metric.score(sound(curve), seen(0.05 * curve + 0.01))
    assert found.value == pytest.approx(1, abs=1e-5)
    assert found.detail["speech_seconds"] == pytest.approx(2, abs=0.1)
    assert metric.score(sound(curve), seen(1 - curve)).value == pytest.approx(-1, abs=1e-5)


def test_slow_and_quick_changes_do_not_count(metric):
    curve, times = syllables(), np.arange(100) / 25
    drift = curve + 3 * np.sin(2 * np.pi * 0.1 * times) + 2 * (-1.0) ** np.arange(100)
    assert metric.score(sound(curve), seen(drift)).value > 0.9
    assert np.corrcoef(curve, drift)[0, 1] < 0.7


def test_a_moved_sound_is_worse_the_farther_it_is(metric):
    curve = syllables()
    values = [metric.score(sound(np.roll(curve, shift)), seen(curve)).value for shift in (0, 1, 2, 3)]
    assert values == sorted(values, reverse=True)
    assert values[3] < 0


def test_sounds_and_pictures_of_other_lengths_are_cut_at_the_end(metric):
    curve = syllables()
    longer = np.concatenate([curve, np.zeros(50)])
    assert metric.score(sound(longer), seen(curve)).value == pytest.approx(1, abs=1e-5)
    assert metric.score(sound(curve), seen(longer)).value == pytest.approx(1, abs=1e-5)


def test_a_few_pictures_without_a_face_are_left_out(metric):
    curve = syllables()
    mouth = 0.1 * curve
    mouth[40:44] = np.nan
    assert 0.9 < metric.score(sound(curve), seen(mouth)).value < 1
    mouth[30:60] = np.nan
    with pytest.raises(Unmeasurable, match=r"the face is seen in only 4\d% of the speech"):
        metric.score(sound(curve), seen(mouth))


@pytest.mark.parametrize(("heard", "mouth", "reason"), [
    (syllables()[:20], syllables()[:20], "only 0.80 s in common"),
    (np.where(np.arange(100) == 50, 1.0, 0.0), syllables(), r"only 0\.04 s of speech"),
    (syllables(), np.full(100, 0.1), "the mouth does not move"),
    (np.ones(100), syllables(), "the level of the sound does not change"),
])  # fmt: skip
def test_what_cannot_be_compared_has_a_reason(metric, heard, mouth, reason):
    with pytest.raises(Unmeasurable, match=reason):
        metric.score(sound(heard), seen(mouth))


def test_rates_that_do_not_go_together_are_a_fault(metric):
    odd = {"level": np.zeros(200, np.float32), "rate": np.asarray(60.0)}
    with pytest.raises(ValueError, match="no whole number"):
        metric.score(odd, seen(syllables()))


def test_speech_is_from_its_first_to_its_last_moment():
    level = np.zeros(100)
    level[20:30] = level[60:70] = 1.0
    assert speech(level) == (20, 70)


@pytest.mark.parametrize(("hertz", "kept"), [(0.2, 0.05), (3, 1), (12, 0.1)])
def test_the_band_is_that_of_syllables(hertz, kept):
    times = np.arange(500) / 25
    curve = np.sin(2 * np.pi * hertz * times)
    middle = slice(100, 400)
    assert in_band(curve, 25.0)[middle].std() / curve[middle].std() == pytest.approx(kept, abs=0.1)


def test_one_clip_is_no_verdict(metric):
    assert metric.spec.least_clips == 3
    assert (metric.spec.direction, metric.spec.minimum, metric.spec.maximum) == ("higher", -1.0, 1.0)
