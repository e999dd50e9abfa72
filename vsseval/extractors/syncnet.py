"""Speech, or the pictures of a speaking mouth, to the vectors of SyncNet, one for each 1/25 s.

Chung and Zisserman, 'Out of time: automated lip sync in the wild', ACCV workshops 2016, with the windows of
SyncNetInstance.py. The whole picture is taken as the mouth, scaled to 224 x 224 without regard to its shape, as
Wav2Lip's scores of the LRS sets are computed (evaluation/scores_LSE); pictures do not pass through JPEG, as there.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Audio, ExtractorSpec, Source, Video
from vsseval.extractors.bilinear import scaled
from vsseval.extractors.mfcc import CEPSTRA, RATE, mfcc
from vsseval.extractors.network import NetworkExtractor, Parts
from vsseval.extractors.pictures import strip
from vsseval.networks.state_dict import fill_network, read_state_dict
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from vsseval.networks.syncnet import SyncNet

FPS = Fraction(25)
PER_PICTURE = 640
"""Samples."""
LOST = 5
"""Moments at the end without a vector: four that do not fill a window, and one more that the original leaves out."""

_SIDE = 224
_PICTURES, _FRAMES, _FRAME_HOP = 5, 20, 4
"""To a window: pictures, and frames of cepstra, which advance by four to a picture."""


class SyncNetEmbeddings(NetworkExtractor):
    """`embeddings`, float32, (n, 1024): row i belongs to the moment i / 25 s. Satisfies `BatchExtractor`."""

    network: SyncNet
    batch_size = 20

    def __init__(self, weights: Weights) -> None:
        """Say who it is; nothing is loaded.

        Args:
            weights: syncnet_v2.
        """
        self._weights = weights
        self.spec = ExtractorSpec(
            name="syncnet",
            version="1",
            input_kinds=("audio", "video"),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description="SyncNet v2, vectors at 25 a second; the whole picture is taken as the mouth",
        )

    def build(self) -> SyncNet:
        """Return the network.

        Raises:
            UsageError: the file is of another network.
        """
        return load(self._weights.file())

    def prepare(self, source: Source) -> Parts:
        """Return the windows of a sound, cepstra (n, 1, 13, 20), or of a video, uint8 (n, 3, 5, 224, 224), blue first.

        Raises:
            Unmeasurable: the medium is shorter than 6/25 s.
        """
        if isinstance(source, Audio):
            return Parts(sound_windows(source.mono(RATE)), "audio")
        if isinstance(source, Video):
            pictures = strip(source, FPS, mouth)
            if pictures is None:
                raise Unmeasurable("the video shows no picture")
            return Parts(picture_windows(pictures), "video")
        raise TypeError(f"syncnet takes audio or video, not {type(source).__name__}")

    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return `embeddings`, shape (n, 1024)."""
        network = self.network
        return {"embeddings": network.sound(parts) if kind == "audio" else network.lips(parts.float())}


def load(file: Path) -> SyncNet:
    """Return SyncNet with the weights of a file.

    Raises:
        UsageError: the file cannot be read, or is of another network.
    """
    import torch
    from torch.nn.utils import convert_conv2d_weight_memory_format

    from vsseval.networks.skip_initial_weights import SkipInitialWeights
    from vsseval.networks.syncnet import SyncNet

    # Counters of training steps: files of the time before PyTorch had them lack them, and nothing reads them.
    found = read_state_dict(file)
    counters = {
        key.replace("running_mean", "num_batches_tracked"): torch.zeros((), dtype=torch.int64)
        for key in found
        if key.endswith("running_mean")
    }
    with SkipInitialWeights():
        network = fill_network(SyncNet, {**counters, **found}, file, "SyncNet")
    # channels last is how convolutions are quickest on a processor
    return convert_conv2d_weight_memory_format(network, torch.channels_last)


def sound_windows(samples: np.ndarray) -> Tensor:
    """Return the windows of 16 kHz mono in [-1, 1]: cepstra of 0.2 s, float32, shape (n // 640 - 5, 1, 13, 20).

    Raises:
        Unmeasurable: there is not one window.
    """
    import torch

    count = samples.size // PER_PICTURE - LOST
    if count < 1:
        raise Unmeasurable(_too_short("the sound", samples.size / RATE))
    whole = np.clip(np.rint(samples.astype(np.float64) * 32_768), -32_768, 32_767)
    cepstra = torch.from_numpy(mfcc(whole).T.astype(np.float32))
    windows = cepstra.unfold(1, _FRAMES, _FRAME_HOP)[:, :count]
    return windows.transpose(0, 1).reshape(count, 1, CEPSTRA, _FRAMES)


def picture_windows(pictures: Tensor) -> Tensor:
    """Return the windows of pictures (T, 3, 224, 224): a view of them, shape (T - 5, 3, 5, 224, 224).

    Raises:
        Unmeasurable: there is not one window.
    """
    count = len(pictures) - LOST
    if count < 1:
        raise Unmeasurable(_too_short("the video", len(pictures) / float(FPS)))
    return pictures.unfold(0, _PICTURES, 1)[:count].movedim(-1, 2)


def mouth(picture: np.ndarray) -> Tensor:
    """Return a picture (height, width, 3), red first, as SyncNet sees it: uint8, shape (3, 224, 224), blue first."""
    import torch

    small = scaled(picture[..., ::-1], _SIDE, _SIDE)
    return torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))


def _too_short(what: str, seconds: float) -> str:
    return f"{what} is shorter than {(LOST + 1) / float(FPS):g} s ({seconds:.2f} s), one window of SyncNet"
