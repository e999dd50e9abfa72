"""Time the Fréchet distance against the form that every published evaluator uses, side by side on the same vectors.

    python benchmarks/frechet.py [--dimensions D] [--clips N ...] [--repeats R] [--out FILE]

The other form is mean, covariance and `scipy.linalg.sqrtm` of the product of the covariances, as in pytorch-fid. The
vectors are made up: rectified and correlated. Best of the repeats, on the threads that OMP_NUM_THREADS allows; beside
other work processor seconds are the figure to read.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
from scipy.linalg import sqrtm

from vsseval.metrics.frechet import distance_of_sums, summed
from vsseval.metrics.gaussians import frechet_of_vectors


def vectors(seed: int, count: int, dimensions: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((dimensions, dimensions)) / np.sqrt(dimensions)
    scale = np.exp(-np.arange(dimensions) / (dimensions / 4)) + 0.05
    return np.maximum((rng.standard_normal((count, dimensions)) * scale) @ mix + 0.1, 0).astype(np.float32)


def published(x: np.ndarray, y: np.ndarray) -> float:
    """The same statistics in float64, so that the two differ by the root alone."""
    a, b = x.astype(np.float64), y.astype(np.float64)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = sqrtm(first @ second)
    gap = a.mean(axis=0) - b.mean(axis=0)
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * np.trace(np.real(root)))


def ours(x: np.ndarray, y: np.ndarray) -> float:
    """The way that the harness goes: by sums where rows are more than their columns, else straight."""
    if min(len(x), len(y)) > x.shape[1]:
        return distance_of_sums(summed(x, y))
    return frechet_of_vectors(x, y)


def timed(
    form: Callable[[np.ndarray, np.ndarray], float], pair: tuple[np.ndarray, np.ndarray], repeats: int
) -> dict[str, float]:
    """The value, and the least wall and processor seconds."""
    found = {"value": np.nan, "seconds": np.inf, "processor_seconds": np.inf}
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        found["value"] = form(*pair)
        found["seconds"] = min(found["seconds"], time.perf_counter() - wall)
        found["processor_seconds"] = min(found["processor_seconds"], time.process_time() - processor)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--clips", type=int, nargs="+", default=[4000, 1000])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    asked = parser.parse_args()
    figures = []
    for clips in asked.clips:
        pair = vectors(0, clips, asked.dimensions), vectors(1, clips, asked.dimensions)
        theirs, here = timed(published, pair, asked.repeats), timed(ours, pair, asked.repeats)
        figures.append(
            {
                "dimensions": asked.dimensions,
                "clips": clips,
                "sqrtm": theirs,
                "vsseval": here,
                "times_faster": theirs["seconds"] / here["seconds"],
                "times_less_processor_time": theirs["processor_seconds"] / here["processor_seconds"],
                "relative_difference": abs(here["value"] - theirs["value"]) / abs(theirs["value"]),
            }
        )
    found = {"threads": os.environ.get("OMP_NUM_THREADS", "all"), "scipy": scipy.__version__, "runs": figures}
    text = json.dumps(found, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
