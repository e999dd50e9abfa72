"""Degraded recordings: the amount of each fault is the one that was asked for, and worse levels hold milder ones."""

from __future__ import annotations

import numpy as np
import pytest

from support.fake_plugin import medium
from vsseval import media
from vsseval.errors import UsageError
from vsseval.faults import FAULTS, parse
from vsseval.models.base import ModelOptions
from vsseval.models.degraded import degraded_model
from vsseval.models.degraded.words import boundaries
from vsseval.types import Request

RATE, SECONDS = 16_000, 2.0
T = np.arange(round(RATE * SECONDS)) / RATE


def speech() -> np.ndarray:
    """Four bursts of a buzz of 150 Hz with silence between them: four words."""
    envelope = ((T * 2) % 1 < 0.7).astype(np.float64)
    buzz = sum(np.sin(2 * np.pi * 150 * k * T) / k for k in range(1, 9))
    return (0.2 * envelope * buzz).astype(np.float32)


@pytest.fixture
def request_of(tmp_path):
    media.write_wav(tmp_path / "own.wav", speech(), RATE)
    media.write_wav(tmp_path / "other.wav", 0.2 * np.sin(2 * np.pi * 900 * T), RATE)
    own, other = medium(tmp_path / "own.wav"), medium(tmp_path / "other.wav")

    def make(seed=7, transcript="four words are said", **changes):
        fields = {"id": "a", "duration": SECONDS, "seed": seed, "transcript": transcript}
        return Request(**fields | {"reference": own, "other": other} | changes)

    return make


def heard(argument, request):
    (output,) = degraded_model(ModelOptions(argument)).generate([request])
    assert output.error is None, output.error
    assert output.sample_rate == RATE
    assert output.samples.shape == (1, T.size)
    return output.samples[0]


def test_every_level_of_every_fault_is_a_sound_of_its_own(request_of):
    own = heard("noise=100", request_of())
    for fault in FAULTS.values():
        seen = set()
        for level in (level for levels in fault.levels for level in levels):
            made = heard(f"{fault.name}={level:g}", request_of(seed=4))
            assert np.isfinite(made).all()
            assert np.abs(made).max() <= 1
            seen.add(made.tobytes())
        assert len(seen) > 1
        assert fault.description.format(level=fault.levels[0][0])
    assert np.abs(own - speech()).max() < 1e-3


@pytest.mark.parametrize("seconds", [0.25, -0.25])
def test_shift_moves_by_the_time_and_fills_with_silence(request_of, seconds):
    moved, count = heard(f"shift={seconds}", request_of()), round(0.25 * RATE)
    own = heard("shift=0", request_of())
    if seconds > 0:
        assert np.array_equal(moved[count:], own[:-count])
        assert not moved[:count].any()
    else:
        assert np.array_equal(moved[:-count], own[count:])
        assert not moved[-count:].any()


@pytest.mark.parametrize("level", [20, 0])
def test_noise_and_mixture_have_their_ratio(request_of, level):
    own = heard("shift=0", request_of())
    for kind in ("noise", "mixed"):
        added = heard(f"{kind}={level}", request_of()) - own
        if np.abs(own + added).max() < 1:
            ratio = 10 * np.log10(np.mean(own**2) / np.mean(added**2))
            assert ratio == pytest.approx(level, abs=0.3)


def test_band_and_clipping(request_of):
    spectrum = np.abs(np.fft.rfft(heard("band=1000", request_of())))
    hertz = np.fft.rfftfreq(T.size, 1 / RATE)
    assert spectrum[hertz > 1500].max() < 1e-2 * spectrum.max()
    own, clipped = heard("shift=0", request_of()), heard("clipped=24", request_of())
    assert np.abs(clipped).max() == pytest.approx(np.abs(own).max())
    assert np.mean(clipped**2) > np.mean(own**2)


