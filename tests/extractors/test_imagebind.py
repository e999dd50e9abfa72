"""ImageBind-huge against the original's numbers, and what it makes of odd media and of other weights."""

import json
import math
import re
import shutil
from fractions import Fraction

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import GOLDEN, KEYS, error, fill, golden, input_tensor, put, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors import imagebind as module
from vsseval.extractors.imagebind import RATE, ImageBindEmbedding, cut_corners, mel_clips, picture_clips
from vsseval.media import Audio, Video, write_mp4
from vsseval.networks import imagebind_towers as towers
from vsseval.networks.imagebind_towers import ImageBind, Shape
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.weights.find import Weights

HEARD = goldens.parts("metrics/imagebind_audio", "metrics/waves")
PLANNED = goldens.parts("metrics/imagebind_audio")
MODELS = goldens.parts("metrics/imagebind_model", "metrics/waves")
ORDER = goldens.file("metrics/imagebind_clip_order.json")


@pytest.fixture
def small(monkeypatch):
    """An extractor whose towers are narrow and have one block."""
    monkeypatch.setattr(towers, "VISION", Shape(64, 4, 1, 256))
    monkeypatch.setattr(towers, "AUDIO", Shape(48, 4, 1, 228))
    monkeypatch.setattr(towers, "TEXT", Shape(32, 4, 1))
    made = ImageBindEmbedding(Weights("imagebind", GOLDEN, ("none.pth",), "0" * 64), "imagebind", "first picture")
    made.network = ImageBind().eval()
    fill(made.network)
    return made


def sound(*channels):
    return torch.from_numpy(np.stack(channels).copy())


def film(path, seconds, fps=25.0, size=(90, 160)):
    frames = np.random.default_rng(0).integers(0, 256, (round(seconds * fps), *size, 1), dtype=np.uint8)
    write_mp4(path, frames.repeat(3, axis=3), fps)
    return Video(path)


def test_the_keys_are_the_originals():
    listed = json.loads((KEYS / "imagebind_huge.json").read_text())["keys"]
    kept = ("vision", "text", "audio")
    wanted = {
        key: one["shape"] for key, one in listed.items() if key.split(".")[1] in kept and not key.endswith("text.mask")
    }
    with SkipInitialWeights():
        own = ImageBind().state_dict()
    assert {key: list(value.shape) for key, value in own.items()} == wanted


