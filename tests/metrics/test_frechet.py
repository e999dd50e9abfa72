"""The Fréchet distance equals the published code, is a distance, and its sums may be added in any order."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import build_plugins, goldens
from support.golden_arithmetic import made
from vsseval.errors import Unmeasurable
from vsseval.extractors.logmel import CENTRE
from vsseval.metrics.frechet import frechet_distance, gaussian, moments

ARRAYS = goldens.file("frechet.npz")
CASES = {case["name"]: case for case in json.loads(goldens.file("frechet.json").read_text())["cases"]}


def sides(name):
    case = CASES[name]
    if "generated" in case:
        return made(case["generated"]), made(case["reference"])
    with np.load(ARRAYS) as stored:
        return stored[f"{name}_generated"], stored[f"{name}_reference"]


def distance(x, y):
    return frechet_distance(*gaussian(moments(x)), *gaussian(moments(y)))


@pytest.mark.parametrize("name", CASES)
def test_equals_the_original(name):
    near_zero = 1e-4 if "identical" in name else 0.0
    assert distance(*sides(name)) == pytest.approx(CASES[name]["value"], rel=1e-6, abs=near_zero)


@given(seed=st.integers(0, 999), n=st.integers(2, 60), d=st.integers(1, 12), shift=st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_is_zero_on_the_diagonal_symmetric_and_never_negative(seed, n, d, shift):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), rng.standard_normal((n + 3, d)) + shift
    assert distance(x, x) == pytest.approx(0, abs=1e-6)
    assert distance(x, y) == pytest.approx(distance(y, x), rel=1e-7, abs=1e-6)
    assert distance(x, y) >= 0


def test_known_answer_of_a_shift():
    x = np.random.default_rng(0).standard_normal((500, 5))
    assert distance(x, x + np.array([3.0, 0, 0, 4.0, 0])) == pytest.approx(25.0)


def clips(number, patches=8):
    rng = np.random.default_rng(1)
    return [
        {
            "generated": {"patches": rng.standard_normal((patches, CENTRE.size)) * 1.3},
            "reference": {"patches": rng.standard_normal((patches, CENTRE.size))},
        }
        for _ in range(number)
    ]


def added(metric, some):
    total = {}
    for clip in some:
        for name, value in metric.sums(**clip).items():
            total[name] = total.get(name, 0) + value
    return total


def test_sums_add_up_to_the_whole_in_any_order():
    metric, some = build_plugins.build_metric("fad@logmel"), clips(12)
    whole = distance(*(np.concatenate([clip[side]["patches"] for clip in some]) for side in ("generated", "reference")))
    assert metric.kind == "sums"
    assert metric.value(added(metric, some)) == pytest.approx(whole, rel=1e-10)
    assert metric.value(added(metric, some[::-1])) == pytest.approx(whole, rel=1e-10)
    assert all(value.dtype == np.float64 for value in metric.sums(**some[0]).values())


def test_too_few_patches_say_so():
    metric = build_plugins.build_metric("fad@logmel")
    with pytest.raises(Unmeasurable, match=r"at least 49 patches.*generated sound has 48: score more clips"):
        metric.value(added(metric, clips(6)))


def test_one_vector_or_a_nan_is_no_number():
    with pytest.raises(Unmeasurable, match="two vectors"):
        gaussian(moments(np.zeros((1, 3))))
    with pytest.raises(Unmeasurable, match="NaN"):
        distance(np.full((4, 3), np.nan), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="dimensions"):
        frechet_distance(np.zeros(2), np.eye(2), np.zeros(3), np.eye(3))
