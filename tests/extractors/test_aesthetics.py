"""Audiobox aesthetics against numbers made by the makers' package, and its windows, weights and configuration."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from support import build_plugins, goldens
from support.seeded_metric_weights import listed, waves
from vsseval.errors import MissingExtra, MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.aesthetics import AXES, WINDOW, Aesthetics, configuration
from vsseval.media import Audio
from vsseval.networks import optional_packages
from vsseval.plugins import load
from vsseval.weights.find import Weights

META = json.loads(goldens.file("metrics/audiobox_aesthetics.json").read_text())
W8, W10 = waves()["w8"], waves()["w10"]
SOUNDS = {
    "w8": Audio(W8, 16_000),
    "w10": Audio(W10, 16_000),
    "long13s5": Audio(np.concatenate([W10, W8[:56_000]]), 16_000),
    "one_over": Audio(np.concatenate([W10, W8[:1]]), 16_000),
    "stereo44k": Audio(np.stack([W8[:100_000], W8[20_000:120_000]]), 44_100),
    "short1s": Audio(W8[:16_000], 16_000),
    "silence2s": Audio(np.zeros(32_000), 16_000),
}
FILES = ("model.safetensors", "config.json")


def made(folder, files=FILES):
    return Aesthetics(Weights("audiobox_aesthetics", folder, files, "0" * 64))


@pytest.fixture(scope="module")
def folder(folder):
    (folder / "config.json").write_text(json.dumps(META["config"]))
    return folder


@pytest.fixture(scope="module")
def extractor(folder):
    save_file(listed("audiobox_aesthetics"), folder / "model.safetensors")
    return made(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_scores_are_the_originals(extractor, name):
    found = extractor.extract(SOUNDS[name])
    assert list(found) == ["ce", "cu", "pc", "pq"]
    for axis, wanted in META["scores"][name].items():
        value = found[axis.lower()]
        assert value.shape == ()
        assert value.dtype == np.float32
        assert float(value) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
def test_windows_of_different_fill_share_a_batch(extractor):
    """Each has the scores that the makers' package gives to it alone."""
    names = ("w10", "short1s")
    with torch.inference_mode():
        together = extractor.forward(torch.cat([extractor.prepare(SOUNDS[name]).tensor for name in names]), "audio")
    for row, name in zip(together["answers"], names, strict=True):
        wanted = {axis.lower(): value for axis, value in META["scores"][name].items()}
        assert dict(zip(AXES, row.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-5)
    assert together["seconds"].tolist() == [10.0, 1.0]


@pytest.mark.slow
def test_weights_of_another_network_are_named(folder, extractor):
    torch.save({"cls_token": torch.zeros(3)}, folder / "other.pt")
    with pytest.raises(UsageError, match=r"other\.pt does not hold the weights of Audiobox aesthetics: \d+ missing"):
        made(folder, ("other.pt", "config.json")).extract(SOUNDS["w8"])


@pytest.mark.parametrize(("samples", "lengths"), [(1, [1]), (160_000, [160_000]), (216_000, [160_000, 56_000])])
def test_windows_do_not_overlap_and_the_last_is_filled_up(tmp_path, samples, lengths):
    sound = np.full(samples, 0.5)
    found = made(tmp_path).prepare(Audio(sound, 16_000)).tensor
    assert found.shape == (len(lengths), 2, WINDOW)
    assert found[:, 1].sum(1).tolist() == lengths
    np.testing.assert_array_equal(found[:, 0], 0.5 * found[:, 1])


def test_bad_sources_have_reasons(tmp_path):
    with pytest.raises(Unmeasurable, match="the audio holds no samples"):
        made(tmp_path).extract(Audio(np.zeros(0), 16_000))
    with pytest.raises(TypeError, match="takes audio"):
        made(tmp_path).extract("words")


def test_the_configuration_is_read_and_checked(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(META["config"]))
    layers, scales = configuration(file)
    assert layers == 5
    assert scales[2] == (3.18591, 1.86637)
    file.write_text(json.dumps(META["config"] | {"nth_layer": 9}))
    with pytest.raises(UsageError, match="describes another network than the published one: nth_layer = 9"):
        configuration(file)
    for content in ("{}", "nothing", "[]"):
        file.write_text(content)
        with pytest.raises(UsageError, match="is not the configuration of Audiobox aesthetics"):
            configuration(file)


def test_missing_weights_and_packages_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull audiobox_aesthetics"):
        load("extractors", "aesthetics")()
    monkeypatch.setattr(optional_packages, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'vsseval\[papers\]'"):
        build_plugins.build_extractor("aesthetics")