@pytest.mark.parametrize("part", HEARD)
def test_clips_of_sound_are_the_originals(part):
    arrays, _ = golden(f"imagebind_audio_{part}")
    eight, ten = waves(part)["w8"], waves(part)["w10"]
    found = mel_clips(sound(eight))
    assert found.shape == (3, 1, 128, 204)
    step = -(-204 // arrays["mel_w8"].shape[-1])
    np.testing.assert_allclose(found[:, 0, :, ::step], arrays["mel_w8"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[:, 0, :, -8:], arrays["mel_w8_last8frames"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(mel_clips(sound(ten))[:, 0, :, ::34], arrays["mel_w10"], rtol=0, atol=1e-6)
    short = mel_clips(sound(eight[:16_000]))
    np.testing.assert_allclose(short[0, 0, :, ::17], arrays["mel_s1"], rtol=0, atol=1e-6)
    declared = module.channels_of(Audio(eight[:66_150], 22_050))
    np.testing.assert_allclose(mel_clips(declared)[:, 0, :, ::34], arrays["mel_r22"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("part", HEARD)
def test_only_the_first_channel_is_heard(part):
    arrays, _ = golden(f"imagebind_audio_{part}")
    wave = waves(part)["w8"]
    both, first = mel_clips(sound(wave, wave[::-1])), mel_clips(sound(wave))
    assert float((both - first).abs().max()) == pytest.approx(
        float(arrays["mel_st_minus_first_channel_maxabs"]), abs=1e-6
    )
    assert both.double().mean().item() == pytest.approx(arrays["mel_st_stat"][0], abs=1e-6)


@pytest.mark.parametrize("part", PLANNED)
def test_clips_and_cuts_lie_where_the_originals_do(part):
    _, meta = golden(f"imagebind_audio_{part}")
    for seconds, plan in meta["clip_timepoints_2s_x3"].items():
        starts = module.clip_starts(float(seconds))
        assert [[float(start), float(start + 2)] for start in starts] == plan
    for size, corners in meta["crop_top_left_yx_of_3_crops"].items():
        assert [list(corner) for corner in cut_corners(*map(int, size.split("x")))] == corners


def test_clips_of_video_are_in_the_originals_order():
    known = json.loads(ORDER.read_text())
    pictures = torch.arange(4, dtype=torch.uint8)[:, None, None, None].repeat(1, 3, 224, 398)
    pictures[:, 1] = torch.arange(398).div(87, rounding_mode="floor").to(torch.uint8)
    found = picture_clips(pictures)
    assert found.shape == (9, 3, 2, 224, 224)
    assert [[10.0 * clip[1, t, 0, 0].item() + clip[0, t, 0, 0].item() for t in (0, 1)] for clip in found] == known


@pytest.mark.slow
@pytest.mark.parametrize("part", MODELS)
def test_vectors_are_the_originals(part):
    """At its true size: four gigabytes."""
    arrays, meta = golden(f"imagebind_model_{part}")
    with SkipInitialWeights():
        network = ImageBind().eval()
    fill(network, keep=("text", "log_logit_scale"))
    network.modality_postprocessors["audio"][1].log_logit_scale.data.fill_(math.log(20))
    with torch.inference_mode():
        heard = {name: network.audio(mel_clips(sound(waves(part)[name]))).numpy() for name in ("w8", "w10")}
        shape = [int(n) for n in re.search(r"\(([\d,]+)\)\)", meta["inputs"]["vision"])[1].split(",")]
        seen = network.vision(input_tensor(f"ib_video_{part}", shape)[0]).numpy().mean(axis=0)
    assert error(heard["w8"], arrays["audio_emb_w8_per_clip"]) < 1e-5
    assert error(heard["w8"].mean(axis=0), arrays["audio_emb_w8"]) < 1e-5
    assert error(heard["w10"].mean(axis=0), arrays["audio_emb_w10"]) < 1e-5
    assert error(seen, next(arrays[name] for name in arrays if name.startswith("vision_emb"))) < 1e-5
    mean = heard["w8"].mean(axis=0)
    cosine = seen @ mean / np.linalg.norm(seen) / np.linalg.norm(mean)
    assert cosine == pytest.approx(float(arrays["cosine_video_audio_w8"][0]), abs=1e-6)


def test_attention_with_one_more_key_is_torchs():
    ours = towers._Attention(48, 4, extra=True)
    fill(ours)
    theirs = torch.nn.MultiheadAttention(48, 4, add_bias_kv=True, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 9, 48)
    expected = theirs(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(ours(x, None, causal=False), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours(x, 1, causal=False), expected[:, :1], atol=1e-5, rtol=1e-4)


def test_a_text_sees_no_word_that_follows(small):
    network = small.network
    words = torch.zeros(2, 77, dtype=torch.int64)
    words[:, :3] = torch.tensor([49_406, 320, 49_407])
    words[1, 5:] = 7
    with torch.inference_mode():
        first, second = network.text(words)
    torch.testing.assert_close(first, second)
    assert float(first.norm()) == pytest.approx(
        math.exp(network.modality_postprocessors["text"][1].log_logit_scale.item()), rel=1e-5
    )


def test_media_become_one_vector_each(small, tmp_path):
    heard = small.extract(Audio(waves()["w8"], RATE))["embedding"]
    seen = small.extract(film(tmp_path / "v.mp4", 4))["embedding"]
    for vector in (heard, seen):
        assert (vector.shape, vector.dtype) == ((1024,), np.float32)
    assert small.prepare(film(tmp_path / "w.mp4", 6, 10.0, (160, 90))).tensor.shape == (6, 3, 2, 224, 224)


@pytest.mark.parametrize(("seconds", "fps", "pairs"), [(4, 25, 1), (7.96, 25, 2), (8, 25, 3), (8, 30, 3), (10, 12, 4)])
def test_a_video_has_as_many_pairs_as_whole_seconds_allow(tmp_path, seconds, fps, pairs):
    assert len(module._pictures(film(tmp_path / "v.mp4", seconds, float(fps), (32, 32)), "first picture")) == pairs + 1


def test_overlapping_clips_are_not_independent():
    # the mean of the first clip is taken off in place, and the next clip begins within it
    wave = 0.1 + waves()["w8"][:40_000]
    given = sound(wave)
    found = mel_clips(given)
    np.testing.assert_array_equal(given[0], wave)
    alone = mel_clips(sound(wave[int(Fraction(1, 6) * RATE) :][:32_000]))
    assert not torch.equal(found[1], alone[0])


def test_silence_has_a_vector(small):
    assert np.isfinite(small.extract(Audio(np.zeros(RATE), RATE))["embedding"]).all()


def test_what_is_too_short_has_a_reason(small, tmp_path):
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.025 s \(0\.024 s\)"):
        small.extract(Audio(np.ones(390), RATE))
    assert small.extract(Audio(np.ones(400), RATE))["embedding"].shape == (1024,)
    for seconds in (0.04, 3.9):
        with pytest.raises(Unmeasurable, match="shorter than 4 s"):
            small.extract(film(tmp_path / f"{seconds}.mp4", seconds, size=(32, 32)))


def test_weights_of_another_network_are_named(tmp_path):
    other = put(tmp_path, "other", {"features.0.weight": torch.zeros(64, 1, 3, 3)})
    with pytest.raises(UsageError, match=r"other\.pth does not hold the weights of ImageBind-huge: \d+ missing"):
        _ = ImageBindEmbedding(other, "imagebind", "first picture").network


def test_towers_that_are_not_used_are_passed_over(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    state = small.network.state_dict()
    more = {"modality_trunks.depth.blocks.0.norm_1.bias": torch.zeros(384), module._COMPUTED: torch.zeros(77, 77)}
    loaded = module.load(put(folder, "whole", {**state, **more}).file())
    assert loaded.state_dict().keys() == state.keys()
    shutil.rmtree(folder)


def test_without_weights_the_factory_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match=r"CC-BY-NC-SA-4\.0.*vsseval weights pull imagebind"):
        build_plugins.build_extractor("imagebind")
