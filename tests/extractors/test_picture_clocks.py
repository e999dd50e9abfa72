"""The pictures that av-benchmark sees of videos that do not begin at 0: until 2025 (torio), and since February 2026."""

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import av
import numpy as np
import pytest

from vsseval.extractors.pictures import at_rate
from vsseval.media import Video

FRAMES, RATE = 60, 25
TICKS = 90_000


def numbered(path, first, rate=RATE):
    """Write a video whose frame i shows i in black and white fields; the first has the time stamp `first` (seconds)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10", "preset": "ultrafast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 128, 32, "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        for index in range(FRAMES):
            bits = (255 * (index >> np.arange(8) & 1)).astype(np.uint8).repeat(16)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.broadcast_to(bits, (32, 128))), "gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = round((first + index / rate) * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def number(picture):
    return int((picture[16, 8::16, 0] > 127) @ (1 << np.arange(8)))


def filtered(path, fps, options):
    """Return the pictures that FFmpeg's own filter shows, as its users build the graph."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(template=stream),
            graph.add("fps", f"fps={float(fps)}{options}"),
            graph.add("buffersink"),
        ]
        for one, other in pairwise(nodes):
            one.link_to(other)
        graph.configure()
        seen = []
        for frame in [*container.decode(stream), None]:
            nodes[0].push(frame)
            while True:
                try:
                    seen.append(number(nodes[-1].pull().to_ndarray(format="rgb24")))
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
    return seen


def seen(path, fps, clock):
    return [number(picture) for places, picture in at_rate(Video(path), Fraction(fps), clock) for _ in range(places)]


@pytest.mark.parametrize("name", ["v.ts", "v.nut"])
@pytest.mark.parametrize("first", [0.02, 0.667, 1.4])
@pytest.mark.parametrize(("rate", "fps"), [(25, 25), (30, 25), (12, 25), (25, Fraction(1, 2))])
def test_both_decodes_are_those_of_ffmpegs_filter(tmp_path, name, first, rate, fps):
    path = numbered(tmp_path / name, first, rate)
    old, new = seen(path, fps, "first picture"), seen(path, fps, "zero")
    theirs_old, theirs_new = filtered(path, fps, ":round=near"), filtered(path, fps, ":round=near:start_time=0")
    # The original takes the first pictures and refuses shorter videos; where a video ends is a matter of the caller's.
    for ours, theirs in ((old, theirs_old), (new, theirs_new)):
        count = min(len(ours), len(theirs))
        assert count >= min(len(theirs) - 1, int(Video(path).seconds * fps))
        assert ours[:count] == theirs[:count]


def test_a_video_that_begins_at_zero_is_the_same_to_both(tmp_path):
    path = numbered(tmp_path / "v.nut", 0.0)
    assert seen(path, 25, "zero") == seen(path, 25, "first picture") == list(range(FRAMES))


def test_a_late_first_picture_is_held_from_zero_on(tmp_path):
    path = numbered(tmp_path / "v.nut", 0.4)
    assert seen(path, 25, "zero")[:13] == [0] * 11 + [1, 2]
    assert seen(path, 25, "first picture")[:3] == [0, 1, 2]


def test_pictures_before_zero_are_left_out():
    def each():
        for index in range(-10, 50):
            frame = SimpleNamespace(pts=index, time_base=Fraction(1, 25))
            start = Fraction(index, 25)
            yield SimpleNamespace(start=start, stop=start + Fraction(1, 25), frame=frame, picture=lambda i=index: i)

    video = SimpleNamespace(start=0.0, seconds=2.0, each=each)
    assert [n for n, _ in at_rate(video, Fraction(25), "zero")] == [1] * 50
    assert [index for _, index in at_rate(video, Fraction(25), "zero")] == list(range(50))
    assert [index for _, index in at_rate(video, Fraction(25))] == list(range(-10, 40))


def test_a_stretch_is_counted_from_its_own_start(tmp_path):
    path = numbered(tmp_path / "v.nut", 0.4)
    for clock in ("zero", "first picture"):
        shown = [number(p) for n, p in at_rate(Video(path, 1.0, 1.0), Fraction(25), clock) for _ in range(n)]
        assert shown == list(range(25, 50))
