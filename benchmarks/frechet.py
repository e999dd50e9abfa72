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
from typing import Any

import numpy as np
import scipy
from scipy.linalg import sqrtm

from vsseval.metrics.gaussians import frechet_distance, frechet_of_vectors, gaussian, moments


def vectors(seed: int, count: int, dimensions: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((dimensions, dimensions)) / np.sqrt(dimensions)
    scale = np.exp(-np.arange(dimensions) / (dimensions / 4)) + 0.05
    return np.maximum((rng.standard_normal((count, dimensions)) * scale) @ mix + 0.1, 0).astype(np.float32)


Vectors = tuple[np.ndarray, np.ndarray]
Gaussians = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def published_statistics(pair: Vectors) -> Gaussians:
    """In float64, so that the two forms differ by the root alone."""
    a, b = (x.astype(np.float64) for x in pair)
    return a.mean(axis=0), np.cov(a, rowvar=False), b.mean(axis=0), np.cov(b, rowvar=False)


def published_distance(gaussians: Gaussians) -> float:
    mean1, cov1, mean2, cov2 = gaussians
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = sqrtm(cov1 @ cov2)
    gap = mean1 - mean2
    return float(gap @ gap + np.trace(cov1) + np.trace(cov2) - 2 * np.trace(np.real(root)))


def statistics(pair: Vectors) -> Gaussians:
    return *gaussian(moments(pair[0])), *gaussian(moments(pair[1]))


def distance(gaussians: Gaussians) -> float:
    return frechet_distance(*gaussians)


def timed(step: Callable[[Any], Any], given: Any, repeats: int) -> tuple[Any, dict[str, float]]:
    """What a step makes, and its least wall and processor seconds."""
    made, least = None, {"seconds": np.inf, "processor_seconds": np.inf}
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        made = step(given)
        least["seconds"] = min(least["seconds"], time.perf_counter() - wall)
        least["processor_seconds"] = min(least["processor_seconds"], time.process_time() - processor)
    return made, least


def compared(pair: Vectors, repeats: int) -> dict[str, Any]:
    """Both forms on the same vectors; ours as the harness goes: by sums where rows are more than their columns."""
    gaussians, theirs_first = timed(published_statistics, pair, repeats)
    wanted, theirs = timed(published_distance, gaussians, repeats)
    if len(pair[0]) > pair[0].shape[1]:
        ours_given, first = timed(statistics, pair, repeats)
        found, last = timed(distance, ours_given, repeats)
    else:
        first = {"seconds": 0.0, "processor_seconds": 0.0}
        found, last = timed(lambda rows: frechet_of_vectors(*rows), pair, repeats)
    name = "processor_seconds"
    return {
        "sqrtm": {"statistics": theirs_first, "distance": theirs},
        "vsseval": {"statistics": first, "distance": last},
        "times_less_processor_time": (theirs_first[name] + theirs[name]) / (first[name] + last[name]),
        "of_the_distance_alone": theirs[name] / last[name],
        "relative_difference": abs(found - wanted) / abs(wanted),
    }


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
        figures.append({"dimensions": asked.dimensions, "clips": clips} | compared(pair, asked.repeats))
    found = {"threads": os.environ.get("OMP_NUM_THREADS", "all"), "scipy": scipy.__version__, "runs": figures}
    text = json.dumps(found, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
