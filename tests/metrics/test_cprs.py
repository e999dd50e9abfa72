"""The response of pairs of clips against PhyAVBench's numbers."""

import json

import numpy as np
import pytest

from support import build_plugins, goldens
from vsseval.errors import Unmeasurable
from vsseval.stages.inputs import text_inputs, why_not_applicable
from vsseval.types import Medium, Sample

CASES = json.loads(goldens.file("metrics/cprs.json").read_text(encoding="utf-8"))["cases"]


@pytest.fixture(scope="module", params=["cprs_clap@phyavbench", "cprs_imagebind@phyavbench"])
def metric(request):
    return build_plugins.build_metric(request.param)


def joined(metric, clips):
    """The rows of clips `(id, generated, recorded)`, as scoring joins them."""
    found = [metric.rows({"embedding": made}, {"embedding": real}, clip) for clip, made, real in sorted(clips)]
    return {name: np.concatenate([rows[name] for rows in found]) for name in found[0]}


def clips(seed, pairs, width, noise):
    draw = np.random.RandomState(seed)
    before, after = draw.standard_normal((2, pairs, width))
    made = [before + noise * draw.standard_normal((pairs, width)), after + noise * draw.standard_normal((pairs, width))]
    if seed == 3:
        made[1][0] = made[0][0]  # the first pair does not change at all
    return [
        (f"p{place}_{side}", made[second][place].astype(np.float64), (before, after)[second][place])
        for place in range(pairs)
        for second, side in enumerate("ab")
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["pairs"]))
def test_values_are_the_originals(metric, case):
    found = metric.value(joined(metric, clips(case["seed"], case["pairs"], case["width"], case["noise"])))
    assert found == pytest.approx(case["value"], abs=1e-6)


def test_the_recordings_themselves_are_right_and_what_does_not_change_is_not(metric):
    same = [(clip, real, real) for clip, _, real in clips(1, 6, 16, 1.0)]
    assert metric.value(joined(metric, same)) == pytest.approx(1)
    still = [(clip, np.ones(16), real) for clip, _, real in same]
    assert metric.value(joined(metric, still)) == pytest.approx((0.5 + np.exp(-5)) / 2)
    turned = [(clip[:-1] + "ba"["ab".index(clip[-1])], real, recorded) for clip, real, recorded in same]
    swapped = {clip: made for clip, made, _ in turned}
    assert metric.value(joined(metric, [(clip, swapped[clip], real) for clip, _, real in same])) < 0.01


def test_a_clip_without_its_partner_does_not_count(metric):
    whole = clips(2, 4, 8, 0.2)
    alone = [clip for clip in whole if clip[0] not in {"p1_b", "p2_a"}]
    rest = [clip for clip in whole if clip[0][:2] not in {"p1", "p2"}]
    assert metric.value(joined(metric, alone)) == pytest.approx(metric.value(joined(metric, rest)))
    with pytest.raises(Unmeasurable, match="there is no pair of clips"):
        metric.value(joined(metric, [clip for clip in whole if clip[0].endswith("_a")]))


def test_ids_say_what_is_a_pair(metric):
    heard = Medium(path="x.wav", sha256="0" * 64)
    one, other = (Sample(id=name, cluster="g", duration=2.0, reference=heard) for name in ("g001_a", "dog"))
    assert why_not_applicable(metric.spec, one) is None
    assert text_inputs(metric.spec, one) == {"pair": "g001_a"}
    assert why_not_applicable(metric.spec, other) == "the clip has no partner (ids of a pair end in _a and _b)"
