"""Emotion of speech against transformers' numbers, with seeded weights of two layers."""

import json

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import listed, put, utterances, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.emotion import Emotion
from vsseval.media import Audio
from vsseval.networks.wav2vec2 import ROBUST
from vsseval.plugins import load

KNOWN = json.loads(goldens.file("metrics/emotion.json").read_text(encoding="utf-8"))["sounds"]
SOUNDS, W8 = utterances(), waves()["w8"]


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    return Emotion(put(tmp_path_factory.mktemp("weights"), "emotion", listed("emotion")))


@pytest.mark.parametrize("name", SOUNDS)
def test_embeddings_and_dimensions_are_the_originals(extractor, name):
    found, wanted = extractor.extract(SOUNDS[name]), KNOWN[name]
    assert {key: (value.shape, value.dtype.name) for key, value in found.items()} == {
        "embedding": ((1024,), "float32"), "arousal": ((), "float32"), "dominance": ((), "float32"),
        "valence": ((), "float32"),
    }  # fmt: skip
    np.testing.assert_allclose(found["embedding"][::16], wanted["embedding"], rtol=0, atol=1e-4)
    assert np.linalg.norm(found["embedding"]) == pytest.approx(wanted["norm"], rel=1e-5)
    said = [float(found[key]) for key in ("arousal", "dominance", "valence")]
    assert said == pytest.approx(wanted["dimensions"], abs=1e-4)


def test_likeness_is_a_cosine_and_says_how_the_dimensions_differ(extractor):
    metric = build_plugins.build_metric("emo_sim@deepaudio")
    one, other = extractor.extract(SOUNDS["two"]), extractor.extract(SOUNDS["short"])
    assert metric.score(one, one).value == pytest.approx(1)
    found = metric.score(one, other)
    a, b = (each["embedding"].astype(np.float64) for each in (one, other))
    assert found.value == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert found.value < 0.999
    assert found.detail["arousal_difference"] == pytest.approx(float(one["arousal"]) - float(other["arousal"]))
    assert set(found.detail) == {"arousal_difference", "dominance_difference", "valence_difference"}


def test_gain_does_not_count(extractor):
    loud, quiet = (extractor.extract(Audio(W8[:16_000] * np.float32(gain), 16_000)) for gain in (0.5, 0.125))
    np.testing.assert_allclose(loud["embedding"], quiet["embedding"], rtol=0, atol=1e-3)


@pytest.mark.parametrize(("samples", "why"), [
    (np.zeros(0), "shorter than 0.1 s"), (W8[:1_599], "shorter than 0.1 s"), (np.zeros(16_000), "silent"),
    (np.full(121 * 16_000, 0.1), "longer than 120 s"),
])  # fmt: skip
def test_what_cannot_be_heard_has_a_reason(extractor, samples, why):
    with pytest.raises(Unmeasurable, match=why):
        extractor.extract(Audio(samples, 16_000))
    with pytest.raises(TypeError, match="takes audio"):
        extractor.extract("words")


def test_other_weights_are_named_and_missing_ones_name_the_command(extractor, tmp_path, monkeypatch):
    other = Emotion(put(tmp_path, "other", {"cls_token": torch.zeros(3)}))
    assert ROBUST.layers == 12
    with pytest.raises(UsageError, match=r"does not hold the weights of wav2vec 2.0 for emotion .*missing"):
        other.extract(SOUNDS["short"])
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull emotion_msp_dim"):
        load("extractors", "emotion_msp_dim")()
