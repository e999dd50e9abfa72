"""The maker of mini_v2s: what is seen and what is heard belong together."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tools.mini import sounds
from tools.mini.clip import FPS, SAMPLE_RATE
from tools.mini.draw import Canvas
from tools.mini.scenes.layer import Curve, lift
from tools.mini.v2s import EVENT_LABELS, LABELS, make_event_layer, make_v2s
from vsseval.errors import UsageError

STREAMS = tuple(label for label in LABELS if label not in EVENT_LABELS)


def rng(seed):
    return np.random.default_rng(seed)


def onset_near(audio, second, reach=0.06):
    """Second of the steepest rise of the high-passed energy around a time."""
    hop = 32
    steps = np.diff(audio, prepend=0.0)
    energy = (steps[: steps.size // hop * hop].reshape(-1, hop) ** 2).sum(1) + 1e-9
    first, last = (int((second + side) * SAMPLE_RATE / hop) for side in (-reach, reach))
    rises = [np.log(energy[i] / energy[max(0, i - 5) : i].mean()) for i in range(first, min(last, energy.size))]
    return (first + int(np.argmax(rises))) * hop / SAMPLE_RATE


def test_there_are_enough_classes():
    assert len(LABELS) >= 10
    assert set(EVENT_LABELS) < set(LABELS)
    assert set(STREAMS) == {"engine", "rain", "wind", "siren"}


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(("size", "seconds"), [(64, 3.0), (192, 3.2)])
def test_every_class_renders(label, size, seconds):
    clip = make_v2s(rng(3), label, seconds, size)
    count = round(seconds * FPS)
    assert clip.frames.shape == (count, size, size, 3)
    assert clip.frames.dtype == np.uint8
    assert clip.audio.shape == (count * SAMPLE_RATE // FPS,)
    assert clip.audio.dtype == np.float32
    assert np.isfinite(clip.audio).all()
    assert 0.25 < np.abs(clip.audio).max() < 0.85
    assert clip.label == label
    assert clip.caption
    assert clip.frames.std() > 5.0


@pytest.mark.parametrize("label", LABELS)
def test_the_seed_decides_everything(label):
    first, same, other = (make_v2s(rng(seed), label, 3.0, 64) for seed in (5, 5, 6))
    assert np.array_equal(first.frames, same.frames)
    assert np.array_equal(first.audio, same.audio)
    assert (first.events, first.caption) == (same.events, same.caption)
    assert not np.array_equal(first.audio, other.audio)
    assert not np.array_equal(first.frames, other.frames)


@pytest.mark.parametrize("label", LABELS)
def test_both_sizes_show_the_same(label):
    small, large = make_v2s(rng(8), label, 1.6, 64), make_v2s(rng(8), label, 1.6, 192)
    assert np.array_equal(small.audio, large.audio)
    assert small.events == large.events
    shrunk = large.frames.reshape(-1, 64, 3, 64, 3, 3).mean((2, 4))
    assert np.abs(shrunk - small.frames).mean() < 6.0


@pytest.mark.parametrize("label", EVENT_LABELS)
def test_contacts_are_heard_when_they_happen(label):
    heard = []
    for seed in range(6):
        thing = make_event_layer(rng(seed), label, 4.0)
        assert 1 <= len(thing.events) <= 10
        assert thing.events[0] >= 0.2
        assert thing.events[-1] < 4.0
        assert (np.diff(thing.events) > 0.1).all()
        heard += [onset_near(thing.audio, event) - event for event in thing.events]
    assert np.quantile(np.abs(heard), 0.95) <= 0.02
    assert np.median(np.abs(heard)) <= 0.003


@pytest.mark.parametrize("label", EVENT_LABELS)
def test_contacts_are_seen_when_they_happen(label):
    """The frame nearest to a contact shows it, and what moves there is more than a few pixels."""
    moved = []
    for seed in range(4):
        clip = make_v2s(rng(seed + 20), label, 4.0, 64)
        for event in clip.events:
            assert abs(event * FPS - round(event * FPS)) / FPS <= 0.0081
            frame = min(round(event * FPS), len(clip.frames) - 1)
            change = np.abs(clip.frames[frame].astype(int) - clip.frames[frame - 1]).max(-1)
            moved.append(np.count_nonzero(change > 20))
    assert min(moved) >= 8


@pytest.mark.parametrize("label", STREAMS)
def test_streams_sound_as_loud_as_they_look(label):
    """The intensity that drives the picture is the envelope of the sound."""
    for seed in range(4):
        thing = make_event_layer(rng(seed), label, 4.0)
        assert thing.events == ()
        loudness = np.sqrt((thing.audio.reshape(100, -1) ** 2).mean(1))
        shown = np.array([thing.intensity((frame + 0.5) / FPS) for frame in range(100)])
        assert np.ptp(shown) > 0.5
        assert np.corrcoef(loudness, shown)[0, 1] > 0.75


@pytest.mark.parametrize("label", EVENT_LABELS)
def test_a_layer_keeps_to_its_region(label):
    thing = make_event_layer(rng(4), label, 3.0)
    canvas = Canvas(96, background=(9, 99, 199))
    for second in (0.0, *thing.events):
        region = canvas.view(0.5, 0.4, 0.45)
        thing.ground(region, 0.0)
        thing.draw(region, second)
    picture = canvas.array()
    assert (picture[:, :38] == (9, 99, 199)).all()
    assert (picture[45:85, 50:90] != (9, 99, 199)).any()


def test_an_unknown_class_is_a_usage_error():
    with pytest.raises(UsageError, match="drum"):
        make_v2s(rng(0), "dum", 3.0, 64)


def test_a_harder_blow_is_louder_and_brighter():
    body = sounds.bank(rng(0), 300.0, sounds.PLATE, decay=0.1)
    soft, hard = body.strike(0.3), body.strike(1.0)

    def brightness(sound):
        power = np.abs(np.fft.rfft(sound)) ** 2
        return (power * np.arange(power.size)).sum() / power.sum()

    assert np.abs(hard).max() > 2.0 * np.abs(soft).max()
    assert brightness(hard) > brightness(soft)


def test_a_bank_rings_at_its_frequencies_and_stays_below_nyquist():
    body = sounds.bank(rng(1), 2_000.0, sounds.BAR, decay=0.3)
    assert (body.hertz < 0.5 * SAMPLE_RATE).all()
    power = np.abs(np.fft.rfft(body.strike(1.0), SAMPLE_RATE)) ** 2
    assert abs(float(np.argmax(power)) - body.hertz[0]) < 5.0


def test_a_bubble_rises_from_its_frequency():
    sound = sounds.bubble(1_000.0, 0.05, 0.3)
    crossings = np.flatnonzero(np.diff(np.signbit(sound)))
    assert crossings[1] - crossings[0] == pytest.approx(SAMPLE_RATE / 2_000.0, abs=1)
    assert np.diff(crossings)[-20:].mean() < np.diff(crossings)[:5].mean()


def test_band_noise_lies_in_its_band():
    noise = sounds.band_noise(rng(2), SAMPLE_RATE, 1_000.0, 2_000.0)
    power = np.abs(np.fft.rfft(noise)) ** 2
    assert power[700:2_600].sum() > 0.95 * power.sum()
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0)


def test_add_cuts_what_overhangs():
    track = np.zeros(SAMPLE_RATE)
    sounds.add(track, -0.5, np.ones(SAMPLE_RATE))
    sounds.add(track, 0.75, np.ones(SAMPLE_RATE))
    sounds.add(track, 2.0, np.ones(10))
    assert track.sum() == 0.75 * SAMPLE_RATE


def test_a_tool_is_down_at_contacts_only():
    events, forces = [1.0, 1.6], [1.0, 0.8]
    assert [lift(event, events, forces) for event in events] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert lift(0.0, events, forces) > 0.9
    assert lift(1.3, events, forces) > 0.5
    assert lift(3.0, events, forces) > 0.3


def test_a_curve_takes_its_whole_range():
    for seed in range(20):
        course = Curve(rng(seed), 4.0, 0.1, 1.0)
        values = course.at(np.linspace(0.0, 4.0, 2_001))
        assert values.min() == pytest.approx(0.1, abs=0.01)
        assert values.max() == pytest.approx(1.0, abs=0.01)
        assert np.abs(np.diff(values)).max() < 0.05


def test_a_view_draws_on_the_same_picture():
    canvas = Canvas(40)
    canvas.view(0.5, 0.5, 0.5).rectangle((0.0, 0.0), (1.0, 1.0), (255, 0, 0))
    picture = canvas.array()
    assert (picture[21:, 21:] == (255, 0, 0)).all()
    assert (picture[:19] == 0).all()
    assert (canvas.copy().array() == picture).all()


def test_clips_are_quick():
    make_v2s(rng(0), "rain", 1.6, 64)
    start = time.process_time()
    make_v2s(rng(1), "rain", 4.0, 64)
    assert time.process_time() - start < 1.0
