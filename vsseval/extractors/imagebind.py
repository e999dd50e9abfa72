"""Sound, picture or text to one vector of ImageBind-huge, prepared as av-benchmark prepares them for the IB score.

Girdhar et al., 'ImageBind: one embedding space to bind them all', CVPR 2023. A sound is heard in three clips of 2 s
that start at 0, 1/3 and 2/3 of what is left of its length: the last seconds are never heard (of 8 s, those after 6).
A video is seen in pairs of neighbouring pictures at one in two seconds, each in three square cuts. The vectors of the
clips are averaged.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, Audio, ExtractorSpec, Source, Video
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.pictures import Clock, strip
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from vsseval.networks.imagebind_towers import ImageBind

RATE, FPS = 16_000, Fraction(1, 2)
CLIPS, CLIP_SECONDS = 3, 2
"""Of a sound."""
CUTS, SIDE = 3, 224
"""Square cuts of a picture: from one end of its longer side to the other."""

_WINDOW = 400
"""Samples of a frame of the filter bank."""
_BANDS, _FRAMES = 128, 204
"""Of a clip of sound; six frames are padding, for 2 s give 198."""
_MEAN, _SPREAD = -4.268, 9.138
"""Of log-mel energies (imagebind/data.py)."""
_PICTURE_RATE, _PER_PAIR = Fraction(25), 50
"""Lengths of videos are counted in places of 1/25 s, as av-benchmark's other stream of pictures does."""
_TOWERS = ("vision", "text", "audio")
_COMPUTED = "modality_preprocessors.text.mask"
"""In the file, and made anew here."""


class ImageBindEmbedding(NetworkExtractor):
    """`embedding`, float32, (1024,): the mean over clips, of no particular length. Satisfies `BatchExtractor`."""

    network: ImageBind
    batch_size = 3

    def __init__(
        self,
        weights: Weights,
        name: str,
        clock: Clock = "first picture",
        *,
        kinds: tuple[Literal["audio", "video", "text"], ...] = ("audio", "video", "text"),
        said: str = "",
    ) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: ImageBind-huge, and beside it the table of byte pairs for texts.
            name: of the variant.
            clock: where the places of pictures are counted from.
            kinds: what is embedded.
            said: what is embedded of it, where that is not as in av-benchmark.
        """
        self._weights = weights
        self._clock: Clock = clock
        since = ", places counted from time stamp 0 (av-benchmark since February 2026)" if clock == "zero" else ""
        said = said or "mean over clips: 3 x 2 s of the first channel; pairs of pictures at 0.5 a second in 3 cuts"
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=kinds,
            sample_rate=RATE,
            weights=weights.sha256,
            licence="CC-BY-NC-SA-4.0 (not for commercial use)",
            description=f"ImageBind-huge, {said}{since}",
        )

    def build(self) -> ImageBind:
        """Return three towers; only what is used of the file is read.

        Raises:
            UsageError: the file is of another network.
        """
        return load(self._weights.file())

    def prepare(self, source: Source) -> Parts:
        """Return the clips of a sound, (3, 1, 128, 204), of a video, uint8 (n, 3, 2, 224, 224), or a text, (1, 77).

        Raises:
            Unmeasurable: a sound shorter than 25 ms, or a video that gives fewer than two pictures (below 4 s).
        """
        if isinstance(source, Audio):
            return Parts(mel_clips(channels_of(source)), "audio")
        if isinstance(source, Video):
            return Parts(picture_clips(_pictures(source, self._clock)), "vision")
        from vsseval.networks.clip_words import words

        return Parts(words([source], self._weights.file("bpe_simple_vocab_16e6.txt.gz")), "text")

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return the `embedding` of each clip, shape (clips, 1024)."""
        if kind == "audio":
            return {"embedding": self.network.audio(parts)}
        if kind == "text":
            return {"embedding": self.network.text(parts)}
        return {"embedding": self.network.vision(normalised(parts))}

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Average the clips."""
        return {"embedding": outputs["embedding"].mean(axis=0)}


def load(file: Path) -> ImageBind:
    """Return the towers with the weights of a file.

    Raises:
        UsageError: the file cannot be read, or is of another network.
    """
    from vsseval.networks.imagebind_towers import ImageBind
    from vsseval.networks.skip_initial_weights import SkipInitialWeights

    wanted = {
        key: value
        for key, value in read_state_dict(file).items()
        if key.split(".")[1:2] and key.split(".")[1] in _TOWERS and key != _COMPUTED
    }
    with SkipInitialWeights():
        return fill_network(ImageBind, wanted, file, "ImageBind-huge")


def clip_starts(seconds: float, clips: int = CLIPS) -> list[Fraction]:
    """Return where clips of 2 s start, in seconds: as pytorchvideo's sampler of constant clips places them."""
    step = Fraction(Fraction(max(seconds - CLIP_SECONDS, 0)), clips)
    return [step * index for index in range(clips)]


