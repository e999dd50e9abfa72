"""What the networks of sound tell apart on your own recordings: kinds of sound, noise, lost bands, other sounds.

python benchmarks/sound_quality.py FOLDER [SECONDS]

FOLDER holds a folder for each kind of sound (dog, rain, ...), with sounds or videos in it. Prints how many recordings
have one of their kind as nearest neighbour, and Fréchet distances as multiples of that between halves of them:
to the same with noise, to the same without what lies above 2 kHz, and between disjoint kinds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.signal import butter, sosfiltfilt

from vsseval.extractors.aisfx import Aisfx
from vsseval.extractors.base import Extractor
from vsseval.extractors.logmel import LogMel
from vsseval.media import Audio, load_audio
from vsseval.metrics.gaussians import frechet_of_vectors

if TYPE_CHECKING:
    from collections.abc import Callable

RATE, SPLITS = 16_000, 20
EXTRACTORS: dict[str, tuple[Extractor, str]] = {"logmel": (LogMel(), "patches"), "aisfx": (Aisfx(), "windows")}
"""Each with the name of its vectors of parts of a sound."""


class Clip(NamedTuple):
    """A recording: its kind, and its vectors as it is and with each fault."""

    kind: str
    vectors: dict[str, np.ndarray]


def faults() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return what recordings are made worse by; "" leaves them as they are."""
    rng = np.random.default_rng(0)
    low = butter(8, 2_000, fs=RATE, output="sos")

    def noise(decibels: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda x: x + rng.standard_normal(x.size) * x.std() * 10 ** (-decibels / 20)

    return {"": lambda x: x, "20 dB": noise(20), "0 dB": noise(0), "2 kHz": lambda x: sosfiltfilt(low, x)}


def nearest(clips: list[Clip]) -> tuple[int, int]:
    """Return for how many recordings the nearest other one is of their kind, and of how many that is asked.

    Near is by the cosine, after the mean of all recordings is taken off: what all share says nothing of any.
    """
    means = np.stack([clip.vectors[""].mean(axis=0) for clip in clips])
    means = means - means.mean(axis=0)
    means /= np.linalg.norm(means, axis=1, keepdims=True).clip(1e-9)
    near = means @ means.T
    np.fill_diagonal(near, -np.inf)
    kinds = [clip.kind for clip in clips]
    asked = [place for place, kind in enumerate(kinds) if kinds.count(kind) > 1]
    return sum(kinds[int(near[place].argmax())] == kinds[place] for place in asked), len(asked)


def distances(clips: list[Clip]) -> dict[str, float]:
    """Return the Fréchet distance of each fault, and of other kinds, over that of random halves."""
    rng = np.random.default_rng(1)
    kinds = sorted({clip.kind for clip in clips})

    def together(chosen: list[Clip], fault: str = "") -> np.ndarray:
        return np.concatenate([clip.vectors[fault] for clip in chosen])

    def parted(one: set[int]) -> float:
        sides = ([clip for k, clip in enumerate(clips) if (k in one) == side] for side in (True, False))
        return frechet_of_vectors(*(together(side) for side in sides))

    halves, others = [], []
    for _ in range(SPLITS):
        halves.append(parted({*map(int, rng.permutation(len(clips))[::2])}))
        half = {kinds[place] for place in rng.permutation(len(kinds))[::2]}
        others.append(parted({k for k, clip in enumerate(clips) if clip.kind in half}))
    unit = float(np.mean(halves))
    found = {fault: frechet_of_vectors(together(clips, fault), together(clips)) / unit for fault in faults() if fault}
    return {**found, "other kinds": float(np.mean(others)) / unit}


def main(folder: Path, seconds: float) -> None:
    """Print both for every extractor."""
    sounds = [
        (path.parent.name, Audio(load_audio(path, seconds=seconds).mono(RATE), RATE))
        for path in sorted(folder.glob("*/*"))
    ]
    for name, (extractor, array) in EXTRACTORS.items():
        clips = [
            Clip(
                kind,
                {
                    fault: extractor.extract(Audio(made(sound.samples[0]), RATE))[array]
                    for fault, made in faults().items()
                },
            )
            for kind, sound in sounds
        ]
        right, asked = nearest(clips)
        print(f"{name}: nearest neighbour of its kind {right} of {asked}; Fréchet distances over that of halves:")
        print("  " + ", ".join(f"{what} {value:.2f}" for what, value in distances(clips).items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 10.0)
