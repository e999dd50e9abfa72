"""The frozen networks that training features come from, and what each makes of a stretch of a file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from vsseval.errors import UsageError
from vsseval.networks.clip import ClipVision
from vsseval.networks.image_inputs import CLIP_MEAN, CLIP_STD
from vsseval.networks.rawnet3 import load_rawnet3
from vsseval.networks.synchformer_vision import load_synchformer
from vssflow.reference.files import digest
from vssflow.reference.frames import CLIP_FPS, SYNC_FPS, clip_frames, sync_frames
from vssflow.reference.speaker import embed
from vssflow.training.registered import Stretch
from vssflow.training.start import fill, read_parts

VERSION = "1"
"""Raised when features of the same files and weights become other numbers."""


@dataclass(frozen=True)
class ClipEncoders:
    """What turns a clip into arrays; None where its weights were not given."""

    scene: Callable[[Stretch], Tensor] | None
    """CLIP: (100, 768), 10 a second."""
    motion: Callable[[Stretch], Tensor] | None
    """Synchformer: (30, 8, 768), segments of 0.64 s that overlap by half."""
    voice: Callable[[Tensor], Tensor] | None
    """RawNet3: sound at 16 kHz, (samples,), to (256,)."""
    weights: dict[str, str]
    """sha256 of each file, by the network's name."""


def load_encoders(
    clip: tuple[Path, ...], synchformer: Path | None, rawnet3: Path | None, device: torch.device
) -> ClipEncoders:
    """Read the networks that there are weights of.

    Args:
        clip: files of which one may hold CLIP's ViT-B/16: OpenAI's own, or a checkpoint of the authors.
        synchformer: Synchformer's weights.
        rawnet3: RawNet3's weights.
        device: where they run.

    Raises:
        UsageError: a file is damaged, or of another network.
    """
    weights: dict[str, str] = {}
    scene = motion = voice = None
    for path in clip:
        parts = {key: value for key, value in read_parts((path,)).items() if key.startswith("image_encoder.")}
        if parts:
            tower = ClipVision()
            fill(tower, parts, "image_encoder.", str(path))
            scene = partial(_scene, tower.requires_grad_(requires_grad=False).eval().to(device))
            weights["clip"] = digest(path)  # of the other files no feature depends
            break
    if synchformer is not None:
        network = load_synchformer(synchformer).to(device)
        motion = partial(_motion, network)
        weights["synchformer"] = digest(synchformer)
    if rawnet3 is not None:
        voice = partial(embed, load_rawnet3(rawnet3).to(device).eval())
        weights["rawnet3"] = digest(rawnet3)
    return ClipEncoders(scene, motion, voice, weights)


def require_encoders(encoders: ClipEncoders, *, seen: bool, spoken: bool) -> None:
    """Refuse to write zeros for what is there and only lacks its weights.

    Args:
        encoders: that were given.
        seen: whether a clip has a picture.
        spoken: whether a clip has a transcript.

    Raises:
        UsageError: weights are missing; the message names options and files.
    """
    needed = {
        "CLIP (--frozen ViT-B-16.pt)": seen and encoders.scene is None,
        "Synchformer (--synchformer synchformer_state_dict.pth)": seen and encoders.motion is None,
        "RawNet3 (--rawnet3 model.pt)": spoken and encoders.voice is None,
    }
    missing = [name for name, lacks in needed.items() if lacks]
    if missing:
        raise UsageError(f"features of these clips need the weights of {', '.join(missing)}")


def _scene(network: ClipVision, video: Stretch) -> Tensor:
    frames = clip_frames(video.path, video.start)
    black = -torch.tensor(CLIP_MEAN) / torch.tensor(CLIP_STD)
    return network.encode(_ended(frames, video, CLIP_FPS, black.view(3, 1, 1)))


def _motion(network: torch.nn.Module, video: Stretch) -> Tensor:
    frames = _ended(sync_frames(video.path, video.start), video, SYNC_FPS, torch.tensor(-1.0))
    features: Tensor = network.encode(frames)  # type: ignore[operator]
    return features


def _ended(frames: Tensor, video: Stretch, rate: int, black: Tensor) -> Tensor:
    """Blacken the frames after the end of the stretch, as readers of a file of that length have it."""
    if video.seconds is not None:
        frames[math.ceil(video.seconds * rate) :] = black
    return frames
