"""DNSMOS against numbers of the package speechmos, whose networks it runs."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from support.seeded_metric_weights import GOLDEN, waves
from vsseval.errors import EnvironmentFault, MissingExtra, Unmeasurable
from vsseval.extractors import dnsmos
from vsseval.extractors.dnsmos import WINDOW, windows
from vsseval.media import Audio, load_audio
from vsseval.networks import optional_packages
from vsseval.plugins import load

SCORES = json.loads(goldens.file("metrics/dnsmos.json").read_text())["scores"]
W8, W10 = waves()["w8"], waves()["w10"]
SOUNDS = {
    "w10": Audio(W10, 16_000),
    "exact": Audio(W10[:144_160], 16_000),
    "noise": Audio(0.1 * np.random.RandomState(0).standard_normal(48_000), 16_000),
    "native44k": Audio(W8[:100_000], 44_100),
    "stereo24k": Audio(np.stack([W8[:60_000], W8[60_000:120_000]]), 24_000),
}
LONG = {
    "long18": Audio(np.concatenate([W10, W8]), 16_000),
    "short": Audio(W8[:16_000], 16_000),
    "silence": Audio(np.zeros(32_000), 16_000),
}


@pytest.fixture(scope="module")
def extractor():
    return build_plugins.build_extractor("dnsmos")


def check(extractor, name, sound):
    found = extractor.extract(sound)
    assert {key: value.shape for key, value in found.items()} == dict.fromkeys(("sig", "bak", "ovrl", "p808"), ())
    for key, value in SCORES[name].items():
        assert float(found[key.removesuffix("_mos")]) == pytest.approx(value, abs=1e-4), key


@pytest.mark.parametrize("name", SOUNDS)
def test_scores_are_the_packages(extractor, name):
    check(extractor, name, SOUNDS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_scores_of_many_windows_are_the_packages(extractor, name):
    check(extractor, name, LONG[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pair0_ref", "pair1_syn"])
def test_scores_of_speech_are_the_packages(extractor, name):
    check(extractor, name, load_audio(GOLDEN / "speech_a" / f"{name}.flac"))


def test_the_same_sound_has_the_same_bits(extractor):
    first, second = extractor.extract(SOUNDS["w10"]), extractor.extract(Audio(W10, 16_000))
    assert {key: float(value) for key, value in first.items()} == {key: float(value) for key, value in second.items()}


@pytest.mark.parametrize(
    ("samples", "number"), [(144_160, 1), (144_159, 7), (160_000, 1), (160_160, 1), (176_160, 2), (100_000, 3), (1, 7)]
)
def test_windows_begin_at_whole_seconds_of_the_doubled_sound(samples, number):
    found = windows(np.arange(samples, dtype=np.float32))
    # the end of some windows is rounded down by a sample, and those are passed over
    assert len(found) == number
    assert all(window.size == WINDOW for window in found)
    np.testing.assert_array_equal(found[0][:5], np.arange(5) % samples)


def test_no_samples_have_a_reason(extractor):
    # the original would double nothing for ever
    with pytest.raises(Unmeasurable, match="the audio holds no samples"):
        extractor.extract(Audio(np.zeros(0), 16_000))
    with pytest.raises(TypeError, match="takes audio"):
        extractor.extract("words")


def test_missing_and_replaced_packages_name_the_command(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(dnsmos.FILES, "model_v8.onnx", "0" * 64)
        with pytest.raises(EnvironmentFault, match=r"pip install --force-reinstall speechmos==0\.0\.1\.1"):
            build_plugins.build_extractor("dnsmos").extract(SOUNDS["w10"])
    with monkeypatch.context() as patch:
        patch.setattr(dnsmos, "find_spec", lambda _: None)
        with pytest.raises(EnvironmentFault, match="incomplete"):
            build_plugins.build_extractor("dnsmos").extract(SOUNDS["w10"])
    monkeypatch.setattr(optional_packages, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'vsseval\[dnsmos\]'"):
        load("extractors", "dnsmos")()
