"""The pictures that av-benchmark's networks see: which of a video, at what size."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
import torch

from support.seeded_metric_weights import GOLDEN, golden
from vsseval.extractors import imagebind, synchformer
from vsseval.extractors.pictures import at_rate, strip
from vsseval.media import Video, write_mp4
from vsseval.networks.image_inputs import centre_cut, short_side

PREPARED = [
    (part, case)
    for part in "ab"
    if (GOLDEN / f"videoprep_{part}.npz").exists()
    for case in golden(f"videoprep_{part}")[1]["cases"]
    if case[0].isdigit() and "x" in case
]


def pattern(seed, height, width):
    """Two frames, uint8 (2, 3, height, width), by the rule of the golden file."""
    k, y, x = np.arange(2)[:, None, None], np.arange(height)[:, None], np.arange(width)
    planes = [(x * (2 + c) + y * (3 - c) + 17 * k + 40 * c) // 3 % 256 for c in range(3)]
    planes[1] = (x * y // 64 + 31 * k) % 256
    noise = np.random.RandomState(seed).randint(-20, 21, size=(2, 3, height, width))
    return np.clip(np.stack(planes, axis=1) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("part", "case"), PREPARED)
def test_pictures_are_the_originals(part, case):
    arrays, meta = golden(f"videoprep_{part}")
    known = meta["cases"][case]
    frames = pattern(known["seed"], *map(int, case.split("x")))
    assert hashlib.sha256(frames.tobytes()).hexdigest() == known["sha256"]
    scaled = torch.stack([short_side(frame.transpose(1, 2, 0)) for frame in frames])
    sync = synchformer.normalised(centre_cut(scaled))
    assert list(sync.shape) == known["sync_shape"]
    np.testing.assert_array_equal(sync[1, :, ::7, ::5], arrays[f"sync_{case}"])
    assert list(scaled.shape) == known["ib_shape"]
    cuts = imagebind.normalised(imagebind.picture_clips(scaled))
    np.testing.assert_array_equal(cuts[:, :, 1, ::16, ::16], arrays[f"ibcrops_{case}"])
    assert cuts.double().mean().item() == pytest.approx(known["crops_stat"][0], abs=1e-6)


def numbered(path, seconds, fps):
    """A video whose frame i shows i in black and white fields, one to a binary digit."""
    bits = np.arange(round(seconds * fps))[:, None] >> np.arange(8) & 1
    fields = (255 * bits).astype(np.uint8).repeat(16, axis=1)[:, None, :, None]
    write_mp4(path, np.ascontiguousarray(np.broadcast_to(fields, (len(bits), 32, 128, 3))), float(fps))
    return Video(path)


def number(picture):
    return int((picture[16, 8::16, 0] > 127) @ (1 << np.arange(8)))


def shown(video, fps):
    return [number(picture) for places, picture in at_rate(video, Fraction(fps)) for _ in range(places)]


def test_a_video_of_the_same_rate_is_seen_as_it_is(tmp_path):
    video = numbered(tmp_path / "v.mp4", 2, 25)
    assert shown(video, 25) == list(range(50))


def test_of_a_faster_or_slower_video_the_nearest_frames_are_seen(tmp_path):
    # frame i of 50 a second rounds, halves up, to place (i + 1) // 2; the last frame of a place is shown there
    assert shown(numbered(tmp_path / "fast.mp4", 2, 50), 25) == [0, *range(2, 99, 2)]
    slow = shown(numbered(tmp_path / "slow.mp4", 2, 10), 25)
    assert len(slow) == 50
    assert slow[:8] == [0, 0, 0, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(("seconds", "expected"), [(8, [24, 74, 124, 174]), (4.8, [11, 35]), (3, [24, 74])])
def test_one_picture_in_two_seconds_is_the_one_halfway(tmp_path, seconds, expected):
    fps = 12 if seconds == 4.8 else 25
    video = numbered(tmp_path / "v.mp4", seconds, fps)
    assert shown(video, Fraction(1, 2)) == expected


def test_a_stretch_shows_what_lies_within_it(tmp_path):
    numbered(tmp_path / "v.mp4", 4, 25)
    assert shown(Video(tmp_path / "v.mp4", 1.0, 2.0), 25) == list(range(25, 75))


def test_one_frame_is_a_strip_of_one_and_of_none_at_a_slow_rate(tmp_path):
    video = numbered(tmp_path / "v.mp4", 0.04, 25)
    assert strip(video, Fraction(25), short_side).shape[0] == 1
    assert strip(video, Fraction(1, 2), short_side) is None
