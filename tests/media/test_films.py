"""Frames that several extractors want are decoded once, and the pictures are those of a video that is decoded anew."""

import os

import numpy as np
import pytest

from vsseval.errors import Unmeasurable
from vsseval.media import Video, decoder, films, pictures, wire, write_flac, write_mp4
from vsseval.media.apart import error_of

ASKED = [
    {"how": "sampled", "fps": 25.0, "size": (24, 40)},
    {"how": "timed", "size": (16, 16), "gray": True},
    {"how": "sampled", "fps": 4.0, "size": (224, 224), "rule": "nearest"},
    {"how": "timed", "size": (48, 80)},
]


@pytest.fixture
def video(tmp_path):
    return film(tmp_path / "v.mp4")


def film(path, seed=0, count=30):
    rng = np.random.default_rng(seed)
    write_mp4(path, rng.integers(0, 256, (count, 48, 80, 3), dtype=np.uint8), 20.0)
    return path


@pytest.fixture
def decodings(monkeypatch):
    """How often a container was decoded."""
    seen = []

    def counted(container, stream, real=pictures.decoded):
        seen.append(stream)
        return real(container, stream)

    monkeypatch.setattr(pictures, "decoded", counted)
    return seen


def shown(server, path, **asked):
    """All pictures of a pass, with what goes with them."""
    again = {"again": True, **asked}
    ask = wire.AskPictures(path=os.fsencode(path), start=0.0, seconds=1.5, whole=True, own_fps=20.0, **again)
    found, question = [], ask
    while True:
        served = server.serve(question, [])
        for file in served.files:
            shape = (len(served.answer.moments), served.answer.height, served.answer.width)
            pixels = wire.array_of(file, (*shape, *(() if ask.gray else (3,))), np.uint8)
            found += [(moment, one.tobytes()) for moment, one in zip(served.answer.moments, pixels, strict=True)]
            os.close(file)
        if served.answer.ended:
            assert served.answer.fault is None
            return found
        question = wire.AskMore()


def test_pictures_are_the_same_and_the_file_is_decoded_once(video, decodings):
    server = decoder.Server()
    kept = [shown(server, video, **asked) for asked in ASKED]
    assert len(decodings) == 1
    alone = [shown(decoder.Server(), video, again=False, **asked) for asked in ASKED]
    assert len(decodings) == 1 + len(ASKED)
    assert kept == alone
    assert server.films.size >= 30 * 48 * 80


def test_another_file_or_another_content_is_decoded(video, tmp_path, decodings):
    server, other = decoder.Server(), film(tmp_path / "other.mp4", 1)
    first = shown(server, video, **ASKED[0])
    assert shown(server, other, **ASKED[0]) != first
    assert shown(server, video, **ASKED[0]) == first
    assert len(decodings) == 3
    film(video, 2)
    assert shown(server, video, **ASKED[0]) != first
    assert len(decodings) == 4


def test_a_question_about_another_file_lets_the_frames_go(video, tmp_path):
    server = decoder.Server()
    shown(server, video, **ASKED[0])
    server.serve(wire.AskProbe(path=os.fsencode(video), whole=True), [])
    assert server.films.size > 0
    write_flac(tmp_path / "a.flac", np.zeros(800), 8000)
    server.serve(wire.AskSound(path=os.fsencode(tmp_path / "a.flac"), start=0.0, seconds=None), [])
    assert server.films.size == 0
    assert server.films.find(video) is None


@pytest.mark.parametrize("most", [0, 5 * 48 * 80, 20 * 48 * 80])
def test_what_is_too_large_is_decoded_each_time(video, decodings, monkeypatch, most):
    whole = shown(decoder.Server(), video, again=False, **ASKED[1])
    monkeypatch.setattr(films, "MOST", most)
    server = decoder.Server()
    assert [shown(server, video, **ASKED[1]) for _ in range(2)] == [whole, whole]
    assert len(decodings) == 3
    assert server.films.size == 0


def test_a_pass_that_stops_early_keeps_nothing(video, decodings):
    server = decoder.Server()
    ask = wire.AskPictures(
        path=os.fsencode(video), start=0.0, seconds=1.5, whole=True, own_fps=20.0, how="frames", again=True
    )
    assert len(server.serve(ask, []).answer.starts) == 4
    assert server.films.size > 0
    assert len(shown(server, video, **ASKED[1])) == 30
    assert len(decodings) == 2


def test_a_broken_file_has_its_reason_each_time(video, tmp_path, decodings):
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 2])
    server, said = decoder.Server(), []
    for _ in range(2):
        ask = wire.AskPictures(
            path=os.fsencode(video), start=0.0, seconds=9.0, whole=True, own_fps=20.0, how="timed", again=True
        )
        with pytest.raises(Unmeasurable) as refused:
            raise error_of(server.serve(ask, []).answer.fault)
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert "v.mp4" in said[0]


def test_through_the_process_that_decodes(video):
    often, once = Video(video, again=True), Video(video)
    for size, gray in (((16, 16), True), (None, False), ((96, 160), False)):
        for _ in range(2):
            np.testing.assert_array_equal(often.frames(10.0, size, gray=gray), once.frames(10.0, size, gray=gray))
    assert [(one.seconds, one.picture().tobytes()) for one in often.each()] == [
        (one.seconds, one.picture().tobytes()) for one in once.each()
    ]
