"""Extractors that are signal processing: log-mel patches, onsets, motion."""

import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.extractors import logmel
from vsseval.media import Audio, Video, write_mp4
from vsseval.networks import spectrum


def noise(seconds, level=0.1, seed=0, rate=16_000):
    return Audio(level * np.random.default_rng(seed).standard_normal(round(seconds * rate)), rate)


def silence(seconds):
    return Audio(np.zeros(round(seconds * 16_000)), 16_000)


def test_patches_per_length():
    extractor = build_plugins.build_extractor("logmel")
    for seconds, patches in ((0.1, 1), (0.96, 1), (1.5, 2), (4.0, 7), (10.0, 19)):
        assert extractor.extract(noise(seconds))["patches"].shape == (patches, 48)


def test_silence_is_measurable_and_its_patches_are_constant():
    patches = build_plugins.build_extractor("logmel").extract(silence(2.0))["patches"]
    assert np.ptp(patches, axis=0).max() == 0
    assert patches[0, :16] + logmel.CENTRE[:16] == pytest.approx(np.log(0.01))
    assert patches[0, 16:] + logmel.CENTRE[16:] == pytest.approx(0)


def test_sounds_differ_and_centred_features_are_small():
    extractor = build_plugins.build_extractor("logmel")
    loud, quiet = (extractor.extract(noise(3.0, level))["patches"] for level in (0.3, 0.01))
    assert (loud[:, :16] > quiet[:, :16] + 1).all()
    assert np.abs(loud).max() < 10


def test_the_sample_rate_does_not_matter():
    seconds = np.arange(3 * 48_000) / 48_000
    chirp = 0.3 * np.sin(2 * np.pi * (300 + 400 * seconds) * seconds)
    fine = build_plugins.build_extractor("logmel").extract(Audio(chirp, 48_000))["patches"]
    coarse = build_plugins.build_extractor("logmel").extract(Audio(chirp[::3], 16_000))["patches"]
    assert np.abs(fine - coarse).max() < 0.05


def test_no_samples():
    for extractor in (build_plugins.build_extractor("logmel"), build_plugins.build_extractor("onset")):
        with pytest.raises(Unmeasurable):
            extractor.extract(Audio(np.zeros(0), 16_000))


def test_mel_filters_follow_their_scales():
    htk = spectrum.mel_filters(16_000, 512, 64, 125.0, 7500.0, "htk")
    slaney = spectrum.mel_filters(16_000, 400, 40, 0.0, 8000.0, "slaney")
    assert htk.shape == (257, 64)
    assert htk.max() <= 1
    assert slaney.shape == (201, 40)
    assert slaney.sum(axis=0)[15:] * 40 == pytest.approx(1, rel=0.05)  # unit area, in bins of 40 Hz


def test_power_of_a_sine_lies_in_its_bin():
    sine = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert (spectrum.power(sine, 400, 160).argmax(axis=1) == 25).all()
    assert spectrum.power(sine[:399], 400, 160).shape == (0, 201)


@pytest.mark.parametrize("at", [0.5, 1.003, 2.71])
def test_a_click_peaks_at_its_time(at):
    wave = 1e-4 * np.random.default_rng(0).standard_normal(64_000)
    wave[round(at * 16_000) : round(at * 16_000) + 400] += 0.5 * np.exp(-np.arange(400) / 100)
    features = build_plugins.build_extractor("onset").extract(Audio(wave, 16_000))
    assert features["flux"].shape == (200, 4)
    assert features["level"].shape == (200,)
    flux = features["flux"].mean(axis=1)
    near = slice(flux.argmax() - 3, flux.argmax() + 4)
    seconds = (np.arange(200)[near] + 0.5) / 50
    assert (seconds * flux[near]).sum() / flux[near].sum() == pytest.approx(at, abs=0.005)


