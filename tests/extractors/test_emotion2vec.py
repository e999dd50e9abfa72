"""emotion2vec against FunASR's numbers, with seeded weights of one layer before and one behind."""

import json

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import listed, put, utterances, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.emotion2vec import Emotion2VecMean
from vsseval.media import Audio
from vsseval.networks.emotion2vec import BASE_SIZE, Emotion2Vec, slopes
from vsseval.plugins import load

KNOWN = json.loads(goldens.file("metrics/emotion2vec.json").read_text(encoding="utf-8"))["sounds"]
SOUNDS, W8 = utterances(), waves()["w8"]


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    # As fairseq keeps it: under "model", with the decoder of the training.
    return Emotion2VecMean(put(tmp_path_factory.mktemp("weights"), "emotion2vec", {"model": listed("emotion2vec")}))


@pytest.mark.parametrize("name", SOUNDS)
def test_embeddings_are_the_originals(extractor, name):
    found, wanted = extractor.extract(SOUNDS[name]), KNOWN[name]
    assert (*found, found["embedding"].shape, found["embedding"].dtype.name) == ("embedding", (768,), "float32")
    np.testing.assert_allclose(found["embedding"][::16], wanted["embedding"], rtol=0, atol=1e-4)
    assert np.linalg.norm(found["embedding"]) == pytest.approx(wanted["norm"], rel=1e-5)


def test_frames_are_the_originals(extractor):
    with torch.inference_mode():
        frames = extractor.network(extractor.prepare(SOUNDS["two"]).tensor)[0]
    assert len(frames) == KNOWN["two"]["frames"]
    np.testing.assert_allclose(frames[-1, ::96].numpy(), KNOWN["two"]["last"], rtol=0, atol=1e-4)


def test_the_published_network_has_its_size():
    with torch.device("meta"):
        parameters = sum(value.numel() for value in Emotion2Vec().parameters())
    assert parameters == pytest.approx(93.8e6, rel=0.01)  # "about 90M" by its makers, less what only training needs
    assert BASE_SIZE.context + BASE_SIZE.blocks == 12


def test_slopes_are_those_of_press_et_al():
    np.testing.assert_allclose(slopes(8), [2.0**-n for n in range(1, 9)])
    np.testing.assert_allclose(slopes(12)[8:], [2.0 ** -(n / 2) for n in (1, 3, 5, 7)])


def test_likeness_is_a_cosine_and_gain_does_not_count(extractor):
    metric = build_plugins.build_metric("emo_sim@emotion2vec")
    one, other = extractor.extract(SOUNDS["two"]), extractor.extract(SOUNDS["short"])
    assert metric.score(one, one).value == pytest.approx(1)
    found = metric.score(one, other)
    a, b = (each["embedding"].astype(np.float64) for each in (one, other))
    assert found.value == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert found.detail == {}  # it names no dimensions
    loud, quiet = (extractor.extract(Audio(W8[:16_000] * np.float32(gain), 16_000)) for gain in (0.5, 0.125))
    np.testing.assert_allclose(loud["embedding"], quiet["embedding"], rtol=0, atol=1e-2)


@pytest.mark.parametrize(("samples", "why"), [
    (np.zeros(0), "shorter than 0.1 s"), (W8[:1_599], "shorter than 0.1 s"), (np.zeros(16_000), "silent"),
    (np.full(121 * 16_000, 0.1), "longer than 120 s"),
])  # fmt: skip
def test_what_cannot_be_heard_has_a_reason(extractor, samples, why):
    with pytest.raises(Unmeasurable, match=why):
        extractor.extract(Audio(samples, 16_000))


def test_other_weights_are_named_and_missing_ones_name_the_command(tmp_path, monkeypatch):
    other = Emotion2VecMean(put(tmp_path, "other", {"cls_token": torch.zeros(3)}))
    with pytest.raises(UsageError, match=r"does not hold the weights of emotion2vec: .*missing"):
        other.extract(SOUNDS["short"])
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull emotion2vec"):
        load("extractors", "emotion2vec")()
