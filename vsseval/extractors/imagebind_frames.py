"""Sound and picture to vectors of ImageBind-huge as JavisBench looks at them: every picture, and windows of the sound.

Liu et al., JavisDiT, 2025 (eval/javisbench/src/dataset.py). For AVHScore and JavisScore every picture is embedded by
itself, and the sound in windows of 2 s that follow each other by 0.5 s; the last ends with the sound. For its IB score
a video is seen as ImageBind's own loader shows it: five clips of 2 s spread over it, of each the first and the last
picture, in three cuts.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, Source, Video
from vsseval.extractors.imagebind import (
    CLIP_SECONDS,
    CLIPS,
    RATE,
    SIDE,
    ImageBindEmbedding,
    channels_of,
    clip_starts,
    cut_corners,
    mel_clip,
    mel_clips,
    normalised,
)
from vsseval.extractors.network import Parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from vsseval.weights.find import Weights

WINDOW, STEP = 2 * RATE, RATE // 2
"""Samples of a window of the sound, and from one to the next."""
VIDEO_CLIPS = 5


class ImageBindFrames(ImageBindEmbedding):
    """Every picture, and windows of the sound. Satisfies `Extractor`.

    Of a video `frames`, float32 (T, 1024), and `fps`, float64 (); of a sound `whole`, float32 (1024,), the mean of
    three clips, and `windows`, float32 (M, 1024), none where it lasts 2 s or less.
    """

    def __init__(self, weights: Weights, name: str) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: ImageBind-huge.
            name: of the variant.
        """
        said = "every picture by itself; of the first channel 3 x 2 s, and 2 s every 0.5 s"
        super().__init__(weights, name, kinds=("audio", "video"), said=said)

    def prepare(self, source: Source) -> Parts:
        """Return clips and windows of a sound, (3 + M, 1, 128, 204), or the pictures, uint8 (T, 3, 1, 224, 224).

        Raises:
            Unmeasurable: a sound shorter than 25 ms, or a video without pictures.
        """
        import torch

        from vsseval.networks.image_inputs import centre_cut, short_side

        if isinstance(source, Audio):
            samples = channels_of(source)
            return Parts(torch.cat([mel_clips(samples), *window_mels(samples)]), "audio")
        if not isinstance(source, Video):
            raise TypeError(f"{self.spec.name} takes audio or video, not {type(source).__name__}")
        pictures = [centre_cut(short_side(shown.picture())) for shown in source.each()]
        if not pictures:
            raise Unmeasurable("the video has no pictures")
        return Parts(torch.stack(pictures)[:, :, None], "vision")

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return what each part is to the network, shape (parts, 1024); a picture is shown twice, as a still."""
        if kind == "audio":
            return {"heard": self.network.audio(parts)}
        return {"frames": self.network.vision(normalised(parts.expand(-1, -1, 2, -1, -1)))}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Average the clips of the whole sound, and keep its windows."""
        if "heard" not in outputs:
            return outputs
        return {"whole": outputs["heard"][:CLIPS].mean(axis=0), "windows": outputs["heard"][CLIPS:]}

    def extract_many(self, sources: Sequence[Source]) -> list[Arrays | Unmeasurable]:
        """Return the features of several media, or why one of them has none, in their order."""
        return [
            {**found, "fps": np.asarray(float(source.fps))}
            if isinstance(source, Video) and not isinstance(found, Unmeasurable)
            else found
            for source, found in zip(sources, super().extract_many(sources), strict=True)
        ]


class ImageBindClips(ImageBindEmbedding):
    """`embedding`, float32 (1024,), of a video: the mean over five clips in three cuts. Satisfies `Extractor`."""

    def __init__(self, weights: Weights, name: str) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: ImageBind-huge.
            name: of the variant.
        """
        said = "mean over 5 clips of 2 s, of each the first and the last picture in 3 cuts, as ImageBind's loader"
        super().__init__(weights, name, kinds=("video",), said=said)

    def prepare(self, source: Source) -> Parts:
        """Return the clips, float32 from 0 to 255, shape (15, 3, 2, 224, 224).

        Raises:
            Unmeasurable: the video has no pictures.
        """
        import torch

        if not isinstance(source, Video):
            raise TypeError(f"{self.spec.name} takes video, not {type(source).__name__}")
        places = clip_places(sum(1 for _ in source.each()), float(source.fps))
        wanted = {place for pair in places for place in pair}
        seen = {place: scaled(shown.picture()) for place, shown in enumerate(source.each()) if place in wanted}
        clips = [
            torch.stack([seen[place][:, top : top + SIDE, left : left + SIDE] for place in pair], dim=1)
            for pair in places
            for top, left in cut_corners(*seen[pair[0]].shape[1:])
        ]
        return Parts(torch.stack(clips), "vision")


def window_mels(sound: Tensor) -> list[Tensor]:
    """Return the windows of 16 kHz sound as normalised log mel, (1, 1, 128, 204) each; none where it is no longer.

    The mean of a window is taken off in place, so that windows that overlap are not quite independent: the original
    does so.

    Args:
        sound: shape (channels, n).
    """
    if sound.shape[1] <= WINDOW:
        return []
    sound = sound.clone()
    return [mel_clip(sound[:, start : start + WINDOW])[None] for start in starts(sound.shape[1], WINDOW, STEP)]


def starts(length: int, window: int, step: int) -> list[int]:
    """Return where windows begin; the last one ends with what is cut up."""
    whole = range(0, max(length - window, 0), step)
    return [*whole, max(length - window, 0)]


def clip_places(count: int, fps: float) -> list[tuple[int, int]]:
    """Return the places of the first and the last picture of each of five clips.

    Args:
        count: pictures of the video.
        fps: their rate.

    Raises:
        Unmeasurable: there are none.
    """
    if not count:
        raise Unmeasurable("the video has no pictures")
    found = []
    for start in clip_starts(count / fps, VIDEO_CLIPS):
        first = min(math.ceil(fps * start), count - 1)
        last = min(math.ceil(fps * (start + Fraction(CLIP_SECONDS))), count) - 1
        found.append((first, max(first, last)))
    return found


def scaled(picture: np.ndarray) -> Tensor:
    """Scale the shorter side to 224, bilinear and not antialiased: uint8 (h, w, 3) to float32 (3, h', w'), 0 to 255."""
    import torch
    from torch.nn.functional import interpolate

    image = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float()
    height, width = image.shape[1:]
    size = (math.floor(height / width * SIDE), SIDE) if width < height else (SIDE, math.floor(width / height * SIDE))
    return interpolate(image[None], size, mode="bilinear", align_corners=False)[0]
