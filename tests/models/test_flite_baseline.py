"""One real system whole, in the quick tests: flite needs no package, so any Python is its environment."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from vsseval import plugins
from vsseval.benchmarks.mini import mini_vtts
from vsseval.models.base import ModelOptions
from vsseval.models.baseline import installed
from vsseval.types import Request

pytestmark = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not here: apt-get install flite")


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_BASELINES", str(tmp_path))
    installed.write_environment("flite", installed.InstalledEnvironment(python=sys.executable))


def asked(sample, **more):
    fields = {"transcript": sample.transcript, "speech_window": sample.speech_window, **more}
    return Request(id=sample.id, seed=3, duration=sample.duration, **fields)


def test_a_voice_says_clips_in_their_windows_the_same_each_time():
    samples = [sample for sample in mini_vtts().samples() if sample.speech_window][:2]
    made = [list(plugins.load("models", "flite")(ModelOptions()).generate(map(asked, samples))) for _ in range(2)]
    for sample, one, other in zip(samples, *made, strict=True):
        assert one.error is None
        assert np.array_equal(one.samples, other.samples)
        assert one.samples.size == round(sample.duration * one.sample_rate)
        loud = np.flatnonzero(np.abs(one.samples) > 0.02) / one.sample_rate
        start, end = sample.speech_window
        assert loud[0] == pytest.approx(start, abs=0.05)
        assert loud[-1] == pytest.approx(end, abs=0.15)


def test_variants_are_other_voices_and_nothing_to_say_is_a_reason():
    sample = mini_vtts().samples()[0]
    (slt,), (rms,) = (
        list(plugins.load("models", "flite")(ModelOptions(voice)).generate([asked(sample)])) for voice in (None, "rms")
    )
    assert not np.array_equal(slt.samples, rms.samples)
    (dumb,) = plugins.load("models", "flite")(ModelOptions()).generate([asked(sample, transcript="...")])
    assert dumb.samples is None
    assert dumb.error
