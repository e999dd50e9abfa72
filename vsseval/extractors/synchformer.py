"""Sound or picture to the segment tokens of Synchformer, as av-benchmark prepares both (checkpoint 24-01-04T16-39-21).

Iashin et al., 'Synchformer: efficient synchronization from sparse cues', ICASSP 2024. Segments last 0.64 s and follow
each other by 0.32 s; what is left over at the end is not seen. `synchformer_sync` puts the tokens of both together.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Audio, ExtractorSpec, Source, Video
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.pictures import Clock, strip
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from vsseval.networks.synchformer import Synchformer

RATE, FPS = 16_000, Fraction(25)
SAMPLES, SAMPLE_HOP = 10_240, 5120
"""Of a segment of sound, and from one to the next."""
FRAMES, FRAME_HOP = 16, 8
"""Of a segment of pictures, and from one to the next."""
SECONDS = 0.64
"""Of a segment of either."""

_MEL_FRAMES = 66
"""The last of them are padding: 10240 samples give 65."""
_FLOOR = 1e-6
"""Added to mel powers before their logarithm."""
_MEAN, _SPREAD = -4.2677393, 2 * 4.5689974
"""Of log-mel powers in AudioSet, as in the audio spectrogram transformer (Gong et al., Interspeech 2021)."""
_TOGETHER = 2
"""Segments of pictures to a forward on a processor, where more is no faster and needs more memory."""


class SynchformerTokens(NetworkExtractor):
    """`tokens`, float32: (segments, 6, 768) of a sound, (segments, 8, 768) of a video. Satisfies `BatchExtractor`."""

    network: Synchformer
    gains_by_half = True

    def __init__(self, weights: Weights, name: str, clock: Clock, seconds: float = 0.0) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: all of Synchformer's, as av-benchmark loads them.
            name: of the variant.
            clock: where the places of pictures are counted from.
            seconds: length to which sound and picture are cut, or filled up with silence and black; 0 leaves them.
        """
        self._weights = weights
        self._clock: Clock = clock
        self._seconds = seconds
        since = ", since February 2026 (places of pictures counted from time stamp 0)" if clock == "zero" else ""
        self.spec = ExtractorSpec(
            name=name,
            version="1",
            input_kinds=("audio", "video"),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description="Synchformer 24-01-04T16-39-21, tokens of segments of 0.64 s, "
            f"av-benchmark's preparation{since}" + (f", of exactly {seconds:g} s" if seconds else ""),
        )

    def build(self) -> Synchformer:
        """Return all of Synchformer; only what is used of the file is read.

        Raises:
            UsageError: the file is of another network.
        """
        return load(self._weights.file())

    def prepare(self, source: Source) -> Parts:
        """Return the segments of a sound, normalised log mel, or those of a video, uint8 pictures.

        Raises:
            Unmeasurable: there is not one whole segment (0.64 s).
        """
        if isinstance(source, Audio):
            whole, length, hop, rate = _sound(source), SAMPLES, SAMPLE_HOP, float(RATE)
        elif isinstance(source, Video):
            whole, length, hop, rate = _frames(source, self._clock), FRAMES, FRAME_HOP, float(FPS)
        else:
            raise TypeError(f"synchformer takes audio or video, not {type(source).__name__}")
        segments = segmented(whole, length, hop, rate)
        if self._seconds:
            segments = segmented(fitted(whole, int(self._seconds * rate)), length, hop, rate)
        return Parts(log_mels(segments), "audio") if isinstance(source, Audio) else Parts(segments, "video")

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return `tokens`, (segments, 6, 768) of a sound, (segments, 8, 768) of a video."""
        import torch

        if kind == "audio":
            return {"tokens": self.network.afeat_extractor(parts)}
        step = _TOGETHER if parts.device.type == "cpu" else len(parts)
        encode = self.network.vfeat_extractor
        return {"tokens": torch.cat([encode(normalised(some)) for some in torch.split(parts, step)])}


def load(file: Path) -> Synchformer:
    """Return Synchformer with the weights of a file, whose other tensors stay on the disk until they are used.

    Raises:
        UsageError: the file cannot be read, or is of another network.
    """
    from vsseval.networks.skip_initial_weights import SkipInitialWeights
    from vsseval.networks.synchformer import Synchformer

    with SkipInitialWeights():
        network = fill_network(Synchformer, read_state_dict(file), file, "Synchformer")
    return network.eval().requires_grad_(requires_grad=False)


def segmented(whole: Tensor, length: int, hop: int, rate: float) -> Tensor:
    """Cut samples or frames (n, ...) into overlapping segments (segments >= 1, length, ...).

    Raises:
        Unmeasurable: n is less than `length`.
    """
    import torch

    if len(whole) < length:
        raise Unmeasurable(f"shorter than {SECONDS} s ({len(whole) / rate:.2f} s), one segment of Synchformer")
    return torch.stack([whole[start : start + length] for start in range(0, len(whole) - length + 1, hop)])


def fitted(whole: Tensor, length: int) -> Tensor:
    """Cut samples or frames (n, ...) to a length, or fill them up with zeros."""
    import torch

    kept = whole[:length]
    return torch.cat([kept, kept.new_zeros(length - len(kept), *kept.shape[1:])])


def log_mels(segments: Tensor) -> Tensor:
    """Return the normalised log mel of segments of 16 kHz sound: (n, 10240) to (n, 128, 66).

    The spectrogram is filled up to 66 frames with zeros after the logarithm, not with its floor (av_bench/extract.py).
    """
    import torch
    from torch.nn.functional import pad

    from vsseval.networks.mel import mel_power

    levels = torch.log(mel_power(segments, RATE, n_fft=1024, window=400, hop=160, bands=128) + _FLOOR)
    return (pad(levels, (0, _MEL_FRAMES - levels.shape[-1])) - _MEAN) / _SPREAD


def normalised(pictures: Tensor) -> Tensor:
    """Return uint8 pictures as numbers in [-1, 1]."""
    return pictures.float().mul_(1 / 255).sub_(0.5).div_(0.5)


def _sound(audio: Audio) -> Tensor:
    """Return the mean of the channels at 16 kHz, shape (n,); unlike elsewhere in av-benchmark, offsets stay."""
    import torch

    def mixed() -> np.ndarray:
        from vsseval.networks.sinc import resampled

        level = torch.from_numpy(audio.samples).mean(dim=0)
        return np.asarray(resampled(level, audio.sample_rate, RATE).numpy())

    return torch.from_numpy(audio.derived(("synchformer", RATE), mixed))


def _frames(video: Video, clock: Clock) -> Tensor:
    """Return the pictures at 25 a second, shorter side at 224, centre cut out: uint8, shape (T, 3, 224, 224)."""
    import torch

    from vsseval.networks.image_inputs import centre_cut, short_side

    found = strip(video, FPS, lambda picture: centre_cut(short_side(picture)), clock)
    return torch.zeros(0) if found is None else found
