"""Fréchet distances, divergences, inception scores and KID against what the original code gave, case by case."""

import json

import numpy as np
import pytest

from support import build_plugins
from support import golden_arithmetic as golden
from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.metrics.discrepancy import median_distance
from vsseval.metrics.frechet import (
    distance_of_sums,
    frechet_distance,
    summed,
)
from vsseval.metrics.gaussians import frechet_of_vectors
from vsseval.metrics.inception import inception_score
from vsseval.metrics.kernel import KernelInceptionDistance
from vsseval.metrics.kl import divergence

ACHIEVED = 1e-6


def _both(x, y):
    """The distance straight from vectors, and from their sums."""
    yield frechet_of_vectors(x, y)
    # Sums of huge vectors have no digits left for a covariance of low rank, and wide ones take seconds.
    if x.shape[1] < 1000 and np.abs(x).max() < 1e6:
        yield distance_of_sums(summed(x, y))


@pytest.mark.parametrize(("file", "case"), golden.cases("fd"), ids=golden.name)
def test_frechet_distance(file, case):
    (x, exact_x), (y, exact_y) = (
        golden.vectors(file, case, "generated", "gen"),
        golden.vectors(file, case, "ground_truth", "gt"),
    )
    reference = case.get("eig_float64_reference")
    if "raises" in case or not isinstance(reference, float):
        with pytest.raises(Unmeasurable):
            frechet_of_vectors(x, y)
        return
    # Where the original gave -1, or SciPy failed on one dimension, the float64 eigenvalues have a value.
    failed = golden.number(case["value"]) == -1
    near_zero = 1e-4 if "identical" in case["name"] else 0.0
    tolerance = 1e-6 if exact_x and exact_y else 1e-5
    for found in _both(x, y):
        assert found == pytest.approx(reference, rel=tolerance, abs=near_zero)
        if not failed:
            assert found == pytest.approx(case["value"], rel=tolerance, abs=near_zero)
        assert found >= 0


@pytest.mark.parametrize(("file", "case"), golden.cases("fd_direct"), ids=golden.name)
def test_frechet_distance_of_given_covariances(file, case):
    parts = [np.array(case[name], float) for name in ("mu1", "sigma1", "mu2", "sigma2")]
    if not isinstance(case["scipy_1_15_3"], float):
        pytest.skip("no covariance at all: not positive semidefinite")
    assert frechet_distance(*parts) == pytest.approx(case["scipy_1_15_3"], rel=1e-6, abs=1e-6)


def paired(case):
    """Whether every row has one on the other side, as every clip has here; the original broadcasts, or fails."""
    rows = [shape[0] for shape in case["shapes"]]
    return case["n_paired"] > 0 and len(set(rows)) == 1 and rows[0] > 0


PAIRED = [(file, case) for file, case in golden.cases("kl") if paired(case)]


@pytest.mark.parametrize(("file", "case"), PAIRED, ids=golden.name)
def test_divergence(file, case):
    there = golden.stored(file, f"kl_{case['name']}_gt")
    # Of several lists of clips the original scores the last alone; here there is one.
    heard = golden.stored(file, f"kl_{case['name']}_paired{case['n_paired'] - 1}")
    value = golden.number(case["value"]["kl_softmax"])
    if not np.isfinite(value):
        with pytest.raises(Unmeasurable):
            [divergence(p, q) for p, q in zip(there, heard, strict=True)]
        return
    found = np.mean([divergence(p, q) for p, q in zip(there, heard, strict=True)])
    assert found == pytest.approx(value, rel=ACHIEVED, abs=1e-9)


@pytest.mark.parametrize(("file", "case"), golden.cases("isc"), ids=golden.name)
def test_inception_score(file, case):
    options = case["args"]
    seed = options["rng_seed"] if options["samples_shuffle"] else None
    value = golden.number(case["value"]["inception_score_mean"])
    x = golden.logits(file, case)
    if not np.isfinite(value):
        with pytest.raises(Unmeasurable):
            inception_score(x, options["splits"], seed)
        return
    mean, deviation = inception_score(x, options["splits"], seed)
    assert mean == pytest.approx(value, rel=ACHIEVED)
    assert deviation == pytest.approx(golden.number(case["value"]["inception_score_std"]), rel=ACHIEVED, abs=1e-9)


@pytest.mark.parametrize(("file", "case"), golden.cases("kid"), ids=golden.name)
def test_kernel_inception_distance(file, case):
    options = case["args"]
    assert (options["degree"], options["coef0"], options["rng_seed"]) == (3, 1, 2020)
    metric = KernelInceptionDistance(
        plugins.metric_spec("kid_panns@avbench"), options["subsets"], options["subset_size"]
    )
    x, y = (golden.stored(file, f"kid_{case['name']}_{side}") for side in (1, 2))
    found = metric.value({"generated": x, "reference": y})
    # The original's kernels are float32 numbers of some hundreds.
    assert found == pytest.approx(case["value"]["kernel_inception_distance_mean"], abs=3e-5)


KAD = json.loads(golden.KAD.read_text())["cases"]


@pytest.mark.parametrize("case", KAD)
def test_kernel_audio_distance(case):
    """The original takes the bandwidth from its first set, whichever side that is."""
    first, second = (seeded(case[side]) for side in ("first", "second"))
    evaluated = build_plugins.build_metric("kad_passt@kadtk").value({"generated": first, "reference": second})
    documented = build_plugins.build_metric("kad_passt@kadtk-fixed").value({"generated": second, "reference": first})
    assert evaluated == pytest.approx(case["value"], rel=1e-4, abs=1e-4)
    assert documented == pytest.approx(evaluated, rel=1e-6)
    assert median_distance(first) == pytest.approx(case["bandwidth"], rel=1e-6)


def seeded(rule):
    drawn = np.random.RandomState(rule["seed"]).standard_normal((rule["n"], rule["d"]))
    return (drawn * rule["scale"] + rule["shift"]).astype(np.float32)


def test_bad_vectors_are_a_clips_reason_before_they_are_a_benchmarks():
    metric = build_plugins.build_metric("fd_panns@avbench")
    good = {"embedding": np.ones(8, np.float32)}
    with pytest.raises(Unmeasurable, match="9 and 8 numbers"):
        metric.rows({"embedding": np.ones(9, np.float32)}, good)
    with pytest.raises(Unmeasurable, match="NaN"):
        metric.rows({"embedding": np.full(8, np.inf, np.float32)}, good)