def test_words_begin_in_the_silences(request_of):
    edges = boundaries(speech()[None], RATE, "aaaa bbbb cccc dddd", None) / RATE
    assert edges == pytest.approx([0.0, 0.43, 0.93, 1.43, 1.85], abs=0.1)


def test_lost_words_are_nested_and_counted(request_of):
    loud = [int((np.abs(heard(f"words_dropped={share}", request_of())) > 0.05).sum()) for share in (0, 0.25, 0.5, 1)]
    whole = loud[0]
    assert loud[1] == pytest.approx(0.75 * whole, rel=0.1)
    assert loud[2] == pytest.approx(0.5 * whole, rel=0.1)
    assert loud[3] < 0.02 * whole
    some, more = (np.abs(heard(f"words_dropped={share}", request_of())) > 0.05 for share in (0.25, 0.5))
    assert not (more & ~some).any()


def test_exchanged_words_are_all_still_there(request_of):
    made = heard("words_swapped=1", request_of())
    own = heard("shift=0", request_of())
    assert np.sum(made**2) == pytest.approx(np.sum(own**2), rel=1e-6)
    assert not np.array_equal(made, own)


def test_another_voice_is_higher_and_as_long(request_of):
    def pitch(samples):
        spectrum = np.abs(np.fft.rfft(samples[2000:10000] * np.hanning(8000)))
        return np.fft.rfftfreq(8000, 1 / RATE)[np.argmax(spectrum)]

    assert pitch(heard("voice=4", request_of())) == pytest.approx(150 * 2 ** (4 / 12), abs=6)


def test_replacement_is_of_whole_clips_and_nested(request_of):
    own = heard("shift=0", request_of())
    taken = {
        share: {seed for seed in range(40) if not np.array_equal(heard(f"replaced={share}", request_of(seed)), own)}
        for share in (0.0, 0.25, 0.5, 1.0)
    }
    assert not taken[0.0]
    assert len(taken[1.0]) == 40
    assert taken[0.25] < taken[0.5]
    assert 4 <= len(taken[0.25]) <= 17


def test_a_clip_depends_on_its_request_alone(request_of):
    model = degraded_model(ModelOptions("noise=10"))
    alone = next(model.generate([request_of()])).samples
    together = [output.samples for output in model.generate([request_of(seed=1, id="b"), request_of()])]
    assert np.array_equal(alone, together[1])
    assert not np.array_equal(alone, together[0])


@pytest.mark.parametrize(
    ("changes", "argument", "why"),
    [
        ({"reference": None}, "noise=10", "no reference"),
        ({"other": None}, "mixed=10", "no other clip"),
        ({"transcript": ""}, "words_dropped=0.5", "holds no word"),
        ({"transcript": "one"}, "words_swapped=0.5", "no other order"),
        ({}, "band=12000", "nothing above 8000 Hz"),
        ({"speech_window": (5.0, 6.0)}, "words_dropped=0.5", "silent where the words should be"),
    ],
)
def test_what_cannot_be_degraded_says_why(request_of, changes, argument, why):
    (output,) = degraded_model(ModelOptions(argument)).generate([request_of(**changes)])
    assert output.samples is None
    assert why in output.error


@pytest.mark.parametrize(
    "argument", [None, "", "noise", "nose=3", "noise=loud", "replaced=2", "clipped=-3", "noise=nan"]
)
def test_what_is_no_fault_is_refused(argument):
    with pytest.raises(UsageError, match="degraded"):
        degraded_model(ModelOptions(argument))


def test_names_of_models_are_read_back():
    for fault in FAULTS.values():
        for level in (level for levels in fault.levels for level in levels):
            assert parse(fault.model(level)) == (fault, level)
            assert degraded_model(ModelOptions(fault.model(level).partition(":")[2])).card.name == fault.model(level)
    assert all(parse(name) is None for name in ("reference", "degraded:what=1", "degraded:noise", "degraded:noise=x"))
