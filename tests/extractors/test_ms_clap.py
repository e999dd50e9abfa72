"""MS-CLAP against numbers made by the package msclap, and bad captions, sounds and weights."""

import json
import random
import shutil

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import error, golden, listed, waves
from vsseval.errors import MissingExtra, MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.ms_clap import LONGEST, MsClapExtractor, looped
from vsseval.media import Audio
from vsseval.networks import optional_packages
from vsseval.plugins import load
from vsseval.weights.find import Weights

NUMBERS, META = golden("msclap")
TOKENS = goldens.file("metrics/tokens")
W8 = waves()["w8"]
SOUNDS = {
    "w8": Audio(W8, 16_000),
    "short3s": Audio(W8[:48_000], 16_000),
    "exact7s": Audio(W8[:112_000], 16_000),
    "native44k": Audio(W8[:100_000], 44_100),
    "silence": Audio(np.zeros(16_000), 16_000),
}
FILES = ("clap.pth", "vocab.json", "merges.txt")


def tokenizer_files(folder):
    shutil.copy(TOKENS / "gpt2.json", folder / "vocab.json")
    shutil.copy(TOKENS / "merges.txt", folder / "merges.txt")


def made(folder):
    return MsClapExtractor(Weights("ms_clap", folder, FILES, "0" * 64))


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def folder(folder):
    tokenizer_files(folder)
    return folder


@pytest.fixture(scope="module")
def extractor(folder):
    """On a checkpoint as its makers distribute it, with the tables that older transformers kept."""
    state = listed("msclap_2023") | {"caption_encoder.base.h.0.attn.bias": torch.ones(1, 1, 4, 4, dtype=torch.uint8)}
    torch.save({"model": state}, folder / "clap.pth")
    return made(folder)


@pytest.fixture
def quick(tmp_path):
    """Without a network: for what happens before it."""
    tokenizer_files(tmp_path)
    return made(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_the_originals(extractor, name):
    found = extractor.extract(SOUNDS[name])["embedding"]
    assert found.dtype == np.float32
    assert error(found, unit(NUMBERS[f"audio_{name}"])) < 1e-5


@pytest.mark.slow
def test_the_mel_and_what_htsat_makes_of_it_are_the_originals(extractor):
    with torch.inference_mode():
        decibels = extractor.network.log_mel(extractor.prepare(SOUNDS["w8"]).tensor)
        heard = extractor.network.ears(input_features=decibels).pooler_output[0].numpy()
    assert list(decibels.shape[2:]) == NUMBERS["logmel_shape"].tolist()
    # the bands above 8 kHz hold rounding errors alone: the sound came from 16 kHz
    np.testing.assert_allclose(decibels[0, 0, ::10], NUMBERS["logmel_w8"], rtol=0, atol=0.05)
    loud = NUMBERS["logmel_w8"] > -50
    np.testing.assert_allclose(decibels[0, 0, ::10].numpy()[loud], NUMBERS["logmel_w8"][loud], rtol=0, atol=1e-3)
    assert error(heard, NUMBERS["htsat_w8"]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(META["captions"])))
def test_text_is_the_originals(extractor, place):
    # among them one with "!", which moves the token that is read, and one of more than 77 tokens
    found = extractor.extract(META["captions"][place])["embedding"]
    assert error(found, unit(NUMBERS[f"text_{place}"])) < 1e-5


@pytest.mark.slow
def test_weights_of_another_network_are_named(folder, extractor):
    torch.save({"model": {"cls_token": torch.zeros(3)}}, folder / "other.pth")
    other = MsClapExtractor(Weights("ms_clap", folder, ("other.pth", *FILES[1:]), "0" * 64))
    with pytest.raises(UsageError, match=r"other\.pth does not hold the weights of MS-CLAP of 2023: \d+ missing"):
        other.extract("a dog barks")


@pytest.mark.parametrize("place", range(len(META["captions"])))
def test_tokens_are_the_originals(quick, place):
    assert quick.tokens(META["captions"][place]).tolist() == NUMBERS[f"ids_{place}"].tolist()


@pytest.mark.parametrize("length", [1, 3, 154_349, 154_350, 308_699, 308_700, 308_701, 700_000])
def test_shorter_sounds_are_looped_and_of_longer_ones_the_beginning_counts(length):
    sound = np.arange(length, dtype=np.float32)
    expected = np.tile(sound, -(-LONGEST // length))[:LONGEST]
    np.testing.assert_array_equal(looped(sound, LONGEST), expected)


def test_channels_are_averaged_and_no_chance_is_asked(quick):
    left, right = W8[:120_000], W8[8_000:128_000]
    random.seed(1)
    found = quick.prepare(Audio(np.stack([left, right]), 16_000)).tensor
    random.seed(2)
    np.testing.assert_array_equal(found, quick.prepare(Audio((left + right) / 2, 16_000)).tensor)


def test_bad_sources_have_reasons(quick):
    with pytest.raises(Unmeasurable, match="the audio holds no samples"):
        quick.extract(Audio(np.zeros(0), 44_100))
    with pytest.raises(Unmeasurable, match="the caption is empty"):
        quick.extract("  ")
    with pytest.raises(Unmeasurable, match="more than the 1024 that GPT-2 can read"):
        quick.extract("rain " * 1024)


def test_a_broken_tokenizer_is_named(quick, tmp_path):
    (tmp_path / "merges.txt").write_text("no merges")
    with pytest.raises(UsageError, match=r"merges\.txt does not hold the merges of vocab\.json"):
        quick.extract("a dog barks")
    (tmp_path / "vocab.json").write_text(json.dumps(["a"]))
    with pytest.raises(UsageError, match="it maps no tokens to numbers"):
        quick.extract("a dog barks")
    (tmp_path / "vocab.json").unlink()
    with pytest.raises(UsageError, match="cannot be read as a vocabulary"):
        quick.extract("a dog barks")


def test_missing_weights_and_packages_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull ms_clap"):
        load("extractors", "ms_clap")()
    monkeypatch.setattr(optional_packages, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'vsseval\[papers\]'"):
        build_plugins.build_extractor("ms_clap")
