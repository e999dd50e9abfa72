"""Frames of a video as the authors' two vision networks want them: for CLIP at 10 a second, for Synchformer at 25.

Both take the first ten seconds and count from the first frame, wherever the container's clock stands then. The rules
are those of the readers that the authors use (decord and PIL; FFmpeg's `fps` filter and torchvision), down to the
rounding. Three faults of those readers are not copied: a picture that the file says is turned is turned upright for
both; frames that an edit list hides are not counted; and the first frames of an MPEG programme stream are not lost.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vsseval.errors import Unmeasurable
from vsseval.media import Video
from vsseval.networks.image_inputs import CLIP_MEAN, CLIP_STD, SIZE, centre_cut, short_side

CLIP_FRAMES, CLIP_FPS = 100, 10
SYNC_FRAMES, SYNC_FPS = 250, 25
SHORTEST = 0.05
"""Seconds: a video has to be longer than this."""


def clip_frames(path: Path, start: float = 0.0) -> Tensor:
    """Read the frames for CLIP.

    Frame i is the file's frame number round(i * fps / 10), halves to the even number, `fps` being the file's average
    rate; where the file has no such frame, a black picture. Pictures are scaled by PIL's bicubic filter to a square:
    their aspect ratio is not kept, and nothing is cropped.

    Args:
        path: any video that PyAV opens.
        start: seconds of it before the ten that are meant; frames are counted from frame number round(start * fps).

    Returns:
        float32, shape (100, 3, 224, 224), normalised with CLIP's mean and deviation; black pictures likewise, so
        that they are not zeros.

    Raises:
        Unmeasurable: the video is no longer than 0.05 s, states no frame rate, or cannot be read.
    """
    pictures = torch.zeros(CLIP_FRAMES, SIZE, SIZE, 3, dtype=torch.uint8)
    for slots, picture in _clip_pictures(path, start):
        scaled = Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        pictures[slots] = torch.from_numpy(np.array(scaled))
    frames = pictures.permute(0, 3, 1, 2).float().div_(255)
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in (CLIP_MEAN, CLIP_STD))
    return frames.sub_(mean).div_(deviation)


def _clip_pictures(path: Path, start: float = 0.0) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield each picture that CLIP sees, once, with the places that it takes among the hundred."""
    video = Video(path)
    if video.fps <= 0:
        raise Unmeasurable(f"{path.name}: states no frame rate; write it anew: ffmpeg -i {path.name} -r 25 new.mp4")
    wanted = [round(start * video.fps) + round(i * video.fps / CLIP_FPS) for i in range(CLIP_FRAMES)]
    done = count = 0
    with closing(video.each()) as frames:
        for index, shown in enumerate(frames):
            count = index + 1
            upto = bisect_right(wanted, index)
            if upto > done:
                yield slice(done, upto), shown.picture()
                done = upto
            if done == CLIP_FRAMES:
                break
    _require_length(path, count / video.fps)


def sync_frames(path: Path, start: float = 0.0) -> Tensor:
    """Read the frames for Synchformer.

    Every time stamp is rounded to the nearest 1/25 s, halves up; each 1/25 s shows the last frame rounded to it or
    before it. What is missing at the end of the ten seconds is filled with zeros. The shorter side is scaled to 224
    (bicubic, antialiased, rounded to whole numbers), then the centre is cut out.

    Args:
        path: any video that PyAV opens.
        start: seconds of it before the ten that are meant, rounded to 1/25 s.

    Returns:
        float32, shape (250, 3, 224, 224), in [-1, 1]; -1 where the video has ended.

    Raises:
        Unmeasurable: the video is no longer than 0.05 s, or cannot be read.
    """
    pictures = torch.zeros(SYNC_FRAMES, 3, SIZE, SIZE, dtype=torch.uint8)
    for places, picture in _sync_pictures(path, start):
        pictures[places] = _centre(picture)
    return pictures.float().div_(255).sub_(0.5).div_(0.5)


def _sync_pictures(path: Path, start: float = 0.0) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield each picture that Synchformer sees, once, with the places that it takes among the 250."""
    done, begin, pending = 0, Fraction(0), None
    skipped = round(start * SYNC_FPS)
    with closing(Video(path).each()) as frames:
        for shown in frames:
            if pending is None:
                begin = shown.start
            else:
                upto = min(_tick(shown.start) - _tick(begin) - skipped, SYNC_FRAMES)
                if upto > done:
                    yield slice(done, upto), pending.picture()
                    done = upto
            if done == SYNC_FRAMES:
                return
            pending = shown
        if pending is not None:
            _require_length(path, float(pending.stop - begin))
            upto = min(_tick(pending.stop) - _tick(begin) - skipped, SYNC_FRAMES)
            if upto > done:
                yield slice(done, upto), pending.picture()


def _tick(stamp: Fraction) -> int:
    return math.floor(stamp * SYNC_FPS + Fraction(1, 2))


def _centre(picture: np.ndarray) -> Tensor:
    return centre_cut(short_side(picture))


def _require_length(path: Path, seconds: float) -> None:
    if seconds <= SHORTEST:
        raise Unmeasurable(f"{path.name}: lasts {seconds:.3f} s; a video has to be longer than {SHORTEST} s")
