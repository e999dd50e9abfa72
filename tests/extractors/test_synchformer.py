"""Synchformer against the original's numbers, and what it makes of media and weights that are not as they should be."""

import json
import shutil

import numpy as np
import pytest
import torch

from support import build_plugins, goldens
from support.seeded_metric_weights import (
    GOLDEN,
    check_probe,
    error,
    fill,
    golden,
    input_tensor,
    input_uint8,
    put,
    waves,
)
from support.seeded_metric_weights import KEYS as LISTS
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors import synchformer as module
from vsseval.extractors.synchformer import RATE, SAMPLE_HOP, SAMPLES, SynchformerTokens
from vsseval.extractors.synchformer_sync import SynchformerSync
from vsseval.media import Audio, Video, write_mp4
from vsseval.metrics.desync_synchformer import signed
from vsseval.networks import synchformer_audio
from vsseval.networks import synchformer_vision as seeing
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.synchformer import Synchformer
from vsseval.weights.find import Weights

PARTS = goldens.parts("metrics/synchformer", "metrics/waves")
EVALUATED = goldens.parts("metrics/evaluate")
SEGMENTS = goldens.file("metrics/javisbench_segments.json")


def unfilled():
    with SkipInitialWeights():
        return Synchformer().eval().requires_grad_(requires_grad=False)


SAID = {SynchformerTokens: ("synchformer", "first picture"), SynchformerSync: ("synchformer_sync", "synchformer")}


def without_weights(kind):
    return kind(Weights("synchformer", GOLDEN, ("none.pth",), "0" * 64), *SAID[kind])


@pytest.fixture(scope="module")
def network():
    """At its true size, with the goldens' weights."""
    made = unfilled()
    fill(made)
    return made


@pytest.fixture(scope="module")
def pair(network):
    made = without_weights(SynchformerSync)
    made.network = network
    return made


@pytest.fixture
def shallow(monkeypatch):
    """An extractor whose encoders have one layer each."""
    monkeypatch.setattr(synchformer_audio, "LAYERS", 1)
    monkeypatch.setattr(seeing, "LAYERS", 1)
    made = without_weights(SynchformerTokens)
    made.network = unfilled()
    fill(made.network)
    return made


def tokens(side, name, medium, part="a"):
    shape = (24, 8, 768) if medium == "video" else (24, 6, 768)
    return {"tokens": input_tensor(f"eval_{part}/{side}/sync/{name}", shape).numpy()}


def test_the_keys_are_the_originals():
    listed = json.loads((LISTS / "synchformer_24-01-04T16-39-21.json").read_text())["keys"]
    own = unfilled().state_dict()
    assert {key: list(value.shape) for key, value in own.items()} == {key: one["shape"] for key, one in listed.items()}


