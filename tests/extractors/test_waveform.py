"""Sound as av-benchmark's loaders give it, by golden numbers of their own; and the rules of the other recipes."""

import numpy as np
import pytest

from support.seeded_metric_weights import GOLDEN, golden, waves
from vsseval.errors import Unmeasurable
from vsseval.extractors.waveform import at_least, centred, fitted, mixed, peak_normalised
from vsseval.media import Audio, load_audio, sha256

ARRAYS, META = golden("audioload_a")
FILES = GOLDEN / "audiofiles_a"
READABLE = sorted(name for name, facts in META["files"].items() if isinstance(facts["native"], dict))
BROKEN = sorted(set(META["files"]) - set(READABLE))


def tolerance(name):
    return 1e-4 if name.endswith(".mp3") else 1e-6


def agree(name, found, prefix):
    """Compare what is stored of a sound: its ends, and every 97th sample."""
    for part, samples in (
        ("first100", found[..., :100]),
        ("last100", found[..., -100:]),
        ("every97", found[..., ::97]),
    ):
        key = f"{name}:{prefix}_{part}"
        if key in ARRAYS:
            np.testing.assert_allclose(samples, ARRAYS[key], rtol=0, atol=tolerance(name), err_msg=key)


def agree_in_sum(name, found, facts):
    found = found.astype(np.float64)
    stat = [found.mean(), found.std(), np.linalg.norm(found), found.min(), found.max()]
    for ours, theirs in zip(stat, facts["stat"], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3 if name.endswith(".mp3") else 1e-5, abs=tolerance(name))


@pytest.mark.parametrize("name", READABLE)
def test_a_file_is_read_as_it_is(name):
    audio = load_audio(FILES / name)
    facts = META["files"][name]["native"]
    assert (audio.sample_rate, list(audio.samples.shape)) == (facts["sr"], facts["shape"])
    agree(name, audio.samples, "native")
    agree_in_sum(name, audio.samples, facts)


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("rate", [16_000, 32_000])
@pytest.mark.parametrize("seconds", [1, 8])
def test_the_loading_rule_is_that_of_av_benchmark(name, rate, seconds):
    found = centred(load_audio(FILES / name), rate)[: rate * seconds]
    facts = META["files"][name][f"{rate}_{seconds}s"]
    assert (list(found[None].shape), str(found.dtype)) == (facts["shape"], facts["dtype"])
    agree_in_sum(name, found, facts)
    if seconds == 8:
        agree(name, found, str(rate))


@pytest.mark.parametrize("name", READABLE)
def test_synchformers_loader_keeps_the_offset(name):
    found = mixed(load_audio(FILES / name), 16_000)[:16_000]
    agree(name, found, "sync16000")
    agree_in_sum(name, found, META["files"][name]["synchformer_1s"])


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_original_cannot_read_has_a_reason_and_no_neighbour(name):
    assert all("Error" in str(reason) for key, reason in META["files"][name].items() if key.startswith("16000"))
    with pytest.raises(Unmeasurable, match=name.replace(".", r"\.")):
        load_audio(FILES / name)


@pytest.mark.parametrize("rates", META["resample_of_first_16000_samples_of_w8"])
def test_resampling_is_that_of_torchaudio(rates):
    have, want = map(int, rates.split("->"))
    facts = META["resample_of_first_16000_samples_of_w8"][rates]
    samples = waves()["w8"][:16_000]
    found = mixed(Audio(samples, have), want)
    assert len(found) == facts["n_out"]
    np.testing.assert_allclose(found[:100], ARRAYS[f"resample:{rates}"], rtol=0, atol=1e-6)
    # the other rule's filter differs by single precision alone, as the original's does
    other = centred(Audio(samples, have), want, "first") - centred(Audio(samples, have), want)
    assert np.abs(other).max() == pytest.approx(facts["transform_minus_functional_maxabs"], rel=1, abs=2e-7)


def test_channels_are_averaged_or_the_first_is_taken():
    left, right = np.full(1000, 0.5, np.float32), np.linspace(-1, 1, 1000, dtype=np.float32)
    stereo = Audio(np.stack([left, right]), 16_000)
    np.testing.assert_allclose(centred(stereo, 16_000), right / 2, atol=1e-6)
    np.testing.assert_array_equal(centred(stereo, 16_000, "first"), np.zeros(1000))
    np.testing.assert_allclose(mixed(stereo, 16_000), 0.25 + right / 2, atol=1e-6)


def test_a_sound_is_resampled_once_for_all_who_ask():
    audio = Audio(waves()["w8"], 16_000)
    assert centred(audio, 32_000) is centred(audio, 32_000)
    assert centred(audio, 32_000) is not centred(audio, 32_000, "first")
    assert mixed(audio, 32_000) is mixed(audio, 32_000)


def test_the_peak_is_brought_to_minus_one_decibel():
    audio = Audio(0.01 * waves()["w8"], 16_000)
    found = peak_normalised(audio, 32_000)
    assert (len(found), found.dtype) == (256_000, np.float32)
    assert np.abs(found).max() == pytest.approx(10 ** (-1 / 20), rel=1e-6)
    with pytest.raises(Unmeasurable, match="silent"):
        peak_normalised(Audio(np.zeros(100), 16_000), 32_000)


@pytest.mark.parametrize(("have", "length"), [(44_100, 100), (22_050, 12_345), (32_000, 77)])
def test_lengths_are_rounded_up_as_librosa_does(have, length):
    ramp = np.linspace(-0.5, 0.5, length, dtype=np.float32)
    assert len(peak_normalised(Audio(ramp, have), 32_000)) == -(-length * 32_000 // have)


def test_lengths_are_made_to_fit():
    samples = np.ones(5, np.float32)
    assert fitted(samples, 3).tolist() == [1, 1, 1]
    assert fitted(samples, 7).tolist() == at_least(samples, 7).tolist() == [1, 1, 1, 1, 1, 0, 0]
    assert at_least(samples, 3).tolist() == samples.tolist()


def test_rates_without_a_common_divisor_are_refused_before_they_fill_the_memory():
    odd = Audio(np.zeros(44_099), 44_099)
    with pytest.raises(Unmeasurable, match="44099 Hz has too little in common"):
        centred(odd, 16_000)
    assert len(centred(Audio(np.zeros(22_255), 22_255), 16_000)) == 16_000


def test_the_golden_numbers_are_of_these_files():
    assert {name: sha256(FILES / name) for name in READABLE} == {
        name: META["files"][name]["sha256"] for name in READABLE
    }
