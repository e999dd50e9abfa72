"""Clips per second of the extractors against the original implementations of the same networks.

Both get the same weights (drawn, not trained), the same decoded clips (8 s, stereo, 44.1 kHz) and the same number of
threads, in turns in one process, and their features are compared; the best of several rounds counts. On a machine that
has other work, `--processor` counts processor seconds of one thread in place of seconds. The originals are packages of
others, for an environment of its own:

    pip install --no-deps hear21passt==0.0.26 panns-inference==0.1.1 torchlibrosa==0.1.0 torchvggish==0.2
    pip install timm==1.0.31 torchvision==0.26.0 resampy==0.4.3 librosa
    python benchmarks/extractors.py

What is not installed is left out, and named. To add a network, write a function that returns a `Pair` and list it in
`PAIRS`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torchaudio.transforms import Resample

from vsseval.extractors.network import NetworkExtractor
from vsseval.media import Audio
from vsseval.weights.find import Weights

RATE, SECONDS = 44_100, 8
Clips = Sequence[np.ndarray]
"""Of shape (2, n) each."""


class Pair(NamedTuple):
    """An extractor of ours, and what it is compared with."""

    ours: NetworkExtractor
    feature: str
    """Name of the array that is compared."""
    theirs: Callable[[Clips], torch.Tensor]
    """Features of some clips, which go through the network together."""


def av_benchmark_loader(clips: Clips, rate: int) -> torch.Tensor:
    """What av_bench.data.audio_dataset does to each clip; (b, n)."""
    resample = Resample(RATE, rate)
    mono = [torch.from_numpy(clip).mean(dim=0) for clip in clips]
    return torch.stack([resample(one - one.mean()) for one in mono])


def saved(folder: Path, name: str, state: dict[str, torch.Tensor]) -> Weights:
    torch.save(state, folder / f"{name}.pt")
    return Weights(name, folder, (f"{name}.pt",), "0" * 64)


def portions(clips: Clips, forward: Callable[[Clips], torch.Tensor], size: int) -> np.ndarray:
    with torch.inference_mode():
        parts = [forward(clips[start : start + size]) for start in range(0, len(clips), size)]
    return torch.cat(parts).numpy()


def vggish(folder: Path) -> Pair:
    from torchvggish import torchvggish, vggish_input

    from vsseval.extractors.vggish import VGGish

    original = torchvggish.VGG(torchvggish.make_layers(), postprocess=False).eval()
    original.embeddings = torch.nn.Sequential(*list(original.embeddings)[:-1])

    def forward(clips: Clips) -> torch.Tensor:
        # as in av-benchmark: the spectrogram of each clip in NumPy, the network on the patches of all
        waves = av_benchmark_loader(clips, 16_000).numpy()
        return original(torch.cat([vggish_input.waveform_to_examples(wave, 16_000).detach() for wave in waves]))

    return Pair(VGGish(saved(folder, "vggish", original.state_dict())), "patches", forward)


def panns(folder: Path) -> Pair:
    # the package fetches a list of labels when it is imported; only its network is wanted
    home = Path(str(importlib.util.find_spec("panns_inference").submodule_search_locations[0]))  # type: ignore[union-attr]
    sys.modules["panns_inference"] = types.ModuleType("panns_inference")
    sys.modules["panns_inference"].__path__ = [str(home)]
    from panns_inference.models import Cnn14

    from vsseval.extractors.panns import PANNs

    original = Cnn14(16_000, 512, 160, 64, 50, 8000, 527).eval()
    weights = saved(folder, "panns", original.state_dict())

    def forward(clips: Clips) -> torch.Tensor:
        return original(av_benchmark_loader(clips, 16_000))["embedding"]

    return Pair(PANNs(weights, "panns", 16, "avbench"), "embedding", forward)


def passt(folder: Path) -> Pair:
    from hear21passt.base import get_model_passt
    from hear21passt.models.preprocess import AugmentMelSTFT
    from hear21passt.wrapper import PasstBasicWrapper

    from vsseval.extractors.passt import PaSSTClip

    mel = AugmentMelSTFT(
        n_mels=128, sr=32_000, win_length=800, hopsize=320, n_fft=1024, freqm=48, timem=192, htk=False, fmin=0.0,
        fmax=None, norm=1, fmin_aug_range=10, fmax_aug_range=2000,
    )  # fmt: skip
    original = PasstBasicWrapper(mel, get_model_passt("passt_s_swa_p16_128_ap476", pretrained=False), mode="all").eval()
    weights = saved(folder, "passt", original.state_dict())

    def forward(clips: Clips) -> torch.Tensor:
        waves = av_benchmark_loader(clips, 32_000)
        return original(torch.nn.functional.pad(waves, (0, 320_000 - waves.shape[1])))[:, 527:]

    return Pair(PaSSTClip(weights), "embedding", forward)


PAIRS: dict[str, tuple[str, Callable[[Path], Pair]]] = {
    "vggish": ("torchvggish", vggish),
    "panns": ("panns_inference", panns),
    "passt": ("hear21passt", passt),
}
"""Name -> package of the original, and what makes the pair."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="extractors; all by default")
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--portion", type=int, default=8, help="clips to a forward of an original")
    parser.add_argument("--processor", action="store_true", help="count processor seconds of one thread")
    options = parser.parse_args()
    torch.set_num_threads(1 if options.processor else options.threads)
    clock = time.process_time if options.processor else time.perf_counter
    warnings.filterwarnings("ignore")
    random = np.random.default_rng(0)
    clips = [random.normal(0, 0.1, (2, SECONDS * RATE)).astype(np.float32) for _ in range(options.clips)]
    print(f"| extractor | ours, clips/s | original, clips/s | ratio | greatest difference | load |\n{'|---' * 6}|")
    for name in options.names or PAIRS:
        package, make = PAIRS[name]
        if importlib.util.find_spec(package) is None:
            print(f"{name}: {package} is not installed (pip install {package.replace('_', '-')})", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            with contextlib.redirect_stdout(io.StringIO()):  # some originals print their anatomy
                line = row(name, make(Path(folder)), clips, options, clock)
            print(line, flush=True)


def row(name: str, pair: Pair, clips: Clips, options: argparse.Namespace, clock: Callable[[], float]) -> str:
    """Time both in turns, and compare what they give."""
    ours, theirs = float("inf"), float("inf")
    for _ in range(options.rounds):
        # new sounds each time: what was resampled once is kept
        sounds = [Audio(clip, RATE) for clip in clips]
        begun = clock()
        found = pair.ours.extract_many(sounds)
        ours, begun = min(ours, clock() - begun), clock()
        wanted = portions(clips, pair.theirs, options.portion)
        theirs = min(theirs, clock() - begun)
    features = np.concatenate([np.atleast_2d(arrays[pair.feature]) for arrays in found])  # type: ignore[index]
    off = np.abs(features - wanted).max() / np.abs(wanted).max()
    figures = (f"{len(clips) / ours:.2f}", f"{len(clips) / theirs:.2f}", f"{theirs / ours:.2f}", f"{off:.1e}")
    return f"| {name} | {' | '.join(figures)} | {os.getloadavg()[0]:.1f} |"


if __name__ == "__main__":
    main()
