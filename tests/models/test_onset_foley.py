"""The foley baseline: events found in pictures, the class told, sounds where they belong."""

from functools import cache

import numpy as np
import pytest

from tools.mini.v2s import EVENT_LABELS, LABELS, make_event_layer, make_v2s
from tools.onset_foley.cuts import cuts_of_events
from tools.onset_foley.measure import matched
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.media import write_mp4
from vsseval.models.base import ModelOptions, Request
from vsseval.models.onset_foley import analysis_rate, onset_foley_model, recognised
from vsseval.models.onset_foley.bank import digest, load
from vsseval.models.onset_foley.motion import analyse
from vsseval.models.onset_foley.recognise import events, intensity, look
from vsseval.models.onset_foley.sounds import RATE, Event, Texture, follow_intensity, place
from vsseval.models.onset_foley.windows import windows
from vsseval.types import Medium

SECONDS = 3.0
LENGTH = round(SECONDS * RATE)
SEED = 90_210  # one number seeds these clips, three the training split, four the benchmarks


@cache
def clip(label: str, seed: int = SEED):
    return make_v2s(np.random.default_rng(seed), label, SECONDS, 64)


@cache
def bank():
    return load()


def generate(path, **changes):
    request = Request(**{"id": "a", "duration": SECONDS, "seed": 3, "video": Medium(path=path, sha256="")} | changes)
    return next(iter(onset_foley_model(ModelOptions()).generate([request])))


def test_events_are_found_within_60_ms():
    found = true = 0
    errors = []
    for label in EVENT_LABELS:
        times = [second for second, _ in events(bank().weights, look(clip(label).frames), label)]
        errors += matched(times, clip(label).events)
        found, true = found + len(times), true + len(clip(label).events)
    assert len(errors) >= 0.9 * true
    assert len(errors) >= 0.85 * found
    assert np.median(np.abs(errors)) < 0.02


def test_classes_are_told():
    right = [recognised(bank(), clip(label).frames, beside=False)[1] == label for label in LABELS]
    assert np.mean(right) >= 0.75


@pytest.mark.parametrize("label", [label for label in LABELS if label not in EVENT_LABELS])
def test_the_visible_intensity_is_read(label):
    thing = make_event_layer(np.random.default_rng(SEED + 1), label, SECONDS)
    true = np.array([thing.intensity(frame / 25) for frame in range(75)])
    found = intensity(bank().weights, look(clip(label, SEED + 1).frames), label)
    likeness = np.corrcoef(found, true)[0, 1]
    # Two lamps that take turns do not say which of them is the higher tone.
    assert (abs(likeness) if label == "siren" else likeness) > 0.6


def test_a_hammer_sounds_where_it_strikes():
    found = clip("hammer")
    samples = onset_foley_model(ModelOptions()).sound(found.frames, LENGTH, 1)
    for second in found.events:
        at = round(second * RATE)
        before, after = samples[max(0, at - 960) : at - 320], samples[at - 160 : at + 960]
        assert np.abs(after).max() > 0.05
        assert np.abs(after).max() > 2.0 * np.abs(before).max()


@pytest.mark.parametrize("label", ["drip", "rain"])
def test_the_same_request_gives_the_same_sound_whatever_comes_before(label, tmp_path):
    path = tmp_path / "clip.mp4"
    write_mp4(path, clip(label).frames, 25)
    model = onset_foley_model(ModelOptions())
    medium = Medium(path=path, sha256="")
    first, other, again = model.generate(
        [Request(id=str(seed), duration=SECONDS, seed=seed, video=medium) for seed in (3, 4, 3)]
    )
    np.testing.assert_array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)
    assert first.samples.shape == (LENGTH,)
    assert first.samples.dtype == np.float32
    assert np.abs(first.samples).max() <= 1.0


@pytest.mark.parametrize("duration", [0.04, 1.0, 7.3])
def test_the_duration_is_the_requests_not_the_videos(duration, tmp_path):
    for label in ("drum", "wind"):
        path = tmp_path / f"{label}.mp4"
        write_mp4(path, clip(label).frames, 25)
        found = generate(path, duration=duration)
        assert found.samples.shape == (round(duration * RATE),)
        assert np.isfinite(found.samples).all()


@pytest.mark.parametrize(
    ("fps", "rate"),
    [(25.0, 25.0), (29.97, 29.97), (24.0, 24.0), (60.0, 30.0), (50.0, 25.0), (12.0, 25.0), (240.0, 24.0)],
)
def test_no_frame_is_dropped_or_doubled_now_and_then(fps, rate):
    assert analysis_rate(fps) == pytest.approx(rate)


