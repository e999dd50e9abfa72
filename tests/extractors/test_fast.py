"""`--fast`: which networks compute in bfloat16, how far from their originals, and that the two are told apart."""

import numpy as np
import pytest
import torch

from support.fake_plugin import spec
from support.seeded_metric_weights import GOLDEN, KAIMING, error, golden, listed, put
from vsseval.border.extractors import build_extractor
from vsseval.extractors.base import computed_fast
from vsseval.extractors.network import Parts
from vsseval.extractors.passt import PaSSTClip
from vsseval.extractors.synchformer import SynchformerTokens
from vsseval.extractors.synchformer_sync import SynchformerSync
from vsseval.extractors.vggish import VGGish
from vsseval.records import FAST
from vsseval.stages.run import run
from vsseval.store.features import FeatureStore
from vsseval.store.record import load_run
from vsseval.weights.find import Weights


def test_vggish_in_half_precision_is_near_its_original_and_not_equal(tmp_path):
    arrays, _ = golden("vggish_a")
    extractor = VGGish(put(tmp_path, "vggish", listed("vggish", KAIMING)))
    extractor.compute_fast()
    (found,) = extractor._outputs([Parts(torch.from_numpy(arrays["patches8"]))])
    assert found["patches"].dtype == np.float32
    assert 1e-4 < error(found["patches"], arrays["emb8"]) < 2e-2
    assert {weight.dtype for weight in extractor.network.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (VGGish, {}),
        (SynchformerTokens, {"name": "synchformer", "clock": "first picture"}),
        (SynchformerSync, {"name": "synchformer_sync", "tokens": "synchformer"}),
    ],
)
def test_what_is_computed_fast_is_another_feature(kind, parameters, tmp_path):
    exact, fast = (kind(Weights("w", GOLDEN, ("none.pth",), "0" * 64), **parameters) for _ in range(2))
    fast.compute_fast()
    assert fast.spec == computed_fast(exact.spec)
    store = FeatureStore(tmp_path)
    assert store.folder(fast.spec).name == f"{store.folder(exact.spec).name}-cpu-{FAST}"
    store.write(exact.spec, "ab" * 32, {"patches": np.zeros(3)})
    assert not store.has(fast.spec, "ab" * 32)


def test_networks_that_gain_nothing_stay_as_they_are():
    extractor = PaSSTClip(Weights("passt", GOLDEN, ("none.pth",), "0" * 64))
    extractor.compute_fast()
    assert extractor.spec.precision == "float32"
    assert build_extractor("ge2e", "cpu+bfloat16").spec == build_extractor("ge2e").spec


def quick(extractor):
    extractor.spec = computed_fast(extractor.spec)


def test_a_fast_run_is_signed_so_and_the_same_run_is_measured_anew_without_it(clips, tmp_path, site, monkeypatch):
    import vsseval_fakes

    monkeypatch.setattr(vsseval_fakes.Level, "compute_fast", quick, raising=False)
    signatures = {}
    for fast in (True, False):
        (record,) = run([spec(clips, tmp_path, metrics=("fd@fake", "level@fake"), fast=fast)])
        loaded = load_run(tmp_path / "runs" / record.id)
        signatures[fast] = next(cell.signature for cell in loaded.aggregates if cell.metric == "fd@fake")
    assert len([*(tmp_path / "runs").glob("*-*")]) == 1, "the sounds are the same"
    assert f"-{FAST}|" in signatures[True]
    assert FAST not in signatures[False]