@pytest.mark.parametrize("part", PARTS)
def test_segments_of_sound_are_the_originals(part):
    arrays, _ = golden(f"synchformer_{part}")
    segments = module.segmented(torch.from_numpy(waves(part)["w8"]), SAMPLES, SAMPLE_HOP, RATE)
    mels = module.log_mels(segments)
    assert list(mels.shape) == [int(n) for n in arrays["mel_shape"] if n != 1]
    np.testing.assert_allclose(mels[arrays["mel_segments"]], arrays["mel"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("part", PARTS)
def test_tokens_of_sound_are_the_originals(network, part):
    arrays, _ = golden(f"synchformer_{part}")
    samples = torch.from_numpy(waves(part)["w8"])
    mels = module.log_mels(module.segmented(samples, SAMPLES, SAMPLE_HOP, RATE))
    with torch.inference_mode():
        found = network.afeat_extractor(mels[arrays["afeat_segments"]])
    assert error(found.numpy(), arrays["afeat"]) < 1e-5


@pytest.mark.parametrize("part", PARTS)
def test_offsets_from_given_tokens_are_the_originals(network, part):
    arrays, _ = golden(f"synchformer_{part}")
    seen, heard = (
        input_tensor(f"sync_{name}_{part}", (3, 24, many, 768)) for name, many in (("vfeat", 8), ("afeat", 6))
    )
    with torch.inference_mode():
        first = network.compare(seen[:, :14], heard[:, :14])
        last = network.compare(seen[:, -14:], heard[:, -14:])
        swapped = network.compare(seen[[1, 2, 0], :14], heard[:, :14])
    assert error(first.numpy(), arrays["logits_rule_first14"]) < 1e-5
    assert error(last.numpy(), arrays["logits_rule_last14"]) < 1e-5
    assert error(swapped.numpy(), arrays["logits_swap_first14"]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_all_of_it_from_a_file_equals_the_original(network, tmp_path, part):
    """Pictures of those segments whose tokens are known: each is looked at by itself.

    What becomes of tokens is held to the original above.
    """
    arrays, meta = golden(f"synchformer_{part}")
    check_probe(meta, network.state_dict())
    extractor = SynchformerTokens(put(tmp_path, "synchformer", network.state_dict()), "synchformer", "first picture")
    count = int(arrays["vfeat_shape"][1]) * module.FRAME_HOP + module.FRAMES - module.FRAME_HOP
    frames = input_uint8(f"sync_frames_{part}", (count, 3, 224, 224))
    segments = module.segmented(frames, module.FRAMES, module.FRAME_HOP, 25.0)
    assert len(segments) == arrays["vfeat_shape"][1]
    with torch.inference_mode():
        seen = extractor.forward(segments[arrays["vfeat_segments"]], "video")["tokens"]
    heard = extractor.extract(Audio(waves(part)["w8"], RATE))["tokens"]
    assert error(seen.numpy(), arrays["vfeat"]) < 1e-5
    assert error(heard[arrays["afeat_segments"]], arrays["afeat"]) < 1e-5
    shutil.rmtree(tmp_path)  # a gigabyte


@pytest.mark.parametrize("part", EVALUATED)
def test_desync_of_whole_sets_is_the_originals(pair, part):
    known = json.loads((GOLDEN / f"evaluate_{part}.json").read_text())
    metric, scores = build_plugins.build_metric("desync@synchformer"), {}
    clips = {name: clip for case in known["cases"].values() for name, clip in (case["desync_per_clip"] or {}).items()}
    for name, clip in clips.items():
        found = pair.combine(tokens("pred", name, "audio", part), tokens("gt", name, "video", part))
        assert found["logits"].shape == (2, 21)
        assert found["logits"].argmax(axis=1).tolist() == clip["argmax"]
        assert signed(found["logits"]).tolist() == clip["offset_s"]
        scores[name] = metric.score(found).value
    for case in known["cases"].values():
        if "DeSync" in case["metrics"]:
            of_case = [scores[name] for name in case["desync_per_clip"]]
            assert np.mean(of_case) == pytest.approx(case["metrics"]["DeSync"], rel=1e-9)


@pytest.mark.parametrize("count", range(1, 61))
def test_windows_one_after_another_are_javisbenchs(pair, count):
    known = json.loads(SEGMENTS.read_text())["windows"][str(count)]
    made = SynchformerSync(Weights("synchformer", GOLDEN, ("none.pth",), "0" * 64), "s", "t", "one after another")
    wanted = [[*range(window, window + 14)] if isinstance(window, int) else window for window in known]
    assert made._places(count) == wanted


def test_a_few_segments_are_repeated_and_the_mean_is_over_all_windows(pair):
    made = SynchformerSync(Weights("synchformer", GOLDEN, ("none.pth",), "0" * 64), "s", "t", "one after another")
    made.__dict__["network"] = pair.network
    metric = build_plugins.build_metric("desync@javisbench")
    for count, windows in ((11, 1), (30, 3)):
        rng = np.random.default_rng(count)
        heard, seen = (
            {"tokens": rng.standard_normal((count, width, 768)).astype(np.float32)} for width in (6, 8)
        )  # fmt: skip
        found = made.combine(heard, seen)
        assert found["logits"].shape == (windows, 21)
        assert metric.score(found).value == pytest.approx(np.abs(signed(found["logits"])).mean())


def test_four_seconds_are_cut_out_or_filled_up(tmp_path):
    made = SynchformerTokens(Weights("synchformer", GOLDEN, ("none.pth",), "0" * 64), "s", "first picture", 4.0)
    whole = SynchformerTokens(Weights("synchformer", GOLDEN, ("none.pth",), "0" * 64), "s", "first picture")
    wave = waves()["w8"]
    long, exact, short = (made.prepare(Audio(wave[:n], RATE)).tensor for n in (128_000, 64_000, 60_000))
    assert len(long) == len(exact) == len(short) == 11
    torch.testing.assert_close(long, exact, rtol=0, atol=0)
    torch.testing.assert_close(whole.prepare(Audio(wave[:64_000], RATE)).tensor, exact, rtol=0, atol=0)
    torch.testing.assert_close(short[:9], exact[:9], rtol=0, atol=0)
    write_mp4(tmp_path / "v.mp4", np.full((90, 32, 32, 3), 200, np.uint8), 25.0)
    seen = made.prepare(Video(tmp_path / "v.mp4")).tensor
    assert seen.shape == (11, 16, 3, 224, 224)
    assert not seen[-1, -2:].any()  # 3.6 s are there, the rest is black
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.64 s"):
        made.prepare(Audio(wave[:10_239], RATE))


@pytest.mark.parametrize("segments", [13, 15])
def test_other_than_fourteen_segments_are_refused(network, segments):
    with pytest.raises(ValueError, match=rf"14 segments of each medium.* \({segments}, 8, 768\)"):
        network.compare(torch.zeros(1, segments, 8, 768), torch.zeros(1, segments, 6, 768))


@pytest.mark.parametrize(
    ("part", "samples"), [(p, k) for p in PARTS for k in golden(f"synchformer_{p}")[1]["segment_errors"]]
)
def test_segments_are_as_many_as_the_originals(part, samples):
    known = golden(f"synchformer_{part}")[1]["segment_errors"][samples]
    if not samples.startswith("audio_") or not isinstance(known, int):
        return
    whole = torch.zeros(int(samples.removeprefix("audio_")))
    if known == 0:
        with pytest.raises(Unmeasurable, match=r"shorter than 0\.64 s"):
            module.segmented(whole, SAMPLES, SAMPLE_HOP, RATE)
    else:
        assert len(module.segmented(whole, SAMPLES, SAMPLE_HOP, RATE)) == known


def test_windows_are_cut_from_what_both_have_in_common(pair):
    sound, picture = tokens("pred", "x", "audio"), tokens("gt", "x", "video")
    longer = {"tokens": np.concatenate([sound["tokens"], np.ones((5, 6, 768), np.float32)])}
    np.testing.assert_array_equal(pair.combine(longer, picture)["logits"], pair.combine(sound, picture)["logits"])
    shortest = pair.combine({"tokens": sound["tokens"][:14]}, picture)["logits"]
    np.testing.assert_allclose(shortest[0], shortest[1], atol=1e-5)


def test_less_than_4_8_seconds_cannot_be_compared(pair):
    sound, picture = tokens("pred", "x", "audio"), tokens("gt", "x", "video")
    with pytest.raises(Unmeasurable, match=r"4\.48 s in common, and Synchformer compares no less than 4\.8 s"):
        pair.combine({"tokens": sound["tokens"][:13]}, picture)


def test_a_video_and_its_sound_become_tokens(shallow, tmp_path):
    rng = np.random.default_rng(0)
    write_mp4(tmp_path / "v.mp4", rng.integers(0, 256, (24, 96, 64, 3), dtype=np.uint8), 25.0)
    seen = shallow.extract(Video(tmp_path / "v.mp4"))["tokens"]
    assert (seen.shape, seen.dtype) == ((2, 8, 768), np.float32)
    # 24 frames at 30 a second are 20 at 25
    write_mp4(tmp_path / "w.mp4", rng.integers(0, 256, (24, 96, 64, 3), dtype=np.uint8), 30.0)
    assert shallow.prepare(Video(tmp_path / "w.mp4")).tensor.shape == (1, 16, 3, 224, 224)
    heard = shallow.extract(Audio(waves()["w8"][: round(1.2 * RATE)], RATE))["tokens"]
    assert (heard.shape, heard.dtype) == ((2, 6, 768), np.float32)


def test_channels_are_averaged_offsets_stay_and_rates_are_resampled(shallow):
    wave = waves()["w8"][:SAMPLES]
    alone = shallow.extract(Audio(wave / 2, RATE))["tokens"]
    np.testing.assert_allclose(shallow.extract(Audio(np.stack([wave, 0 * wave]), RATE))["tokens"], alone, atol=1e-4)
    assert not np.allclose(shallow.extract(Audio(wave / 2 + 0.2, RATE))["tokens"], alone, atol=1e-2)
    assert len(shallow.extract(Audio(np.repeat(wave, 3), 48_000))["tokens"]) == 1


def test_silence_has_tokens(shallow):
    assert np.isfinite(shallow.extract(Audio(np.zeros(SAMPLES), RATE))["tokens"]).all()


def test_one_frame_short_sounds_and_texts_have_a_reason(shallow, tmp_path):
    write_mp4(tmp_path / "one.mp4", np.zeros((1, 32, 32, 3), np.uint8), 25.0)
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.64 s \(0\.04 s\)"):
        shallow.extract(Video(tmp_path / "one.mp4"))
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.64 s \(0\.63 s\)"):
        shallow.extract(Audio(np.ones(10_100), RATE))
    with pytest.raises(TypeError, match="synchformer takes audio or video"):
        shallow.extract("a dog barks")


def test_weights_of_another_network_are_named(tmp_path):
    other = put(tmp_path, "other", {"features.0.weight": torch.zeros(64, 1, 3, 3)})
    for kind in (SynchformerTokens, SynchformerSync):
        with pytest.raises(
            UsageError, match=r"other\.pth does not hold the weights of Synchformer: \d+ missing.*features\.0"
        ):
            _ = kind(other, *SAID[kind]).network


@pytest.mark.parametrize("name", ["synchformer", "synchformer_sync"])
def test_without_weights_the_factories_say_how_to_get_them(tmp_path, monkeypatch, name):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match="vsseval weights pull synchformer"):
        build_plugins.build_extractor(name)
