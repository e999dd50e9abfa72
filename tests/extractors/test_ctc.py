"""CTC: equal to torchaudio's pipelines, and to what a row of classes means."""

import numpy as np
import pytest
import torch
import torchaudio

from tools import seeded_speech_models as speech_models
from tools.seeded_speech_models import speech
from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors import ctc
from vsseval.extractors.speech import sinc
from vsseval.media import Audio
from vsseval.networks import wav2vec2


def sound(seed=0, seconds=1.5, rate=16_000, channels=1):
    return Audio(speech(seconds, rate, seed, channels), rate)


def heard(extractor, audio):
    return str(extractor.extract(audio)["text"])


TINY = {
    "extractor_conv_layer_config": [(16, 10, 5)] + [(16, 3, 2)] * 4 + [(16, 2, 2)] * 2,
    "extractor_conv_bias": False,
    "encoder_embed_dim": 16,
    "encoder_projection_dropout": 0.0,
    "encoder_pos_conv_kernel": 16,
    "encoder_pos_conv_groups": 4,
    "encoder_num_layers": 2,
    "encoder_num_heads": 2,
    "encoder_attention_dropout": 0.0,
    "encoder_ff_interm_features": 32,
    "encoder_ff_interm_dropout": 0.0,
    "encoder_dropout": 0.0,
    "encoder_layer_drop": 0.0,
}
SMALL = wav2vec2.Shape(
    width=16, inner=32, layers=2, heads=2, norm_first=False, reach=16, groups=4,
    convolutions=tuple(TINY["extractor_conv_layer_config"]),
)  # fmt: skip
KINDS = {
    "wav2vec2": {"extractor_mode": "group_norm", "encoder_layer_norm_first": False},
    "hubert": {"extractor_mode": "layer_norm", "encoder_layer_norm_first": True},
}


@pytest.fixture(params=["wav2vec2", "hubert"])
def recogniser(request, tmp_path, monkeypatch):
    """An extractor of a tiny network, and torchaudio's bundle of the same."""
    kind = request.param
    from torchaudio.pipelines import HUBERT_ASR_LARGE, WAV2VEC2_ASR_BASE_960H

    network = speech_models.fill(torchaudio.models.wav2vec2_model(**TINY, **KINDS[kind], aux_num_out=32), 3)
    (tmp_path / f"{kind}_ctc").mkdir()
    torch.save(network.state_dict(), tmp_path / f"{kind}_ctc" / "weights.pth")
    small = SMALL._replace(norm_first=kind == "hubert")
    monkeypatch.setattr(wav2vec2, "BASE" if kind == "wav2vec2" else "LARGE", small)
    bundle = WAV2VEC2_ASR_BASE_960H if kind == "wav2vec2" else HUBERT_ASR_LARGE
    monkeypatch.setattr(bundle, "_params", {**TINY, **KINDS[kind], "aux_num_out": 29})
    monkeypatch.setattr(
        "torchaudio.pipelines._wav2vec2.utils.load_state_dict_from_url", lambda url: network.state_dict()
    )
    return ctc.CTC(speech_models.installed(tmp_path, f"{kind}_ctc"), kind), bundle


def letters(emission, labels):
    """Greedy decoding as torchaudio's tutorial describes it."""
    places = torch.unique_consecutive(emission.argmax(-1), dim=-1)
    return " ".join("".join(labels[place] for place in places if place != 0).replace("|", " ").split())


def test_ctc_equals_the_pipeline_of_torchaudio(recogniser):
    extractor, bundle = recogniser
    network = bundle.get_model()
    assert "".join(bundle.get_labels()) == ctc.LETTERS
    for seed, rate, channels in ((0, 16_000, 1), (1, 24_000, 1), (2, 44_100, 2)):
        audio = sound(seed, rate=rate, channels=channels)
        with torch.inference_mode():
            emission, _ = network(torch.from_numpy(sinc(audio))[None])
        expected = letters(emission[0], bundle.get_labels())
        assert len(expected) > 3
        assert heard(extractor, audio) == expected


def test_ctc_is_built_as_torchaudio_builds_it():
    from torchaudio.pipelines import HUBERT_ASR_LARGE, WAV2VEC2_ASR_BASE_960H

    from vsseval.networks.skip_initial_weights import SkipInitialWeights

    for shape, bundle in ((wav2vec2.BASE, WAV2VEC2_ASR_BASE_960H), (wav2vec2.LARGE, HUBERT_ASR_LARGE)):
        with SkipInitialWeights():
            ours, original = wav2vec2.Wav2Vec2(shape, 29), torchaudio.models.wav2vec2_model(**bundle._params)
        shapes = [{key: value.shape for key, value in one.state_dict().items()} for one in (ours, original)]
        assert shapes[0] == shapes[1]
        assert shape.norm_first is bundle._params["encoder_layer_norm_first"]
        assert shape.heads == bundle._params["encoder_num_heads"]


def test_ctc_hears_nothing_in_scraps_and_silence(recogniser):
    extractor, _ = recogniser
    for samples in (np.zeros(10), np.zeros(32_000), 0.5 * np.ones(399)):
        assert isinstance(heard(extractor, Audio(samples, 16_000)), str)
    with pytest.raises(Unmeasurable, match="no samples"):
        extractor.extract(Audio(np.zeros((1, 0)), 16_000))
    with pytest.raises(Unmeasurable, match="longer than 120 s"):
        extractor.extract(Audio(np.zeros(121 * 16_000), 16_000))


@pytest.mark.parametrize(
    ("row", "words"),
    [("--", ""), ("HH-EE-LL-L-OO", "HELLO"), ("|A||B-B|", "A BB"), ("A-A|||'", "AA '"), ("||", "")],
)
def test_greedy_ctc(row, words):
    assert ctc.text(np.array([ctc.LETTERS.index(letter) for letter in row])) == words


def test_ctc_weights_of_another_network_are_refused(tmp_path):
    (tmp_path / "wav2vec2_ctc").mkdir()
    torch.save({"model": {"fc6.weight": torch.zeros(3)}}, tmp_path / "wav2vec2_ctc" / "x.pth")
    extractor = ctc.CTC(speech_models.installed(tmp_path, "wav2vec2_ctc"), "wav2vec2")
    with pytest.raises(UsageError, match=r"x\.pth does not hold the weights of wav2vec2_ctc.*unexpected: fc6\.weight"):
        extractor.extract(sound())
