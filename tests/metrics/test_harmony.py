"""AVHScore, JavisScore and the IB score of JavisBench, against its own functions on seeded numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import GOLDEN as FOLDER
from support.seeded_metric_weights import fill, waves
from vsseval.errors import Unmeasurable
from vsseval.extractors import imagebind_frames as module
from vsseval.extractors.imagebind import normalised
from vsseval.extractors.imagebind_frames import ImageBindClips, ImageBindFrames, clip_places, scaled, window_mels
from vsseval.media import Audio, Video, write_mp4
from vsseval.metrics.harmony import windows
from vsseval.networks import imagebind_towers as towers
from vsseval.networks.imagebind_towers import ImageBind, Shape
from vsseval.weights.find import Weights

KNOWN = goldens.read(goldens.file("metrics/javisbench.npz"))
CASES = KNOWN.meta["cases"]
SOUNDS = {
    "stereo": np.stack([waves()["w10"][:70_123], waves()["w8"][:70_123]]), "mono": waves()["w8"][:64_000][None],
    "long": waves()["w10"][:150_001][None], "short": waves()["w8"][:32_000][None],
}  # fmt: skip


@pytest.fixture
def towers_of_one_block(monkeypatch):
    monkeypatch.setattr(towers, "VISION", Shape(64, 4, 1, 256))
    monkeypatch.setattr(towers, "AUDIO", Shape(48, 4, 1, 228))
    monkeypatch.setattr(towers, "TEXT", Shape(32, 4, 1))
    network = ImageBind().eval()
    fill(network)
    return network


def small(kind, network):
    made = kind(Weights("imagebind", FOLDER, ("none.pth",), "0" * 64), kind.__name__)
    made.network = network
    return made


def film(path, count, fps, size=(90, 160)):
    pictures = np.random.default_rng(0).integers(0, 256, (count, *size, 3), dtype=np.uint8)
    write_mp4(path, pictures, fps)
    return Video(path)


def embeddings(case, number):
    """Return the seeded numbers that JavisBench's function was given."""
    rng = np.random.RandomState(700 + number)
    draw = [rng.standard_normal(shape).astype(np.float32) + np.float32(0.5) for shape in (
        (case["frames"], 24), 24, (case["shape"][0], 24),
    )]  # fmt: skip
    frames, whole, heard = draw
    alone = case["shape"][0] == 1
    sound = {"whole": whole, "windows": np.zeros((0, 24), np.float32) if alone else heard}
    return sound, {"frames": frames, "fps": np.asarray(case["fps"])}


@pytest.mark.parametrize("number", range(len(CASES)))
def test_scores_are_javisbenchs(number):
    case = CASES[number]
    sound, picture = embeddings(case, number)
    assert build_plugins.build_metric("avh_score@javisbench").score(sound, picture).value == pytest.approx(
        case["avh"], abs=1e-6
    )
    found = build_plugins.build_metric("javis_score@javisbench").score(sound, picture)
    assert found.value == pytest.approx(case["javis"], abs=1e-6)
    assert found.detail["windows"] == len(case["windows"])
    assert found.detail["least"] <= found.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['frames']} at {case['fps']} with {case['sound']}")
def test_windows_of_pictures_and_sound_are_javisbenchs(case):
    size = int(2 * case["fps"])
    heard = window_mels(torch.from_numpy(SOUNDS[case["sound"]]))
    if case["shape"][0] == 1:
        assert case["frames"] <= size or not heard
        return
    found = windows(case["frames"], size, size - int(1.5 * case["fps"]))
    both = min(len(found), len(heard))
    assert [list(window) for window in found[:both]] == case["windows"]
    assert both == case["shape"][0]


@pytest.mark.parametrize("name", ["stereo", "long"])
def test_mels_of_windows_are_javisbenchs(name):
    found = torch.stack(window_mels(torch.from_numpy(SOUNDS[name])))[:, 0, 0, ::9, ::17]
    np.testing.assert_allclose(
        found.numpy()[: len(KNOWN.arrays[f"{name}_mel"])], KNOWN.arrays[f"{name}_mel"], atol=1e-4
    )


