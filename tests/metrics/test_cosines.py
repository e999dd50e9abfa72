"""The two metrics that are a cosine: caption against sound, voice against prompt."""

import numpy as np
import pytest

from support import build_plugins
from vsseval import plugins
from vsseval.errors import Unmeasurable

SPEAKERS = [plugins.load("metrics", name) for name in plugins.names("metrics") if name.startswith("spk_sim@")]


@pytest.mark.parametrize("make", [plugins.load("metrics", "clap_score@mini"), *SPEAKERS])
def test_cosine_of_unit_vectors(make):
    metric = make()
    first, second = metric.spec.inputs
    a, b = np.array([0.6, 0.8], np.float32), np.array([0.8, -0.6], np.float32)
    assert metric.kind == "per_clip"
    assert metric.spec.direction == "higher"
    assert metric.score(**{first: {"embedding": a}, second: {"embedding": a}}).value == pytest.approx(1)
    assert metric.score(**{first: {"embedding": a}, second: {"embedding": b}}).value == pytest.approx(0, abs=1e-6)
    assert metric.score(**{first: {"embedding": a}, second: {"embedding": -a}}).value == pytest.approx(-1)


def test_the_prompt_is_what_speakers_are_compared_with():
    spec = build_plugins.build_metric("spk_sim@ge2e").spec
    assert spec.inputs["prompt"].of == "speaker"
    assert "against the prompt" in spec.description


def test_the_encoder_and_whom_it_is_compared_with_stand_in_the_declaration():
    roles = {make().spec.id: {f"{f.extractor} {f.of}" for f in make().spec.inputs.values()} for make in SPEAKERS}
    assert roles == {
        "spk_sim@ge2e": {"ge2e audio", "ge2e speaker"},
        "spk_sim@vssflow": {"rawnet3 audio", "rawnet3 reference"},
        "spk_sim@seedtts": {"wavlm_ecapa audio", "wavlm_ecapa speaker"},
        "spk_sim@ecapa-prompt": {"ecapa audio", "ecapa speaker"},
        "spk_sim@ecapa-reference": {"ecapa audio", "ecapa reference"},
        "spk_sim@wavlm-sv": {"wavlm_base_plus_sv audio", "wavlm_base_plus_sv speaker"},
        "spk_sim@deepaudio": {"wavlm_base_sv audio", "wavlm_base_sv reference"},
        "spk_sim@deepaudio-asreported": {"wavlm_base_sv audio", "wavlm_base_sv reference"},
    }
    assert all(("prompt" in make().spec.description) == ("prompt" in make().spec.inputs) for make in SPEAKERS)


def test_embeddings_of_any_length_and_negative_cosines():
    metric = build_plugins.build_metric("spk_sim@vssflow")
    a, b = np.array([3.0, 4.0], np.float32), np.array([-8.0, 0.0], np.float32)
    assert metric.score({"embedding": a}, reference={"embedding": b}).value == pytest.approx(-0.6)
    assert metric.score({"embedding": 1e-20 * a}, reference={"embedding": 1e15 * a}).value == pytest.approx(1)
    with pytest.raises(Unmeasurable, match="zero"):
        metric.score({"embedding": a}, reference={"embedding": 0 * b})


def test_what_the_original_script_drops_is_dropped_under_its_own_name_only():
    a, b = {"embedding": np.array([1.0, 0.0])}, {"embedding": np.array([-1.0, 0.1])}
    kept, reported = (
        build_plugins.build_metric("spk_sim@deepaudio"),
        build_plugins.build_metric("spk_sim@deepaudio-asreported"),
    )
    assert kept.score(a, reference=b).weight == 1
    assert kept.score(a, reference=b).value == reported.score(a, reference=b).value < 0
    assert reported.score(a, reference=b).weight == 0
    assert reported.score(a, reference={"embedding": np.array([1.0, 0.1])}).weight == 1