def mel_clips(sound: Tensor) -> Tensor:
    """Return the clips of 16 kHz sound as normalised log mel, shape (3, 1, 128, 204).

    Only the first channel is heard. The mean of each clip, over all channels, is taken off in place, so that clips
    that overlap are not quite independent: the original does so.

    Args:
        sound: shape (channels, n).

    Raises:
        Unmeasurable: n is below 400.
    """
    import torch

    if sound.shape[1] < _WINDOW:
        raise Unmeasurable(f"shorter than {_WINDOW / RATE} s ({sound.shape[1] / RATE:.3f} s)")
    sound = sound.clone()
    cuts = [(int(start * RATE), int((start + CLIP_SECONDS) * RATE)) for start in clip_starts(sound.shape[1] / RATE)]
    return torch.stack([mel_clip(sound[:, start:stop]) for start, stop in cuts])


def mel_clip(clip: Tensor) -> Tensor:
    """Take the mean off a clip of sound, (channels, n <= 32000), in place, and return its first channel's log mel.

    Returns:
        Normalised, shape (1, 128, 204).
    """
    from torch.nn.functional import pad

    from vsseval.networks.mel import kaldi_log_mel

    clip -= clip.mean()
    mel = kaldi_log_mel(clip[0], _BANDS)
    return (pad(mel.T, (0, _FRAMES - len(mel)))[None] - _MEAN) / _SPREAD


def picture_clips(pictures: Tensor) -> Tensor:
    """Return pairs of neighbouring pictures in three cuts: (T, 3, h, w) to (3 * (T - 1), 3, 2, 224, 224).

    All cuts of the first pair come first.

    Args:
        pictures: the shorter side at 224.

    Raises:
        Unmeasurable: T is below 2.
    """
    import torch

    if len(pictures) < 2:
        raise Unmeasurable("shorter than 4 s: ImageBind sees pairs of pictures two seconds apart")
    cuts = torch.stack([
        pictures[:, :, top : top + SIDE, left : left + SIDE] for top, left in cut_corners(*pictures.shape[2:])
    ])  # fmt: skip
    pairs = torch.stack([cuts[:, :-1], cuts[:, 1:]], dim=3)
    return pairs.transpose(0, 1).flatten(0, 1)


def cut_corners(height: int, width: int) -> list[tuple[int, int]]:
    """Return the upper left corners, (top, left), of the three cuts of a picture."""
    top, left = math.ceil((height - SIDE) / 2), math.ceil((width - SIDE) / 2)
    if height > width:
        return [(0, left), (top, left), (height - SIDE, left)]
    return [(top, 0), (top, left), (top, width - SIDE)]


def normalised(pictures: Tensor) -> Tensor:
    """Return uint8 pictures (..., 3, T, h, w) normalised with the mean and deviation of CLIP."""
    import torch

    from vsseval.networks.image_inputs import CLIP_MEAN, CLIP_STD

    mean, deviation = (torch.tensor(values).view(3, 1, 1, 1).to(pictures.device) for values in (CLIP_MEAN, CLIP_STD))
    return pictures.float().mul_(1 / 255).sub_(mean).div_(deviation)


def channels_of(audio: Audio) -> Tensor:
    """Return all channels at 16 kHz, by torchaudio's function (not its transform, which differs in the last bits)."""
    import torch

    from vsseval.networks.sinc import resampled

    return resampled(torch.from_numpy(audio.samples), audio.sample_rate, RATE, single=True)


def _pictures(video: Video, clock: Clock) -> Tensor:
    """Return whole pictures at one in two seconds, as many as there are whole pairs of seconds."""
    import torch

    from vsseval.networks.image_inputs import short_side

    found = strip(video, FPS, short_side, clock)
    count = math.floor(video.seconds * _PICTURE_RATE + Fraction(1, 2)) // _PER_PAIR
    return torch.zeros(0, 3, SIDE, SIDE) if found is None else found[:count]
