"""Faces of a video as SyncNet's vectors: what is followed, cut out and embedded, with a detector that is told."""

import numpy as np
import pytest
import torch

from support import build_plugins
from support.seeded_metric_weights import KAIMING, fill, put
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors import faces, syncnet
from vsseval.extractors.pictures import strip
from vsseval.extractors.syncnet_faces import SyncNetFaces
from vsseval.media import Audio, Video, write_mp4
from vsseval.networks.s3fd import S3FD
from vsseval.networks.syncnet import SyncNet

BOX = np.array([80.0, 40.0, 200.0, 180.0])
OTHER = np.array([195.0, 90.0, 315.0, 230.0])


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    lips, detector = SyncNet().eval(), S3FD().eval()
    fill(lips, KAIMING)
    fill(detector, KAIMING, keep=("L2Norm",))
    return SyncNetFaces(put(folder, "syncnet", lips.state_dict()), put(folder, "s3fd", detector.state_dict()))


def film(path, shots, fps=25.0, size=(240, 320)):
    """Shots of so many pictures, each of one colour with some grain."""
    rng = np.random.default_rng(0)
    frames = [
        np.clip(rng.integers(0, 256, 3) + rng.integers(-9, 10, (*size, 3)), 0, 255).astype(np.uint8)
        if not index
        else None
        for count in shots
        for index in range(count)
    ]
    for index, frame in enumerate(frames):
        frames[index] = frames[index - 1] if frame is None else frame
    write_mp4(path, np.stack(frames), fps)
    return Video(path)


def told(monkeypatch, boxes):
    """Let the detector find what `boxes(number of the picture)` says."""
    count = iter(range(10_000))
    monkeypatch.setattr(faces, "found", lambda network, picture: np.array(boxes(next(count))).reshape(-1, 4))


def test_a_face_is_followed_and_embedded(extractor, tmp_path, monkeypatch):
    told(monkeypatch, lambda at: [BOX + at / 10] if at % 30 else [])
    found = extractor.extract(film(tmp_path / "v.mp4", [54]))
    # not found in the first picture and in one more
    assert found["tracks"].tolist() == [[1, 48, 52]]
    assert (found["embeddings"].shape, found["embeddings"].dtype) == ((48, 1024), np.float32)


def test_two_faces_and_two_shots_are_tracks_of_their_own(extractor, tmp_path, monkeypatch):
    monkeypatch.setattr(SyncNetFaces, "_embedded", lambda self, crops: np.zeros((len(crops) - 5, 4), np.float32))
    told(monkeypatch, lambda at: [BOX, OTHER] if at < 60 else [BOX])
    found = extractor.extract(film(tmp_path / "v.mp4", [60, 55, 20]))
    assert found["tracks"].tolist() == [[0, 55, 60], [0, 55, 60], [60, 50, 55]]


def test_a_face_that_fills_the_picture_is_the_whole_picture(extractor, tmp_path, monkeypatch):
    half, cut = 100.0, []
    monkeypatch.setattr(SyncNetFaces, "_embedded", lambda self, crops: cut.append(crops) or np.zeros((1, 4)))
    told(monkeypatch, lambda at: [[0.4 * half, 0.0, 2.4 * half, 2 * half]])
    video = film(tmp_path / "v.mp4", [52], size=(280, 280))
    extractor.extract(video)
    assert torch.equal(cut[0][20:30], strip(video, syncnet.FPS, syncnet.mouth)[20:30])


def test_without_a_face_there_is_a_reason(extractor, tmp_path, monkeypatch):
    video = film(tmp_path / "v.mp4", [52])
    told(monkeypatch, lambda at: [BOX] if at < 50 else [])
    with pytest.raises(Unmeasurable, match="no face of more than 100 pixels is found in more than 50 pictures"):
        extractor.extract(video)
    with pytest.raises(Unmeasurable, match="no face"):
        extractor.extract(film(tmp_path / "one.mp4", [1]))
    with pytest.raises(TypeError, match="syncnet_faces takes video"):
        extractor.extract(Audio(np.zeros(10), 16_000))


def test_the_true_detector_runs_on_a_small_picture(extractor, tmp_path):
    with pytest.raises(Unmeasurable, match="no face"):
        extractor.extract(film(tmp_path / "v.mp4", [3], size=(64, 64)))
    assert faces.found(extractor.detector, np.zeros((128, 160, 3), np.uint8)).shape[1] == 4


def test_weights_of_another_detector_are_named(tmp_path, extractor):
    other = put(tmp_path, "other", {"features.0.weight": torch.zeros(64, 1, 3, 3)})
    with pytest.raises(UsageError, match=r"other\.pth does not hold the weights of S3FD: \d+ missing"):
        _ = SyncNetFaces(extractor._weights, other).detector


def test_without_weights_the_factory_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull syncnet"):
        build_plugins.build_extractor("syncnet_faces")
