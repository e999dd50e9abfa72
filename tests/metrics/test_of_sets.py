"""Divergences, inception scores, kernel distances and FAD-inf: what must hold for any input."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from support import build_plugins, goldens
from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.metrics import fad_infinity, inception, kernel, kl
from vsseval.metrics.discrepancy import discrepancy, kernel_sums, median_distance
from vsseval.metrics.gaussians import frechet_distance, frechet_of_vectors, gaussian, moments

SEEDS = st.integers(0, 999)


def cloud(seed, count, width, shift=0.0, scale=1.0):
    return (np.random.default_rng(seed).standard_normal((count, width)) * scale + shift).astype(np.float32)


@given(seed=SEEDS, n=st.integers(2, 30), m=st.integers(2, 30), width=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_both_ways_to_a_frechet_distance_agree(seed, n, m, width):
    x, y = cloud(seed, n, width), cloud(seed + 1, m, width, 0.3)
    straight = frechet_of_vectors(x, y)
    by_sums = frechet_distance(*gaussian(moments(x)), *gaussian(moments(y)))
    assert straight == pytest.approx(by_sums, rel=1e-6, abs=1e-5)
    assert straight == pytest.approx(frechet_of_vectors(y, x), rel=1e-9, abs=1e-9)
    assert straight == pytest.approx(frechet_of_vectors(x[::-1], y[::-1]), rel=1e-9, abs=1e-9)
    assert straight >= 0
    assert frechet_of_vectors(x, x) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        plugins.load("metrics", "fd_panns@avbench"),
        plugins.load("metrics", "fd_passt@avbench"),
        plugins.load("metrics", "fd_panns@audioldm"),
    ],
)
def test_wide_distances_keep_rows_and_add_up(make):
    metric = make()
    assert metric.kind == "summed_rows"
    clips = [
        metric.rows({"embedding": a}, {"embedding": b}) for a, b in zip(cloud(0, 40, 8), cloud(1, 40, 8), strict=True)
    ]
    rows = {side: np.concatenate([clip[side] for clip in clips]) for side in clips[0]}
    total = metric.sums(rows)
    halves = [metric.sums({side: value[part] for side, value in rows.items()}) for part in (slice(17), slice(17, 40))]
    added = {name: halves[0][name] + halves[1][name] for name in total}
    assert metric.value(added) == pytest.approx(metric.value_of_rows(rows), rel=1e-9)


def test_patches_are_pooled_and_a_sound_without_any_says_so():
    metric = build_plugins.build_metric("fd_vggish@avbench")
    assert metric.kind == "sums"
    x, y = cloud(0, 12, 4), cloud(1, 10, 4)
    sums = metric.sums({"patches": x}, {"patches": y})
    assert metric.value(sums) == pytest.approx(frechet_of_vectors(x, y), rel=1e-9)
    with pytest.raises(Unmeasurable, match="generated sound is too short"):
        metric.sums({"patches": x[:0]}, {"patches": y})
    with pytest.raises(Unmeasurable, match="two vectors"):
        metric.value(metric.sums({"patches": x[:1]}, {"patches": y}))


@given(seed=SEEDS, classes=st.integers(2, 30), scale=st.floats(0.1, 50))
@settings(max_examples=60, deadline=None)
def test_divergence_is_zero_of_itself_never_negative_and_has_a_direction(seed, classes, scale):
    p, q = cloud(seed, 2, classes, scale=scale)
    assert kl.divergence(p, p) == 0
    assert kl.divergence(p, q) >= 0
    assert kl.divergence(p + 7, q - 3) == pytest.approx(kl.divergence(p, q), rel=1e-4, abs=1e-5)
    assert kl.divergence(p, q, 1e-6) <= kl.divergence(p, q)


def test_recipes_differ_in_direction_and_in_what_they_add():
    heard, there = ({"logits": cloud(seed, 1, 20, scale=4)[0]} for seed in (1, 2))
    plain, added, reverse = (
        make().score(heard, there).value
        for make in (
            plugins.load("metrics", "kl_panns@avbench"),
            plugins.load("metrics", "kl_panns@audioldm"),
            plugins.load("metrics", "kl_passt@stableaudio"),
        )
    )
    p, q = (np.exp(kl.log_softmax(side["logits"])) for side in (there, heard))
    assert plain == pytest.approx(float((p * np.log(p / q)).sum()), rel=1e-9)
    assert added == pytest.approx(float((p * np.log(p / (q + 1e-6))).sum()), rel=1e-9)
    assert reverse == pytest.approx(float((q * np.log(q / (p + 1e-6))).sum()), rel=1e-9)
    assert build_plugins.build_metric("kl_passt@avbench").kind == "per_clip"


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_added_recipes_are_those_of_torch(seed):
    """audioldm_eval, stable-audio-metrics and Verse-Bench call `kl_div`, with 1e-6 added to one of the two."""
    heard, there = (torch.from_numpy(x) for x in cloud(seed, 2, 527, scale=6))

    def original(prediction, target):
        return float(
            torch.nn.functional.kl_div((prediction.softmax(0) + 1e-6).log(), target.softmax(0), reduction="sum")
        )

    sides = {"generated": {"logits": heard.numpy()}, "reference": {"logits": there.numpy()}}
    assert build_plugins.build_metric("kl_panns@audioldm").score(**sides).value == pytest.approx(
        original(heard, there), rel=1e-5
    )
    assert build_plugins.build_metric("kl_passt@stableaudio").score(**sides).value == pytest.approx(
        original(there, heard), rel=1e-5
    )
    assert build_plugins.build_metric("kl_passt@verse-bench").score(**sides).value == pytest.approx(
        original(heard, there), rel=1e-5
    )


@pytest.mark.parametrize("bad", [np.full(20, np.nan), np.full(20, np.inf), np.zeros(19), np.zeros(0)])
def test_logits_that_are_none(bad):
    with pytest.raises(Unmeasurable):
        build_plugins.build_metric("kl_panns@avbench").score(
            {"logits": bad.astype(np.float32)}, {"logits": np.zeros(20, np.float32)}
        )
    with pytest.raises(Unmeasurable):
        kl.divergence(bad, np.zeros(20))


@given(seed=SEEDS, clips=st.integers(10, 60), classes=st.integers(2, 12), scale=st.floats(0, 8))
@settings(max_examples=60, deadline=None)
def test_inception_score_lies_between_one_and_the_classes(seed, clips, classes, scale):
    logits = cloud(seed, clips, classes, scale=scale)
    mean, deviation = inception.inception_score(logits)
    assert 1 - 1e-9 <= mean <= classes + 1e-9
    assert deviation >= 0
    assert inception.inception_score(np.repeat(logits[:1], clips, axis=0))[0] == pytest.approx(1)


@pytest.mark.parametrize("case", json.loads(goldens.file("metrics/is_mova.json").read_text())["cases"])
def test_the_inception_score_of_all_clips_at_once_is_movas(case):
    rng = np.random.RandomState(40 + case["clips"])
    logits = (rng.standard_normal((case["clips"], case["classes"])) * 3 - 2).astype(np.float32)
    metric = build_plugins.build_metric("is_panns@mova")
    assert metric.value({"logits": logits}) == pytest.approx(case["value"], rel=1e-4)
    if case["clips"] > 1:
        without = metric.without({"logits": logits}, {"logits": np.arange(len(logits))})
        assert without({0}) == pytest.approx(metric.value({"logits": logits[1:]}))


def test_inception_score_without_groups_keeps_the_splits():
    metric = build_plugins.build_metric("is_panns@avbench")
    assert metric.kind == "grouped_rows"
    rows = {"logits": np.concatenate([metric.rows({"logits": x})["logits"] for x in cloud(0, 200, 20, scale=2)])}
    value = metric.without(rows, {"logits": np.arange(200) % 20})
    assert value(()) == pytest.approx(metric.value(rows), rel=1e-12)
    assert value((3,)) != value(())
    with pytest.raises(Unmeasurable, match="at least 10 clips, there are 9"):
        metric.value({"logits": rows["logits"][:9]})
    with pytest.raises(Unmeasurable, match="no clips left"):
        metric.without({"logits": rows["logits"][:10]}, {"logits": np.arange(10)})((3,))


KERNELS = [
    plugins.load("metrics", "kid_panns@avbench"),
    plugins.load("metrics", "kid_passt@avbench"),
    plugins.load("metrics", "kad_panns@kadtk"),
    plugins.load("metrics", "kad_panns@kadtk-fixed"),
]


@pytest.mark.parametrize("make", KERNELS)
def test_kernel_distances_see_a_shift_and_leave_groups_out(make):
    metric = make()
    assert metric.kind == "grouped_rows"
    x, y = cloud(0, 80, 6), cloud(1, 80, 6)
    same, apart = (metric.value({"generated": x + shift, "reference": y}) for shift in (0, 1))
    assert abs(same) < apart / 5
    groups = {side: np.arange(80) % 8 for side in ("generated", "reference")}
    value = metric.without({"generated": x, "reference": y}, groups)
    assert value(()) == pytest.approx(same, rel=1e-9)
    assert value((2, 5)) != value(())
    with pytest.raises(Unmeasurable, match="two clips"):
        metric.value({"generated": x[:1], "reference": y})


def test_subsets_that_stay_are_not_taken_for_error():
    metric = kernel.KernelInceptionDistance(plugins.metric_spec("kid_panns@avbench"), subsets=20, size=60)
    rows, group = {"generated": cloud(0, 400, 8, scale=1.1), "reference": cloud(1, 400, 8)}, np.arange(400) % 20
    value = metric.without(rows, {"generated": group, "reference": group})
    kept = [value((left,)) for left in range(20)]
    anew = [metric.value({side: x[group != left] for side, x in rows.items()}) for left in range(20)]
    assert np.std(kept) < np.std(anew) / 1.5


@given(seed=SEEDS, n=st.integers(2, 40), m=st.integers(2, 40))
@settings(max_examples=40, deadline=None)
def test_discrepancy_is_the_textbook_one_with_and_without_groups(seed, n, m):
    x, y = cloud(seed, n, 3).astype(float), cloud(seed + 1, m, 3).astype(float)
    product = lambda a, b: (a @ b.T + 1) ** 2
    groups = np.arange(max(n, m)) % 3
    sums = kernel_sums(x, y, groups[:n], groups[:m], product)

    def direct(a, b):
        off = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
        return off(product(a, a)) + off(product(b, b)) - 2 * product(a, b).mean()

    assert discrepancy(sums) == pytest.approx(direct(x, y), rel=1e-8, abs=1e-8)
    left = x[groups[:n] != 1], y[groups[:m] != 1]
    if min(map(len, left)) >= 2:
        assert discrepancy(sums, (1,)) == pytest.approx(direct(*left), rel=1e-8, abs=1e-8)


@given(seed=SEEDS, n=st.integers(2, 60), width=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_median_distance_is_exact_and_the_lower_of_two(seed, n, width):
    x = cloud(seed, n, width).astype(float)
    distances = sorted(float(np.linalg.norm(a - b)) for i, a in enumerate(x) for b in x[:i])
    assert median_distance(x) == pytest.approx(distances[(len(distances) - 1) // 2], rel=1e-6)


def test_equal_embeddings_have_no_bandwidth():
    x = np.ones((9, 4), np.float32)
    with pytest.raises(Unmeasurable, match="median distance of zero"):
        build_plugins.build_metric("kad_passt@kadtk").value({"generated": x, "reference": x})


def test_bandwidth_of_either_side_gives_two_values():
    sides = {"generated": cloud(0, 50, 4, scale=3), "reference": cloud(1, 50, 4)}
    assert build_plugins.build_metric("kad_passt@kadtk").value(sides) != pytest.approx(
        build_plugins.build_metric("kad_passt@kadtk-fixed").value(sides), rel=0.05
    )


def test_fad_inf_is_free_of_the_bias_of_few_vectors():
    metric = fad_infinity.FrechetInfinity(
        plugins.metric_spec("fad_inf_vggish@fadtk-seeded"), array="patches", steps=15, smallest=60
    )
    rows = {"generated": cloud(0, 900, 16, 0.2), "reference": cloud(1, 20_000, 16)}
    value = metric.value(rows)
    truth = 16 * 0.2**2
    assert abs(value - truth) < abs(frechet_of_vectors(rows["generated"][:200], rows["reference"]) - truth) / 2
    assert metric.value(rows) == value
    groups = {"generated": np.arange(900) % 9, "reference": np.arange(20_000) % 9}
    assert metric.without(rows, groups)((4,)) == pytest.approx(value, abs=0.1)
    with pytest.raises(Unmeasurable, match="at least 120"):
        metric.value({**rows, "generated": rows["generated"][:100]})
    assert build_plugins.build_metric("fad_inf_vggish@fadtk-seeded").kind == "grouped_rows"


def test_a_line_in_1_over_n_is_extrapolated_exactly():
    sizes = np.array([500, 700, 900])
    assert fad_infinity.extrapolated(sizes, 2 + 30 / sizes) == pytest.approx(2)


@pytest.mark.parametrize("bad", [np.zeros(4), np.full(4, np.nan), np.ones(5)])
def test_ib_score_is_a_cosine(bad):
    metric, a = build_plugins.build_metric("ib_score@avbench"), {"embedding": np.array([3.0, 0, 4, 0], np.float32)}
    assert metric.kind == "per_clip"
    assert metric.score(a, {"embedding": 2 * a["embedding"]}).value == pytest.approx(1)
    assert metric.score(a, {"embedding": -a["embedding"]}).value == pytest.approx(-1)
    assert metric.spec.scale == 100
    with pytest.raises(Unmeasurable):
        metric.score(a, {"embedding": bad.astype(np.float32)})
