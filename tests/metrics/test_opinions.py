"""The metrics that hand on what a network says of one clip, and the CLAP scores beside the small one."""

import numpy as np
import pytest

from support import build_plugins
from vsseval import plugins
from vsseval.types import Need

OPINIONS = {
    "mos@distillmos": ("distill_mos", "score"),
    "utmos@utmos22-strong": ("utmos", "score"),
    "mos@nisqa": ("nisqa", "mos"),
    "noisiness@nisqa": ("nisqa", "noisiness"),
    "coloration@nisqa": ("nisqa", "coloration"),
    "discontinuity@nisqa": ("nisqa", "discontinuity"),
    "loudness@nisqa": ("nisqa", "loudness"),
    "mos@nisqa-tts": ("nisqa_tts", "mos"),
    "dnsmos_ovrl@speechmos": ("dnsmos", "ovrl"),
    "dnsmos_sig@speechmos": ("dnsmos", "sig"),
    "dnsmos_bak@speechmos": ("dnsmos", "bak"),
    "dnsmos_p808@speechmos": ("dnsmos", "p808"),
    "aes_ce@audiobox": ("aesthetics", "ce"),
    "aes_cu@audiobox": ("aesthetics", "cu"),
    "aes_pc@audiobox": ("aesthetics", "pc"),
    "aes_pq@audiobox": ("aesthetics", "pq"),
}
CLAPS = {
    "clap_score@laion": "laion_clap",
    "clap_score@laion-630k": "laion_clap_630k",
    "clap_score@msclap-first7": "ms_clap",
    "clap_score@mini": "clap_mini",
}


@pytest.mark.parametrize("name", OPINIONS)
def test_opinions_are_handed_on(name):
    extractor, feature = OPINIONS[name]
    metric = plugins.load("metrics", name)()
    assert metric.kind == "per_clip"
    assert metric.spec.id == name
    ((key, wanted),) = metric.spec.inputs.items()
    assert (wanted.extractor, wanted.of) == (extractor, Need.AUDIO)
    said = {other: np.asarray(0.0, np.float32) for _, other in OPINIONS.values()}
    score = metric.score(**{key: said | {feature: np.asarray(3.25, np.float32)}})
    assert (score.value, score.weight) == (3.25, 1.0)
    assert "shuffled" not in metric.spec.expected_to_separate


@pytest.mark.parametrize("name", CLAPS)
def test_clap_scores_are_cosines_in_their_own_space(name):
    metric = plugins.load("metrics", name)()
    assert metric.spec.id == name
    assert {value.extractor for value in metric.spec.inputs.values()} == {CLAPS[name]}
    a, b = np.array([0.6, 0.8], np.float32), np.array([0.8, -0.6], np.float32)
    assert metric.score({"embedding": a}, {"embedding": a}).value == pytest.approx(1)
    assert metric.score({"embedding": a}, {"embedding": b}).value == pytest.approx(0, abs=1e-6)
    assert metric.score({"embedding": a}, {"embedding": -a}).value == pytest.approx(-1)


def test_javisbenchs_quality_is_the_mean_of_the_four_axes():
    axes = {"ce": 1, "cu": 2, "pc": 4, "pq": 9}
    said = {axis: np.asarray(value, np.float32) for axis, value in axes.items()}
    assert build_plugins.build_metric("aes_mean@javisbench").score(said).value == pytest.approx(4)


def test_complexity_says_that_nobody_agrees_on_it():
    spec = build_plugins.build_metric("aes_pc@audiobox").spec
    assert "disagree" in spec.description
    assert not spec.ranked
    assert build_plugins.build_metric("aes_ce@audiobox").spec.ranked
