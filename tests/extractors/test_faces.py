"""Faces found, followed and cut out, and shots told apart, as the originals do it."""

import hashlib
import json

import numpy as np
import pytest
import torch

from support.seeded_metric_weights import GOLDEN, KAIMING, KEYS, error, fill, input_uint8
from vsseval.errors import Unmeasurable
from vsseval.extractors import faces
from vsseval.extractors.bilinear import scaled
from vsseval.extractors.faces import Track, cut_out, followed, window
from vsseval.extractors.shots import Cuts, hue_saturation_brightness
from vsseval.networks.s3fd import S3FD

with np.load(GOLDEN / "faces.npz") as stored:
    ARRAYS = {key: stored[key] for key in stored.files if key != "meta"}
    META = json.loads(str(stored["meta"]))


@pytest.fixture(scope="module")
def detector():
    network = S3FD().eval().requires_grad_(requires_grad=False)
    fill(network, KAIMING, keep=("L2Norm",))
    return network


def walk(seed):
    """Up to three faces that move through 160 pictures and are not always found."""
    rs = np.random.RandomState(seed)
    seen = [[] for _ in range(160)]
    for k in range(3):
        x, y, size = rs.uniform(50, 600), rs.uniform(50, 300), rs.uniform(90, 200)
        speed = rs.uniform(-1, 1, 2)
        first, stop = sorted(rs.randint(0, 160, 2))
        if k == 0:
            first, stop = 0, 160
        for f in range(first, stop):
            if rs.rand() < 0.1 or (k == 0 and 70 < f < 70 + seed * 6):
                continue
            left, upper = x + speed[0] * f, y + speed[1] * f
            box = np.array([left, upper, left + size, upper + size * 1.2])
            seen[f].append(box + rs.uniform(-3, 3, 4))
    return seen


def shown(seed, width):
    """120 pictures in which everything changes at 5, 9, 40, 44, 60 and 100."""
    rs = np.random.RandomState(seed)
    base = rs.randint(0, 256, (12, 16, 3))
    for f in range(120):
        if f in {5, 9, 40, 44, 60, 100}:
            base = rs.randint(0, 256, (12, 16, 3))
        grain = rs.randint(-10, 11, (120, width, 3))
        yield np.clip(base.repeat(10, 0).repeat(width // 16, 1) + grain, 0, 255).astype(np.uint8)


def test_the_detectors_keys_are_the_originals(detector):
    listed = json.loads((KEYS / "s3fd.json").read_text())["keys"]
    own = detector.state_dict()
    assert {key: list(value.shape) for key, value in own.items()} == {key: one["shape"] for key, one in listed.items()}


@pytest.mark.parametrize("index", range(len(META["cases"])))
def test_boxes_are_the_originals(detector, monkeypatch, index):
    case = META["cases"][index]
    picture = input_uint8(f"s3fd_{index}", (*case["size"], 3)).numpy()
    height, width = (round(size / 4) for size in case["size"])
    given = torch.from_numpy(scaled(picture, height, width, 4.0)).float() - torch.tensor(faces._MEAN)
    boxes, sure = detector(given.permute(2, 0, 1)[None])
    assert error(boxes[0, ::37].numpy(), ARRAYS[f"boxes{index}"]) < 1e-5
    assert error(sure[0, ::37].numpy(), ARRAYS[f"sure{index}"]) < 1e-5
    monkeypatch.setattr(faces, "_SURE", case["threshold"])
    np.testing.assert_allclose(faces.found(detector, picture), ARRAYS[f"found{index}"], rtol=1e-4, atol=1e-2)


def test_no_face_is_no_box(detector, monkeypatch):
    monkeypatch.setattr(faces, "_SURE", 1.0)
    assert faces.found(detector, np.zeros((110, 120, 3), np.uint8)).shape == (0, 4)


def test_in_a_picture_smaller_than_a_face_there_is_none(detector, monkeypatch):
    monkeypatch.setattr(faces, "_SURE", 0.0)
    assert len(faces.found(detector, np.zeros((110, 120, 3), np.uint8)))
    assert faces.found(detector, np.zeros((109, 400, 3), np.uint8)).shape == (0, 4)


@pytest.mark.parametrize("seed", range(len(META["tracks"])))
def test_tracks_are_the_originals(seed):
    found = followed(walk(seed), 10, 50)
    assert [(track.first, len(track.boxes), track.seen) for track in found] == [
        (known["first"], known["n"], known["seen"]) for known in META["tracks"][seed]
    ]
    for track, known in zip(found, META["tracks"][seed], strict=True):
        np.testing.assert_allclose(track.boxes[-1], known["last_box"], rtol=1e-9)
        np.testing.assert_allclose(track.boxes.mean(axis=0), known["mean_box"], rtol=1e-9)


def test_small_faces_and_short_tracks_are_left_out():
    small, large = np.array([10.0, 10.0, 60.0, 110.0]), np.array([10.0, 10.0, 60.0, 111.0])
    assert followed([[small]] * 60, 0, 50) == []
    assert followed([[large]] * 50, 0, 50) == []
    assert len(followed([[large]] * 51, 0, 50)) == 1


def test_cut_out_faces_are_the_originals():
    boxes = np.stack(
        [np.linspace(-20, 300, 40), np.linspace(10, 200, 40), np.linspace(120, 430, 40), np.linspace(150, 330, 40)],
        axis=1,
    )
    places = window(Track(0, boxes, 40))
    np.testing.assert_allclose(np.stack(places), ARRAYS["window"], rtol=1e-12)
    crops = []
    for index in range(40):
        picture = np.random.RandomState(index % 5).randint(0, 256, (360, 480, 3)).astype(np.uint8)
        crops.append(cut_out(picture, *(float(values[index]) for values in places)))
    np.testing.assert_allclose([crop.mean() for crop in crops], ARRAYS["crop_means"], rtol=1e-9)
    hashes = [hashlib.sha256(np.ascontiguousarray(crops[index]).tobytes()).hexdigest() for index in (0, 7, 20, 39)]
    assert hashes == META["crops_sha256"]


def test_a_face_outside_the_picture_has_a_reason():
    with pytest.raises(Unmeasurable, match="out of the picture"):
        cut_out(np.zeros((90, 90, 3), np.uint8), -400.0, 40.0, 50.0)


def test_hues_are_opencvs():
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
    noise[:8] = noise[:8, :, :1]
    steps = np.arange(0, 256, 5)
    every = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(52, -1, 3).astype(np.uint8)
    found = [hue_saturation_brightness(picture).astype(np.uint8).tobytes() for picture in (noise, every)]
    assert [hashlib.sha256(content).hexdigest() for content in found] == META["hsv_sha256"]


@pytest.mark.parametrize("case", META["cuts"], ids=lambda case: str(case["width"]))
def test_cuts_are_the_originals(case):
    cuts = Cuts()
    for picture in shown(case["seed"], case["width"]):
        cuts.show(picture)
    assert cuts.at == case["cuts"]
    assert cuts.shots() == list(zip([0, *cuts.at], [*cuts.at, 120], strict=True))


def test_a_picture_that_stays_is_shown_for_several_places():
    cuts = Cuts()
    cuts.show(np.zeros((20, 20, 3), np.uint8), 20)
    cuts.show(np.full((20, 20, 3), 255, np.uint8), 5)
    assert cuts.shots() == [(0, 20), (20, 25)]


def test_boxes_without_area_overlap_with_nothing():
    point = np.array([5.0, 5.0, 5.0, 5.0])
    assert not faces.overlap(point, point[None]) > 0.5
    assert len(faces._apart(np.stack([point, point]), 0.3)) == 1
