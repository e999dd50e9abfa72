"""SyncNet against the original's numbers, and what it makes of media and weights that are not as they should be."""

import json
import re

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import (
    KAIMING,
    KEYS,
    error,
    fill,
    golden,
    input_tensor,
    input_uint8,
    put,
    waves,
)
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.mfcc import RATE, mfcc
from vsseval.extractors.syncnet import SyncNetEmbeddings, mouth, picture_windows, sound_windows
from vsseval.media import Audio, Video, write_mp4
from vsseval.metrics.lse import agreement, distances
from vsseval.networks.syncnet import SyncNet

PARTS = goldens.parts("metrics/syncnet", "metrics/waves")


@pytest.fixture(scope="module")
def state():
    network = SyncNet().eval()
    fill(network, KAIMING)
    return network.state_dict()


@pytest.fixture(scope="module")
def extractor(tmp_path_factory, state):
    return SyncNetEmbeddings(put(tmp_path_factory.mktemp("weights"), "syncnet", state))


def whole(part, name):
    return np.rint(waves(part)[name] * 32_768)


def test_the_keys_are_the_originals(state):
    listed = json.loads((KEYS / "syncnet_v2.json").read_text())["keys"]
    assert {key: list(value.shape) for key, value in state.items()} == {
        key: one["shape"] for key, one in listed.items()
    }


@pytest.mark.parametrize("part", PARTS)
def test_vectors_are_the_originals(extractor, part):
    arrays, _ = golden(f"syncnet_{part}")
    pictures = input_uint8(f"syncnet_lip224_{part}", (2, 3, 5, 224, 224))
    with torch.inference_mode():
        assert error(extractor.network.lips(pictures.float()).numpy(), arrays["lip_out"]) < 1e-5
        assert error(extractor.network.shapes(pictures.float()).numpy(), arrays["lipfeat"]) < 1e-5
        heard = extractor.network.sound(8 * input_tensor(f"syncnet_mfcc_{part}", (2, 1, 13, 20)))
    assert error(heard.numpy(), arrays["aud_out"]) < 1e-5


@pytest.mark.parametrize("part", PARTS)
def test_cepstra_are_the_originals(part):
    arrays, meta = golden(f"syncnet_{part}")
    first, last = arrays["mfcc_in_samples"]
    np.testing.assert_allclose(mfcc(whole(part, "w8")[first:last]).T, arrays["mfcc"], rtol=0, atol=1e-5)
    for samples, shape in meta["mfcc_shapes"].items():
        assert list(mfcc(whole(part, "w8")[: int(samples)]).shape) == shape


@pytest.mark.parametrize("part", PARTS)
def test_a_whole_evaluation_is_the_originals(extractor, part):
    arrays, meta = golden(f"syncnet_{part}")
    said = meta["inputs"]["eval"]
    count, samples, wave = re.search(
        r"\((\d+),224,224,3\).*first (\d+) int16 samples of waves_\w (w\d+)", said
    ).groups()
    frames = input_uint8(f"syncnet_vid_{part}", (int(count), 224, 224, 3)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        seen = extractor.network.lips(picture_windows(frames).float()).numpy()
    heard = extractor.extract(Audio(waves(part)[wave][: int(samples)], RATE))["embeddings"]
    assert error(distances(seen, heard), arrays["eval_dists"]) < 1e-5
    found = agreement(seen, heard)
    assert found.offset == int(arrays["eval_offset"])
    # a small difference of large distances
    assert found.confidence == pytest.approx(float(arrays["eval_conf"]), abs=1e-6 * found.distance)


def test_there_are_vectors_for_whole_windows_less_one(extractor, tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (12, 40, 60, 3), dtype=np.uint8)
    write_mp4(tmp_path / "v.mp4", frames, 25.0)
    found = extractor.extract(Video(tmp_path / "v.mp4"))["embeddings"]
    assert (found.shape, found.dtype) == ((7, 1024), np.float32)
    write_mp4(tmp_path / "w.mp4", frames, 50.0)
    assert extractor.extract(Video(tmp_path / "w.mp4"))["embeddings"].shape == (1, 1024)


@pytest.mark.parametrize(
    ("samples", "count"), [(3840, 1), (4479, 1), (4480, 2), (19_200, 25), (32_000, 45), (32_639, 45)]
)
def test_there_are_as_many_windows_of_sound_as_of_pictures(samples, count):
    assert sound_windows(np.ones(samples)).shape == (count, 1, 13, 20)


def test_red_becomes_blue_and_the_shape_is_not_kept():
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[..., 0] = 200
    seen = mouth(picture)
    assert seen.shape == (3, 224, 224)
    assert seen.float().mean(dim=(1, 2)).tolist() == [0, 0, 200]


def test_channels_are_averaged_and_rates_are_resampled(extractor):
    wave = waves()["w8"][:8000]
    stereo = extractor.extract(Audio(np.stack([wave, 0 * wave]), RATE))["embeddings"]
    np.testing.assert_allclose(stereo, extractor.extract(Audio(wave / 2, RATE))["embeddings"], rtol=1e-3, atol=1e-2)
    assert extractor.extract(Audio(wave, 8000))["embeddings"].shape == (20, 1024)


def test_silence_has_vectors(extractor):
    found = extractor.extract(Audio(np.zeros(8000), RATE))["embeddings"]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, found[:1].repeat(len(found), axis=0), rtol=1e-5)


def test_what_is_too_short_has_a_reason(extractor, tmp_path):
    with pytest.raises(Unmeasurable, match=r"the sound is shorter than 0\.24 s \(0\.20 s\)"):
        extractor.extract(Audio(np.ones(3200), RATE))
    write_mp4(tmp_path / "one.mp4", np.zeros((1, 32, 32, 3), np.uint8), 25.0)
    with pytest.raises(Unmeasurable, match=r"the video is shorter than 0\.24 s \(0\.04 s\)"):
        extractor.extract(Video(tmp_path / "one.mp4"))
    with pytest.raises(TypeError, match="syncnet takes audio or video"):
        extractor.extract("a dog barks")


def test_pictures_of_another_size_are_refused(extractor):
    with pytest.raises(ValueError, match="224, 224"):
        extractor.network.lips(torch.zeros(1, 3, 5, 112, 112))


def test_weights_of_another_network_are_named(tmp_path):
    other = put(tmp_path, "other", {"features.0.weight": torch.zeros(64, 1, 3, 3)})
    with pytest.raises(UsageError, match=r"other\.pth does not hold the weights of SyncNet: \d+ missing"):
        _ = SyncNetEmbeddings(other).network


def test_weights_older_than_the_counters_are_read(tmp_path, state):
    old = {key: value for key, value in state.items() if "num_batches" not in key}
    assert SyncNetEmbeddings(put(tmp_path, "old", old)).network.netfcaud[3].weight.shape == (1024, 512)


def test_without_weights_the_factory_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull syncnet"):
        build_plugins.build_extractor("syncnet")