def test_times_are_seconds_at_any_rate():
    found = clip("hammer")
    seen = look(found.frames)
    as_film = events(bank().weights, seen, "hammer", 30.0)
    np.testing.assert_allclose(
        [s * 30 for s, _ in as_film], [s * 25 for s, _ in events(bank().weights, seen, "hammer")]
    )
    assert len(intensity(bank().weights, seen, "rain", 30.0)) == round(75 * 25 / 30)


def test_pictures_without_motion_and_single_frames_still_sound():
    model = onset_foley_model(ModelOptions())
    for frames in (np.zeros((75, 64, 64, 3), np.uint8), clip("bell").frames[:1], clip("bell").frames[:2]):
        assert np.isfinite(model.sound(frames, LENGTH, 1)).all()
        assert np.isfinite(model.sound(frames, LENGTH, 1, beside=True)).all()


def test_the_object_is_found_on_either_side_of_a_face():
    frames = np.full((75, 64, 64, 3), 90, np.uint8)
    thing = clip("bell").frames[:, ::2, ::2][:, 2:29, 2:29]
    for left in (1, 36):
        picture = frames.copy()
        picture[:, 19:46, left : left + 27] = thing
        found = windows(picture)[0 if left == 1 else 1]
        assert found.shape == frames.shape
        assert np.corrcoef(found[0].mean(axis=2).ravel(), clip("bell").frames[0].mean(axis=2).ravel())[0, 1] > 0.5


@pytest.mark.parametrize("change", [{"video": None}, {"video": Medium(path="gone.mp4", sha256="")}])
def test_without_a_readable_video_there_is_a_reason(change, tmp_path):
    found = generate(tmp_path, **change)
    assert found.samples is None
    assert "video" in found.error or "gone.mp4" in found.error


def test_an_argument_is_refused():
    with pytest.raises(UsageError, match="no argument"):
        onset_foley_model(ModelOptions(argument="loud"))


def test_lost_data_are_an_environment_fault(tmp_path):
    for function in (digest, load):
        with pytest.raises(EnvironmentFault, match="reinstall"):
            function(tmp_path)


def test_the_card_is_complete_and_names_the_data():
    card = onset_foley_model(ModelOptions()).card
    assert card.weights == digest()
    assert set(card.tasks) == {"v2s", "joint"}
    assert card.licence
    assert card.note


def test_a_moving_camera_is_not_motion():
    rng = np.random.default_rng(2)
    wide = np.kron(rng.integers(60, 190, (20, 60)), np.ones((6, 6)))
    from scipy.ndimage import gaussian_filter

    wide = gaussian_filter(wide, 3)
    still = np.stack([wide[20:84, 30:94]] * 20)
    panned = np.stack([wide[20:84, 30 + i // 1 : 94 + i // 1] for i in range(20)])
    jumped = still.copy()
    jumped[10:, 20:36, 20:36] = 255 - jumped[10:, 20:36, 20:36]
    colour = [np.repeat(x[..., None], 3, axis=3).astype(np.uint8) for x in (still, panned, jumped)]
    rest, pan, event = (analyse(frames).energy for frames in colour)
    assert rest.max() < 1e-3
    assert pan.max() < 0.3 * event.max()
    assert int(event.max(axis=1).argmax()) == 10


def test_cuts_do_not_reach_into_the_next_event():
    samples = np.random.default_rng(1).normal(0, 0.2, 2 * RATE).astype(np.float32)
    for cut in cuts_of_events(samples, (0.3, 0.8, 1.3, 1.8), "hammer"):
        assert 0.15 * RATE < cut.size <= 0.51 * RATE
    assert cuts_of_events(samples, (0.5, 0.55, 0.6, 1.95), "bell") == []


def test_placing_cuts_at_both_ends():
    event = Event(cuts=(np.ones(1600, np.float32),), spectrum=np.zeros(16))
    track = place(event, [(0.0, 1.0), (0.98, 1.0)], RATE, np.random.default_rng(1))
    assert track.shape == (RATE,)
    assert track[0] > 0.5
    assert track[-1] > 0.5
    assert not track[RATE // 2]


def test_a_texture_follows_what_is_wanted():
    course = np.linspace(0.0, 1.0, 75)
    strength = np.interp(np.arange(LENGTH) / 640, np.arange(75), course)
    samples = (strength * np.sin(2 * np.pi * np.cumsum(200 + 200 * strength) / RATE)).astype(np.float32)
    texture = Texture(samples=samples, intensity=course, spectrum=np.zeros(16))
    wanted = 0.5 - 0.45 * np.cos(2 * np.pi * np.arange(100) / 25)
    track = follow_intensity(texture, wanted, 4 * RATE, np.random.default_rng(1))
    loud = np.sqrt((track.reshape(-1, 640) ** 2).mean(axis=1))
    assert np.corrcoef(loud[2:-2], wanted[2:-2])[0, 1] > 0.9
