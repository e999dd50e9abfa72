"""Sound as audioldm_eval's FAD loads it, by numbers of its own functions (resampy 0.4.3, torchvggish 0.2)."""

import numpy as np
import pytest

from support.seeded_metric_weights import GOLDEN, golden
from vsseval.errors import Unmeasurable
from vsseval.extractors.kaiser import kaiser_best
from vsseval.extractors.vggish import VGGish16Bit
from vsseval.media import Audio, load_audio
from vsseval.networks.vggish import patches
from vsseval.weights.find import Weights

ARRAYS, META = golden("resampy")
FILES = sorted(key.removesuffix(":length") for key in ARRAYS if key.endswith(":length"))
NOISE = sorted(key for key in ARRAYS if key.startswith("noise:"))


@pytest.mark.parametrize("key", NOISE)
def test_resampling_is_that_of_resampy(key):
    have, want = map(int, key.removeprefix("noise:").split("->"))
    found = kaiser_best(np.random.RandomState(0).standard_normal(4000), have, want)
    assert len(found) == int(4000 * want / have)
    np.testing.assert_allclose(found[:400], ARRAYS[key], rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", FILES)
def test_the_loading_rule_is_that_of_audioldm_evals_fad(name, tmp_path):
    extractor = VGGish16Bit(Weights("vggish", tmp_path, ("x.pth",), "0" * 64), "vggish_audioldm")
    found = extractor.samples(load_audio(GOLDEN / "audiofiles_a" / name))
    assert len(found) == ARRAYS[f"{name}:length"]
    for part, samples in (("first100", found[:100]), ("last100", found[-100:]), ("every97", found[::97])):
        np.testing.assert_allclose(samples, ARRAYS[f"{name}:{part}"], rtol=0, atol=1e-6)
    heard = patches(found)
    assert len(heard) == ARRAYS[f"{name}:patches"]
    np.testing.assert_allclose(heard[0, ::3], ARRAYS[f"{name}:first_patch_every3"], rtol=0, atol=1e-5)


def test_the_same_rate_is_left_alone_and_strange_ones_are_refused():
    ramp = np.linspace(-1, 1, 100)
    np.testing.assert_array_equal(kaiser_best(ramp, 16_000, 16_000), ramp)
    with pytest.raises(Unmeasurable, match="44099 Hz has too little in common"):
        kaiser_best(ramp, 44_099, 16_000)
    assert len(kaiser_best(ramp[:3], 44_100, 16_000)) == 1


def test_less_than_a_patch_has_a_reason(tmp_path):
    extractor = VGGish16Bit(Weights("vggish", tmp_path, ("x.pth",), "0" * 64), "vggish_audioldm")
    with pytest.raises(Unmeasurable, match="shorter than one patch"):
        extractor.prepare(Audio(np.zeros((2, 20_000)), 44_100))
    assert extractor.prepare(Audio(np.zeros((2, 44_100)), 44_100)).tensor.shape == (1, 96, 64)
