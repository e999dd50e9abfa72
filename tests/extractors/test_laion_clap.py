"""LAION-CLAP against the original's numbers, its plan for every length, and bad captions, sounds and weights."""

import json
import shutil

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import KEYS, draw, error, listed, waves
from vsseval.errors import MissingExtra, MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.laion_clap import LONGEST, LaionClapExtractor, repeated
from vsseval.media import Audio, Video
from vsseval.networks import htsat, optional_packages
from vsseval.plugins import load
from vsseval.weights.find import Weights

GOLDENS = goldens.files("metrics/laion_clap_*.npz")
PLANS = [(file, length) for file in GOLDENS for length in goldens.read(file).meta["repeatpad_plan"] if length.isdigit()]
TOKENS = goldens.file("metrics/tokens")
FILES = ("clap.pt", "vocab.json", "merges.txt")


@pytest.fixture(scope="module", params=GOLDENS, ids=goldens.name)
def golden(request):
    return goldens.read(request.param)


def tokenizer_files(folder):
    shutil.copy(TOKENS / "roberta.json", folder / "vocab.json")
    shutil.copy(TOKENS / "merges.txt", folder / "merges.txt")


def made(folder, size="BASE"):
    return LaionClapExtractor(Weights("laion_clap", folder, FILES, "0" * 64), "laion_clap", "seeded", size)


@pytest.fixture(scope="module")
def folder(folder):
    tokenizer_files(folder)
    return folder


@pytest.fixture(scope="module")
def extractor(folder):
    """On a checkpoint as its makers distribute it."""
    state = listed("laion_clap_htsat_base") | {"text_branch.embeddings.position_ids": torch.arange(514)[None]}
    content = {"epoch": 15, "name": "x", "state_dict": {f"module.{key}": value for key, value in state.items()}}
    torch.save(content | {"optimizer": {"state": {}, "param_groups": []}}, folder / "clap.pt")
    return made(folder)


@pytest.fixture
def quick(tmp_path):
    """Without a network: for what happens before it."""
    tokenizer_files(tmp_path)
    return made(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["w8", "w10"])
def test_sound_is_the_originals(golden, extractor, name):
    sound = torch.from_numpy(repeated(np.repeat(waves(golden.part)[name], 3), LONGEST))[None]
    network = extractor.network
    with torch.inference_mode():
        decibels = network.log_mel(sound)
        embedding = network.audio(sound)[0].numpy()
        heard = network.clap.audio_model(input_features=decibels).pooler_output[0].numpy()
    assert error(embedding, golden.arrays[f"audio_emb_{name}"]) < 1e-5
    if name == "w8":
        assert list(decibels.shape[2:]) == golden.arrays["logmel_shape"].tolist()
        np.testing.assert_allclose(decibels[0, 0, ::10], golden.arrays["logmel_w8"], rtol=0, atol=1e-3)
        assert error(heard, golden.arrays["htsat_embedding_w8"]) < 1e-5


@pytest.mark.slow
def test_text_is_the_originals_together_and_alone(golden, extractor):
    ids = torch.from_numpy(golden.arrays["text_ids"])
    tokens = torch.stack([ids, (ids != 1).long()], dim=1)
    with torch.inference_mode():
        together = extractor.network.text(tokens).numpy()
        alone = torch.cat([extractor.network.text(one[None]) for one in tokens]).numpy()
    assert error(together, golden.arrays["text_emb"]) < 1e-5
    assert error(alone, golden.arrays["text_emb"]) < 1e-5


@pytest.mark.slow
def test_sound_and_caption_meet_in_the_metric(extractor):
    level = waves()["w8"] + np.float32(0.1)
    stereo = extractor.extract(Audio(np.stack([level, level]), 16_000))["embedding"]
    mono = extractor.extract(Audio(waves()["w8"], 16_000))["embedding"]
    caption = extractor.extract("a dog barks")["embedding"]
    assert mono.dtype == caption.dtype == np.float32
    assert mono.shape == caption.shape == (512,)
    # channels are averaged, and the offset is taken off
    assert error(stereo, mono) < 1e-4
    assert np.linalg.norm(mono) == pytest.approx(1, abs=1e-5)
    assert (
        -1 < build_plugins.build_metric("clap_score@laion").score({"embedding": mono}, {"embedding": caption}).value < 1
    )
    silent = extractor.extract(Audio(np.zeros(48_000), 48_000))["embedding"]
    assert np.isfinite(silent).all()
    found = extractor.extract_many(["a dog barks", Audio(np.zeros(0), 48_000), Audio(waves()["w8"], 16_000)])
    np.testing.assert_array_equal(found[0]["embedding"], caption)
    np.testing.assert_array_equal(found[2]["embedding"], mono)
    assert isinstance(found[1], Unmeasurable)


@pytest.mark.slow
def test_weights_of_another_network_are_named(extractor, folder):
    # HTSAT-tiny is another size; a network with feature fusion has more
    with pytest.raises(UsageError, match=r"clap\.pt does not hold the weights of LAION-CLAP.*of another shape"):
        made(folder, "TINY").extract("a dog barks")


@pytest.mark.parametrize(("file", "samples"), PLANS)
def test_the_plan_for_every_length_is_the_originals(file, samples):
    plan, length = goldens.read(file).meta["repeatpad_plan"][samples], int(samples)
    sound = np.arange(1, length + 1, dtype=np.float32)
    found = repeated(sound, LONGEST)
    assert found.size == plan["len"]
    np.testing.assert_array_equal(found[: plan["copies"] * length], np.tile(sound, plan["copies"])[:LONGEST])
    assert int((found[::-1] != 0).argmax()) == plan["zeros_at_end"]


def test_of_a_longer_sound_the_first_ten_seconds_count(quick):
    sound = waves()["w10"]
    longer = np.concatenate([sound, draw("tail", [80_000]).numpy() * 0.1])
    found = quick.prepare(Audio(longer - longer.mean(), 48_000)).tensor
    assert found.shape == (1, LONGEST)
    both = [quick.prepare(Audio(np.tile(longer, 3), 48_000)).tensor for _ in range(2)]
    assert torch.equal(*both)


def test_bad_sources_have_reasons(quick):
    with pytest.raises(Unmeasurable, match="the audio holds no samples"):
        quick.extract(Audio(np.zeros(0), 48_000))
    for caption in ("", " \n"):
        with pytest.raises(Unmeasurable, match="the caption is empty"):
            quick.extract(caption)
    with pytest.raises(TypeError, match="not Video"):
        quick.extract(Video.__new__(Video))


def test_a_tokenizer_is_never_empty(quick, tmp_path):
    (tmp_path / "vocab.json").write_text('{"<s>": 0}')
    with pytest.raises(UsageError, match=r"vocab\.json is not the vocabulary of this text encoder: it lacks <pad>"):
        quick.extract("a dog barks")


def test_names_of_htsat_are_all_known():
    known = json.loads((KEYS / "laion_clap_htsat_base.json").read_text())["keys"]
    found = htsat.renamed(htsat.under("audio_branch.", {key: torch.zeros(3) for key in known}))
    assert "layers.0.blocks.1.attention.self.query.weight" in found
    assert not [key for key in found if "attn" in key or "mlp" in key or "norm1" in key or "head" in key]


def test_missing_weights_and_packages_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    for name in ("laion_clap", "laion_clap_630k"):
        with pytest.raises(MissingWeights, match=f"vsseval weights pull {name}"):
            load("extractors", name)()
    monkeypatch.setattr(optional_packages, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'vsseval\[papers\]'"):
        build_plugins.build_extractor("laion_clap_630k")
