"""The two metrics that are a cosine: caption against sound, voice against prompt."""

import numpy as np
import pytest

from vsseval.metrics.base import SampleMetric
from vsseval.metrics.clap_score import clap_score_mini
from vsseval.metrics.speaker import spk_sim_ge2e


@pytest.mark.parametrize("make", [clap_score_mini, spk_sim_ge2e])
def test_cosine_of_unit_vectors(make):
    metric = make()
    first, second = metric.spec.inputs
    a, b = np.array([0.6, 0.8], np.float32), np.array([0.8, -0.6], np.float32)
    assert isinstance(metric, SampleMetric)
    assert metric.spec.direction == "higher"
    assert metric.score(**{first: {"embedding": a}, second: {"embedding": a}}).value == pytest.approx(1)
    assert metric.score(**{first: {"embedding": a}, second: {"embedding": b}}).value == pytest.approx(0, abs=1e-6)
    assert metric.score(**{first: {"embedding": a}, second: {"embedding": -a}}).value == pytest.approx(-1)


def test_the_prompt_is_what_speakers_are_compared_with():
    spec = spk_sim_ge2e().spec
    assert spec.inputs["prompt"].of == "speaker"
    assert "against the prompt" in spec.description
