"""What `--fast` gains and moves: networks in bfloat16 beside float32, on the golden numbers of their originals.

    MKL_CBWR=AUTO python benchmarks/fast_recipes.py [ROUNDS]

Weights are the seeded ones of the golden files, whose arrays the originals made in float32. Both precisions take turns
in one process and thread; the least processor seconds of some rounds count. Differences are the greatest and the root
mean square, over the greatest number of the golden array. A processor without instructions for bfloat16 computes it
more slowly than float32: the report says whether this one has them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

# ruff: noqa: E402, SLF001
from support.seeded_metric_weights import KAIMING, fill, golden, input_uint8, listed, put, waves
from vsseval.extractors.network import Parts
from vsseval.extractors.synchformer import (
    FRAME_HOP,
    FRAMES,
    RATE,
    SAMPLE_HOP,
    SAMPLES,
    SynchformerTokens,
    log_mels,
    segmented,
)
from vsseval.extractors.vggish import VGGish
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.synchformer import Synchformer


def vggish(folder: Path):
    weights = put(folder, "vggish", listed("vggish", KAIMING))
    arrays, _ = golden("vggish_a")
    parts = torch.from_numpy(arrays["patches8"])
    yield "vggish, patches of 8 s", VGGish, weights, parts, "audio", "patches", arrays["emb8"], ...


def synchformer(folder: Path):
    with SkipInitialWeights():
        network = Synchformer().eval().requires_grad_(requires_grad=False)
    fill(network)
    weights = put(folder, "synchformer", network.state_dict())
    arrays, _ = golden("synchformer_a")
    mels = log_mels(segmented(torch.from_numpy(waves()["w8"]), SAMPLES, SAMPLE_HOP, RATE))[arrays["afeat_segments"]]
    yield "synchformer, 4 segments of sound", SynchformerTokens, weights, mels, "audio", "tokens", arrays["afeat"], ...
    count = int(arrays["vfeat_shape"][1]) * FRAME_HOP + FRAMES - FRAME_HOP
    frames = segmented(input_uint8("sync_frames_a", (count, 3, 224, 224)), FRAMES, FRAME_HOP, 25.0)
    first = frames[arrays["vfeat_segments"][:1]]
    seen = arrays["vfeat"][:1]
    yield "synchformer, 1 segment of pictures", SynchformerTokens, weights, first, "video", "tokens", seen, ...


def measured(extractor, parts, kind: str, name: str) -> tuple[float, np.ndarray]:
    begun = time.process_time()
    (found,) = extractor._outputs([Parts(parts, kind)])
    return time.process_time() - begun, found[name]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    torch.set_num_threads(1)
    flags = Path("/proc/cpuinfo").read_text()
    print("avx512_bf16:", "avx512_bf16" in flags, " amx_bf16:", "amx_bf16" in flags)
    print("| network | float32, s | bfloat16, s | times | greatest difference | root mean square | float32's own |")
    print("|---|---|---|---|---|---|---|")
    for make in (vggish, synchformer):
        folder = Path(tempfile.mkdtemp(prefix="vsseval-fast-"))
        for title, kind_of, weights, parts, kind, name, wanted, which in make(folder):
            exact, fast = kind_of(weights), kind_of(weights)
            fast.compute_fast()
            times: dict[bool, list[float]] = {False: [], True: []}
            features = {}
            for _ in range(rounds + 1):  # the first loads
                for quick, extractor in ((False, exact), (True, fast)):
                    seconds, features[quick] = measured(extractor, parts, kind, name)
                    times[quick].append(seconds)
            slow, quick = (min(times[one][1:]) for one in (False, True))
            scale = np.abs(wanted).max()
            own, other = (features[one].astype(np.float64) - wanted[which] for one in (False, True))
            greatest, mean = np.abs(other).max() / scale, np.sqrt((other**2).mean()) / scale
            numbers = f"{slow:.3f} | {quick:.3f} | {slow / quick:.2f} | {greatest:.2e} | {mean:.2e}"
            print(f"| {title} | {numbers} | {np.abs(own).max() / scale:.1e} |", flush=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