@pytest.mark.parametrize("case", KNOWN.meta["places"], ids=lambda case: f"{case['frames']} at {case['fps']}")
def test_the_pictures_of_five_clips_are_pytorchvideos(case):
    assert [list(pair) for pair in clip_places(case["frames"], case["fps"])] == case["places"]


def test_pictures_are_scaled_cut_and_normalised_as_imagebinds_loader_does():
    pictures = np.random.RandomState(5).randint(0, 256, (2, 90, 161, 3)).astype(np.uint8)
    two = [scaled(picture) for picture in pictures]
    corners = module.cut_corners(*two[0].shape[1:])
    cuts = [torch.stack([one[:, top : top + 224, left : left + 224] for one in two], dim=1) for top, left in corners]
    found = normalised(torch.stack(cuts))[:, :, :, ::31, ::37]
    np.testing.assert_allclose(found.numpy(), KNOWN.arrays["crops"], atol=1e-5)


def test_media_become_vectors_that_the_scores_take(towers_of_one_block, tmp_path):
    frames = small(ImageBindFrames, towers_of_one_block)
    heard = frames.extract(Audio(SOUNDS["stereo"], 16_000))
    assert {name: value.shape for name, value in heard.items()} == {"whole": (1024,), "windows": (6, 1024)}
    video = film(tmp_path / "v.mp4", 70, 24.0)
    seen = frames.extract(video)
    assert (seen["frames"].shape, float(seen["fps"])) == ((70, 1024), 24.0)
    for name in ("avh_score@javisbench", "javis_score@javisbench"):
        assert -1 <= build_plugins.build_metric(name).score(heard, seen).value <= 1
    clips = small(ImageBindClips, towers_of_one_block)
    assert clips.prepare(video).tensor.shape == (15, 3, 2, 224, 224)
    other = clips.extract(film(tmp_path / "one.mp4", 1, 25.0, (160, 90)))
    assert other["embedding"].shape == (1024,)
    assert (
        -1 <= build_plugins.build_metric("ib_score@javisbench").score({"embedding": heard["whole"]}, other).value <= 1
    )


def test_what_is_short_is_one_window_and_too_few_pictures_have_a_reason(towers_of_one_block, tmp_path):
    frames = small(ImageBindFrames, towers_of_one_block)
    heard = frames.extract(Audio(SOUNDS["short"], 16_000))
    assert heard["windows"].shape == (0, 1024)
    metric = build_plugins.build_metric("javis_score@javisbench")
    assert metric.score(heard, frames.extract(film(tmp_path / "a.mp4", 3, 25.0))).detail["windows"] == 1
    with pytest.raises(Unmeasurable, match="2 pictures to a window are too few"):
        metric.score(heard, frames.extract(film(tmp_path / "b.mp4", 2, 25.0)))
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.025 s"):
        frames.extract(Audio(np.ones(1), 16_000))
    with pytest.raises(TypeError, match="takes audio or video"):
        frames.extract("words")
    with pytest.raises(TypeError, match="takes video"):
        small(ImageBindClips, towers_of_one_block).extract(Audio(np.ones(400), 16_000))


def test_embeddings_without_a_direction_have_a_reason():
    sound, picture = embeddings(CASES[0], 0)
    for name in ("avh_score@javisbench", "javis_score@javisbench"):
        metric = build_plugins.build_metric(name)
        with pytest.raises(Unmeasurable, match="no direction"):
            metric.score(sound, {**picture, "frames": np.zeros_like(picture["frames"])})
        with pytest.raises(Unmeasurable, match="not of the same network"):
            metric.score(sound, {**picture, "frames": picture["frames"][:, :5]})


def test_a_sound_that_fits_its_pictures_moment_by_moment_scores_higher():
    rng = np.random.default_rng(3)
    turning = rng.standard_normal((7, 16)) + 0.2
    frames = np.repeat(turning, 24, axis=0).astype(np.float32)[: 24 * 5]
    heard = np.stack([frames[12 * n : 12 * n + 48].mean(axis=0) for n in range(7)])
    metric = build_plugins.build_metric("javis_score@javisbench")
    picture = {"frames": frames, "fps": np.asarray(24.0)}
    fits, late = ({"whole": heard.mean(axis=0), "windows": rows} for rows in (heard, heard[::-1]))
    assert metric.score(fits, picture).value > metric.score(late, picture).value
