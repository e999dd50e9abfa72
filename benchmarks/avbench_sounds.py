"""The sound networks of the profile avbench on real clips, against the evaluator's own sequence of decodes and passes.

    python benchmarks/avbench_sounds.py FILE... [--clips N] [--jobs J]

av-benchmark reads every file once for each network, prepares it there, and sends recordings through one by one and
generated sounds in batches of 64, on all threads of one process. The harness decodes each file once for all networks
and works in J processes of one thread. Both get the same drawn weights; networks are VGGish, Cnn14 and PaSST, those
whose original code can be had as a package (see `extractors.py` for what to install). ImageBind and Synchformer, which
take most of the profile's time on a processor, are the same arithmetic on both sides and are left out.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

import extractors as originals
from vsseval import plugins
from vsseval.engines.listed import run_all
from vsseval.engines.local import Local
from vsseval.media import load_audio, sha256, write_wav
from vsseval.stages.extract_job import ExtractJob, extract_units
from vsseval.stages.inputs import FeatureSource
from vsseval.store.features import FeatureStore
from vsseval.types import Medium
from vsseval.weights import pins, verify

NETWORKS = {"vggish": originals.vggish, "panns": originals.panns, "passt": originals.passt}
SECONDS, RATE, BATCH = 8, originals.RATE, 64


def prepared(files: list[Path], count: int, folder: Path) -> list[Path]:
    """Write `count` stereo clips of eight seconds: the files in turn, each time a little quieter."""
    made = []
    for number, file in enumerate(islice(cycle(files), count)):
        sound = load_audio(file).mono(RATE)
        sound = np.resize(sound, SECONDS * RATE) * 0.99 ** (number // len(files))
        made.append(folder / f"{number:03d}.wav")
        write_wav(made[-1], np.stack([sound, sound]), RATE)
    return made


def theirs(pairs: dict[str, originals.Pair], clips: list[Path], batch: int) -> dict[str, np.ndarray]:
    found = {}
    for name, pair in pairs.items():
        parts = []
        with torch.inference_mode():
            for start in range(0, len(clips), batch):
                decoded = [load_audio(path).samples for path in clips[start : start + batch]]
                parts.append(pair.theirs(decoded))
        found[name] = torch.cat(parts).numpy()
    return found


def ours(clips: list[Path], store: FeatureStore, jobs: int) -> None:
    origins = [FeatureSource("audio", medium.key, medium) for medium in (Medium(path, sha256(path)) for path in clips)]
    with Local(jobs) as engine:
        faults = run_all(
            engine, extract_units([ExtractJob(origin, tuple(NETWORKS)) for origin in origins], store.root, "cpu")
        )
    assert not faults, faults[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.jobs)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["VSSEVAL_WEIGHTS"] = str(folder / "weights")
        pairs = {}
        for name, make in NETWORKS.items():
            (folder / "weights" / name).mkdir(parents=True)
            pairs[name] = make(folder / "weights" / name)
            (made,) = (folder / "weights" / name).iterdir()
            file = made.with_name(pins.pinned()[name].files[0].name)
            os.link(made, file)  # the original's side keeps its own name
            verify.write_weights_record(
                file.parent, verify.WeightsRecord(files={file.name: verify.hash_file(file)}, pinned=False)
            )
        clips = prepared(asked.files, asked.clips, folder)
        begun = time.perf_counter()
        ours(clips, FeatureStore(folder / "store"), asked.jobs)
        own = time.perf_counter() - begun
        begun = time.perf_counter()
        wanted = theirs(pairs, clips, BATCH)
        batched, begun = time.perf_counter() - begun, time.perf_counter()
        theirs(pairs, clips, 1)
        alone = time.perf_counter() - begun
        for name, pair in pairs.items():
            off = difference(name, pair.feature, wanted[name], clips, FeatureStore(folder / "store"))
            print(f"{name}: greatest difference {off:.1e} of the largest value")
        print(f"{asked.clips} clips of {SECONDS} s, {asked.jobs} jobs, load {os.getloadavg()[0]:.1f}")
        print(f"ours {own:.1f} s; evaluator, as recordings {alone:.1f} s, as generated sounds {batched:.1f} s")
        print(
            f"ratio {alone / own:.2f} (recordings), {batched / own:.2f} (generated), {(alone + batched) / 2 / own:.2f}"
        )


def difference(name: str, feature: str, wanted: np.ndarray, clips: list[Path], store: FeatureStore) -> float:
    spec = plugins.load("extractors", name)().spec
    found = [store.read(spec, sha256(path)) for path in clips]
    features = np.concatenate([np.atleast_2d(arrays[feature]) for arrays in found if arrays is not None])
    return float(np.abs(features - wanted).max() / np.abs(wanted).max())


if __name__ == "__main__":
    main()