def test_onsets_do_not_depend_on_gain():
    loud = noise(2.0, 0.5)
    quiet = Audio(loud.samples * 0.05, 16_000)
    first, second = (build_plugins.build_extractor("onset").extract(sound) for sound in (loud, quiet))
    assert first["flux"] == pytest.approx(second["flux"], abs=1e-4)
    assert first["level"] - first["level"].mean() == pytest.approx(second["level"] - second["level"].mean(), abs=1e-4)


def test_silence_has_no_onsets():
    for sound in (silence(3.0), noise(3.0, 1e-5)):
        with pytest.raises(Unmeasurable, match="the audio is silent"):
            build_plugins.build_extractor("onset").extract(sound)
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.5 s"):
        build_plugins.build_extractor("onset").extract(noise(0.3))


def scene(seconds=3.0, fps=25.0, jump=None):
    """A square on a textured ground that moves on at once at a given second."""
    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(60, 190, (12, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    frames = []
    for second in np.arange(round(seconds * fps)) / fps:
        frame = ground.copy()
        left = 20 if jump is None else int(20 + np.clip((second - jump) * 120, 0, 15))
        frame[30:56, left : left + 26] = 250
        frames.append(frame)
    return np.stack(frames)


@pytest.mark.parametrize("fps", [25.0, 30.0, 15.0])
def test_motion_begins_where_the_square_starts(tmp_path, fps):
    write_mp4(tmp_path / "move.mp4", scene(fps=fps, jump=1.4), fps)
    features = build_plugins.build_extractor("motion").extract(Video(tmp_path / "move.mp4"))
    assert features["tiles"].shape == (150, 64)
    assert (features["tiles"] >= 0).all()
    strength = features["tiles"].sum(axis=1)
    started = (np.flatnonzero(strength > 0.3 * strength.max())[0] + 0.5) / 50
    assert started == pytest.approx(1.4, abs=1.5 / fps)


def test_still_pictures_show_no_events(tmp_path):
    write_mp4(tmp_path / "still.mp4", scene(), 25.0)
    with pytest.raises(Unmeasurable, match="the video shows no motion events"):
        build_plugins.build_extractor("motion").extract(Video(tmp_path / "still.mp4"))
    grain = np.random.default_rng(1).normal(0, 3, (50, 96, 96, 1))
    write_mp4(tmp_path / "grain.mp4", np.clip(120 + grain.repeat(3, axis=3), 0, 255).astype(np.uint8), 25.0)
    with pytest.raises(Unmeasurable, match="the video shows no motion events"):
        build_plugins.build_extractor("motion").extract(Video(tmp_path / "grain.mp4"))
    write_mp4(tmp_path / "black.mp4", np.zeros((50, 64, 64, 3), np.uint8), 25.0)
    with pytest.raises(Unmeasurable, match="the video shows no motion events"):
        build_plugins.build_extractor("motion").extract(Video(tmp_path / "black.mp4"))


def test_the_camera_alone_is_no_event(tmp_path):
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(40, 210, (40, 60)), np.ones((6, 6))).astype(np.uint8)
    still_then_pan = [0] * 30 + [k // 3 for k in range(45)]
    frames = np.stack([np.repeat(wide[20:212, 10 + s : 202 + s, None], 3, axis=2) for s in still_then_pan])
    write_mp4(tmp_path / "pan.mp4", frames, 25.0)
    write_mp4(tmp_path / "move.mp4", scene(jump=1.2), 25.0)
    moving = build_plugins.build_extractor("motion").extract(Video(tmp_path / "move.mp4"))["tiles"].max()
    try:
        panned = build_plugins.build_extractor("motion").extract(Video(tmp_path / "pan.mp4"))["tiles"].max()
    except Unmeasurable:
        panned = 0.0
    assert panned < moving / 2


@pytest.mark.parametrize(
    "extractor",
    [
        build_plugins.build_extractor("logmel"),
        build_plugins.build_extractor("onset"),
        build_plugins.build_extractor("motion"),
    ],
)
def test_the_wrong_medium_is_a_mistake(extractor):
    with pytest.raises(TypeError, match=extractor.spec.name):
        extractor.extract("a text")
