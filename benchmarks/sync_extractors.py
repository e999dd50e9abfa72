"""ImageBind and SyncNet against their makers' networks: equal values, clips per second, for sounds and for pictures.

As `extractors.py`, with drawn weights, counted in processor seconds of one thread. Pictures are 8 s of noise at 25 a
second, 320 x 240, which both sides read through `vsseval.media`; ImageBind's tower for pictures is cut to 4 of its 32
blocks, which are all alike. The originals are packages of others, for an environment of its own:

    pip install --no-deps imagebind-packaged==0.1.2 syncnet-python==0.2.3 timm==1.0.31 torchvision==0.26.0
    pip install --no-deps iopath==0.1.10
    pip install einops portalocker ftfy regex python_speech_features==0.6 opencv-python-headless
    python benchmarks/sync_extractors.py

What is not installed is left out, and named. Synchformer's original comes as no package.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch
from torchaudio.functional import resample

from extractors import RATE, SECONDS, saved
from vsseval.extractors import imagebind, syncnet
from vsseval.extractors.network import NetworkExtractor
from vsseval.extractors.pictures import strip
from vsseval.media import Audio, Video, write_mp4
from vsseval.networks import imagebind_towers
from vsseval.networks.image_inputs import short_side

FPS = 25.0


class Comparison(NamedTuple):
    """An extractor of ours for one medium, and what it is compared with."""

    name: str
    ours: NetworkExtractor
    feature: str
    make: Callable[[Path], Audio | Video]
    theirs: Callable[[Audio | Video], torch.Tensor]
    """Features of one medium."""


def sound(_: Path) -> Audio:
    return Audio(np.random.default_rng().normal(0, 0.1, (2, SECONDS * RATE)).astype(np.float32), RATE)


def film(folder: Path) -> Video:
    path = folder / "film.mp4"
    if not path.exists():
        frames = np.random.default_rng(0).integers(0, 256, (round(SECONDS * FPS), 240, 320, 3), dtype=np.uint8)
        write_mp4(path, frames, FPS)
    return Video(path)


def bare(package: str) -> None:
    """Let modules of a package be imported without what the package imports at its entry."""
    home = str(importlib.util.find_spec(package).submodule_search_locations[0])  # type: ignore[union-attr,index]
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [home]


def imagebinds(folder: Path) -> list[Comparison]:
    bare("imagebind")
    from imagebind.models.imagebind_model import ImageBindModel

    small = {f"{name}_num_blocks": 1 for name in ("text", "depth", "thermal", "imu")}
    original = ImageBindModel(
        vision_embed_dim=1280, vision_num_blocks=4, vision_num_heads=16, text_embed_dim=1024, text_num_heads=16,
        out_embed_dim=1024, audio_drop_path=0.1, imu_drop_path=0.7, **small,
    ).eval()  # fmt: skip
    ours = imagebind.ImageBindEmbedding(saved(folder, "imagebind", original.state_dict()))
    with (
        mock.patch.object(imagebind_towers, "VISION", imagebind_towers.VISION._replace(blocks=4)),
        mock.patch.object(imagebind_towers, "TEXT", imagebind_towers.TEXT._replace(blocks=1)),
    ):
        _ = ours.network

    def hear(audio: Audio) -> torch.Tensor:
        clips = imagebind.mel_clips(resample(torch.from_numpy(audio.samples), RATE, 16_000))
        return original({"audio": clips[None]})["audio"][0]

    def see(video: Video) -> torch.Tensor:
        pictures = strip(video, Fraction(1, 2), short_side)
        return original({"vision": imagebind.normalised(imagebind.picture_clips(pictures))[None]})["vision"][0]

    return [
        Comparison("imagebind, sound", ours, "embedding", sound, hear),
        Comparison("imagebind, pictures", ours, "embedding", film, see),
    ]


def syncnets(folder: Path) -> list[Comparison]:
    import cv2
    import python_speech_features

    bare("syncnet_python")
    from syncnet_python.SyncNetModel import S

    original = S(num_layers_in_fc_layers=1024).eval()
    ours = syncnet.SyncNetEmbeddings(saved(folder, "syncnet", original.state_dict()))

    def hear(audio: Audio) -> torch.Tensor:
        samples = np.rint(audio.mono(16_000) * 32_768).clip(-32_768, 32_767).astype(np.int16)
        mfcc = torch.from_numpy(python_speech_features.mfcc(samples, 16_000).T.astype(np.float32))[None, None]
        starts = range(len(samples) // 640 - 5)
        windows = torch.cat([mfcc[..., 4 * start : 4 * start + 20] for start in starts])
        return torch.cat([original.forward_aud(part) for part in windows.split(20)])

    def see(video: Video) -> torch.Tensor:
        frames = [cv2.resize(frame[..., ::-1], (224, 224)) for frame in video.stream(FPS)]
        # as the original stacks them, (1, 3, T, 224, 224)
        whole = torch.from_numpy(np.stack(frames, axis=3)[None].transpose(0, 3, 4, 1, 2).astype(float)).float()
        windows = [whole[:, :, start : start + 5] for start in range(whole.shape[2] - 5)]
        parts = [windows[start : start + 20] for start in range(0, len(windows), 20)]
        return torch.cat([original.forward_lip(torch.cat(part)) for part in parts])

    return [
        Comparison("syncnet, sound", ours, "embeddings", sound, hear),
        Comparison("syncnet, pictures", ours, "embeddings", film, see),
    ]


GROUPS = {"imagebind": ("imagebind", imagebinds), "syncnet": ("syncnet_python", syncnets)}
"""Name -> package of the original, and what makes the comparisons."""


def row(one: Comparison, folder: Path, rounds: int) -> str:
    """Time both in turns, and compare what they give."""
    ours, theirs = float("inf"), float("inf")
    for _ in range(rounds):
        source = one.make(folder)
        begun = time.process_time()
        found = one.ours.extract(source)[one.feature]
        ours, begun = min(ours, time.process_time() - begun), time.process_time()
        with torch.inference_mode():
            wanted = one.theirs(source).numpy()
        theirs = min(theirs, time.process_time() - begun)
    off = np.abs(found - wanted).max() / np.abs(wanted).max()
    figures = (f"{1 / ours:.2f}", f"{1 / theirs:.2f}", f"{theirs / ours:.2f}", f"{off:.1e}")
    return f"| {one.name} | {' | '.join(figures)} | {os.getloadavg()[0]:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="networks; all by default")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    print(f"| extractor | ours, clips/s | original, clips/s | ratio | greatest difference | load |\n{'|---' * 6}|")
    for name in options.names or GROUPS:
        package, make = GROUPS[name]
        if importlib.util.find_spec(package) is None:
            print(f"{name}: {package} is not installed", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            for one in make(Path(folder)):
                print(row(one, Path(folder), options.rounds), flush=True)


if __name__ == "__main__":
    main()
