"""UTMOS22 against SpeechMOS's numbers, and what it makes of sound and weights that are not as they should be."""

import json

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_metric_weights import KEYS, listed, put, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.utmos import Utmos
from vsseval.media import Audio
from vsseval.plugins import load

W8 = waves()["w8"]
SOUNDS = ("score_2s_16k", "score_odd_16k", "score_1s_from24k", "score_1s_from22050", "score_silence1s")


@pytest.fixture(scope="module", params=goldens.files("metrics/utmos_*.npz"), ids=goldens.name)
def golden(request):
    return goldens.read(request.param)


def sounds(w8):
    """The sounds that the originals scored, cut out of eight seconds."""
    return {
        "score_2s_16k": Audio(w8[:32_000], 16_000),
        "score_odd_16k": Audio(w8[16_000:36_320], 16_000),
        "score_1s_from24k": Audio(w8[40_000:64_000], 24_000),
        "score_1s_from22050": Audio(w8[40_000:62_050], 22_050),
        "score_silence1s": Audio(np.zeros(16_000), 16_000),
    }


@pytest.fixture(scope="module")
def extractor(folder):
    return Utmos(put(folder, "utmos22_strong", listed("utmos22_strong")))


@pytest.mark.parametrize("name", SOUNDS)
def test_scores_are_the_originals(golden, extractor, name):
    found = extractor.extract(sounds(waves(golden.part)["w8"])[name])["score"]
    assert found.shape == ()
    assert found.dtype == np.float32
    assert float(found) == pytest.approx(float(golden.arrays[name][0]), abs=1e-5)


def test_a_batch_and_its_parts_are_the_originals(golden, extractor):
    w8 = waves(golden.part)["w8"]
    parts = [Audio(w8[:24_000], 16_000), Audio(w8[60_000:84_000], 16_000)]
    found = [float(one["score"]) for one in extractor.extract_many(parts)]
    assert found == pytest.approx(golden.arrays["score_batch2"].tolist(), abs=1e-5)
    assert found == pytest.approx(golden.arrays["score_batch2_single"].tolist(), abs=1e-5)
    with torch.inference_mode():
        together = extractor.network(torch.from_numpy(np.stack([w8[:24_000], w8[60_000:84_000]])))
    assert together.tolist() == pytest.approx(golden.arrays["score_batch2"].tolist(), abs=1e-5)


def test_features_of_wav2vec_are_the_originals(golden, extractor):
    w8 = waves(golden.part)["w8"]
    with torch.inference_mode():
        frames = extractor.network.wav2vec2(torch.from_numpy(w8[None, :32_000]))
        odd = extractor.network.wav2vec2(torch.from_numpy(w8[None, 16_000:36_320]))
    assert list(frames.shape) == golden.arrays["w2v_2s_shape"].tolist()
    assert odd.shape[1] == int(golden.arrays["w2v_odd_frames"])
    np.testing.assert_allclose(frames[0, ::9], golden.arrays["w2v_2s"], rtol=0, atol=1e-5)


def test_the_keys_are_the_originals(extractor):
    # one is of training alone
    known = json.loads((KEYS / "utmos22_strong.json").read_text())["keys"]
    assert len(extractor.network.state_dict()) == len(known) - 1


def test_channels_are_averaged(extractor):
    left, right = W8[:16_000], W8[16_000:32_000]
    both = float(extractor.extract(Audio(np.stack([left, right]), 16_000))["score"])
    assert both == pytest.approx(float(extractor.extract(Audio((left + right) / 2, 16_000))["score"]), abs=1e-6)


@pytest.mark.parametrize(("samples", "heard"), [(0, False), (399, False), (400, True)])
def test_less_than_a_frame_has_a_reason(golden, extractor, samples, heard):
    # the original fails with an error of a convolution
    assert golden.meta["samples_399"].startswith("RuntimeError")
    sound = Audio(W8[:samples], 16_000)
    if heard:
        assert np.isfinite(extractor.extract(sound)["score"])
    else:
        with pytest.raises(Unmeasurable, match=r"the audio is shorter than 0\.025 s"):
            extractor.extract(sound)


def test_weights_of_another_network_are_named(folder):
    other = Utmos(put(folder, "other", {"cls_token": torch.zeros(1, 1, 768)}))
    with pytest.raises(UsageError, match=r"does not hold the weights of UTMOS22 .*missing.*cls_token"):
        other.extract(sounds(W8)["score_2s_16k"])


def test_text_is_a_fault_of_the_program(extractor):
    with pytest.raises(TypeError, match="takes audio"):
        extractor.extract("words")


def test_missing_weights_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull utmos22_strong"):
        load("extractors", "utmos")()
