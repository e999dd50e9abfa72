"""Distill-MOS against numbers of its package, with the weights that ship."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from support.seeded_metric_weights import GOLDEN, waves
from vsseval.errors import Unmeasurable
from vsseval.extractors.distill_mos import SEGMENT, segments
from vsseval.extractors.waveform import mixed
from vsseval.media import Audio, load_audio

SCORES = json.loads(goldens.file("metrics/distill_mos.json").read_text())["scores"]
W8, W10 = waves()["w8"], waves()["w10"]
SOUNDS = {
    "above": Audio(W10[: SEGMENT + 1], 16_000),
    "short": Audio(W8[:16_000], 16_000),
    "quiet": Audio(W8[:16_000] / np.float32(100), 16_000),
    "noise": Audio((0.1 * np.random.RandomState(0).standard_normal(48_000)).astype(np.float32), 16_000),
    "native44k": Audio(W8[:100_000], 44_100),
    "native22k": Audio(W8[:50_000], 22_050),
    "scrap": Audio(W8[:400], 16_000),
}
RESAMPLED = ("native44k", "native22k")
"""By torchaudio, as the package's command does; its filter is not ours."""
LONG = {"w10": Audio(W10, 16_000), "long18": Audio(np.concatenate([W10, W8]), 16_000)}


@pytest.fixture(scope="module")
def extractor():
    return build_plugins.build_extractor("distill_mos")


def score(extractor, sound):
    found = extractor.extract(sound)["score"]
    assert (found.shape, found.dtype) == ((), np.float32)
    return float(found)


@pytest.mark.parametrize("name", SOUNDS)
def test_scores_are_the_packages(extractor, name):
    sound = SOUNDS[name]
    if name in RESAMPLED:
        sound = Audio(mixed(sound, 16_000), 16_000)
    assert score(extractor, sound) == pytest.approx(SCORES[name], abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_scores_of_many_segments_are_the_packages(extractor, name):
    assert score(extractor, LONG[name]) == pytest.approx(SCORES[name], abs=2e-5)


@pytest.mark.parametrize("name", ["pair0_ref", "pair1_syn"])
def test_scores_of_speech_are_the_packages(extractor, name):
    sound = Audio(mixed(load_audio(GOLDEN / "speech_a" / f"{name}.flac"), 16_000), 16_000)
    assert score(extractor, sound) == pytest.approx(SCORES[name], abs=2e-5)


def test_channels_are_averaged_and_gain_does_not_count(extractor):
    left, right = W8[:16_000], W8[16_000:32_000]
    both = score(extractor, Audio(np.stack([left, right]), 16_000))
    assert both == pytest.approx(score(extractor, Audio(0.2 * (left + right), 16_000)), abs=1e-4)


@pytest.mark.parametrize(("samples", "starts"), [
    (1, [0]), (SEGMENT, [0]), (SEGMENT + 1, [0, 1]), (SEGMENT + 16_000, [0, 16_000]),
    (SEGMENT + 16_001, [0, 8_000, 16_001]),
])  # fmt: skip
def test_segments_spread_from_the_start_to_the_end(samples, starts):
    found = segments(np.arange(1, samples + 1, dtype=np.float32))
    assert found.shape == (len(starts), SEGMENT)
    assert (found[:, 0] - 1).tolist() == starts
    assert (found[:, samples:] == 0).all()


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(32_000), np.full(16_000, 5e-4)])
def test_silence_has_no_quality_of_speech(extractor, samples):
    # the package would give it 1.97, above noise
    assert SCORES["silence"] > SCORES["short"]
    with pytest.raises(Unmeasurable, match="the audio is silent"):
        extractor.extract(Audio(samples, 16_000))
    with pytest.raises(TypeError, match="takes audio"):
        extractor.extract("words")
