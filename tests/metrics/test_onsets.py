"""Onsets, their matches and AV-Align, against librosa and the original scripts, and by construction."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import build_plugins, goldens
from support.onset_sounds import RATE, events, sound
from vsseval import plugins
from vsseval.errors import Unmeasurable
from vsseval.extractors.waveform import as_librosa
from vsseval.media import Audio, Video, write_mp4
from vsseval.metrics.av_align import flow_peaks
from vsseval.metrics.onset_matches import CONDFOLEYGEN, MMAUDIO, average_precision, f1, matched, thinned
from vsseval.onset_peaks import peaks
from vsseval.stages.inputs import text_inputs, why_not_applicable
from vsseval.types import Sample

GOLDEN = json.loads(goldens.file("metrics/onsets.json").read_text())
CASES = GOLDEN["cases"]


def features(wave, rate=RATE):
    return build_plugins.build_extractor("onset_strength").extract(Audio(wave, rate))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_strength_and_peaks_are_those_of_librosa(case):
    heard = features(sound(case["case"], "generated"))
    assert heard["strength"][::7] == pytest.approx(np.array(case["strength_every7"]), abs=1e-5)
    for delta in (0.3, 0.07):
        assert peaks(heard["strength"], delta).tolist() == case[f"frames_{delta}"]
    there = features(sound(case["case"], "reference"))
    assert peaks(there["strength"], 0.3).tolist() == case["reference_frames_0.3"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_as_reported_equals_the_scripts(case):
    heard, there = (features(sound(case["case"], side)) for side in ("generated", "reference"))
    for make, expected in (
        (plugins.load("metrics", "onset_acc@condfoleygen-asreported"), case["condfoleygen"]["acc"]),
        (plugins.load("metrics", "onset_ap@condfoleygen-asreported"), case["condfoleygen"]["ap"]),
    ):
        assert make().score(heard, there).value == pytest.approx(expected, rel=1e-6)
    text = " ".join(map(str, events(case["case"])))
    for make, name in (
        (plugins.load("metrics", "onset_acc@mmaudio-asreported"), "acc"),
        (plugins.load("metrics", "onset_ap@mmaudio-asreported"), "ap"),
        (plugins.load("metrics", "onset_f1@mmaudio-asreported"), "f1"),
    ):
        assert make().score(heard, text).value == pytest.approx(case["mmaudio"][name], rel=1e-6)


@pytest.mark.parametrize("case", GOLDEN["nms"])
def test_thinning_as_reported_leaves_in_what_the_script_leaves_in(case):
    frames, loudest = np.array(case["frames"]), np.array(case["loudest"])
    assert thinned(frames, loudest, as_reported=True).tolist() == case["kept"]
    assert (np.diff(thinned(frames, loudest)) * 512 >= 0.05 * RATE).all()


def test_the_same_sound_is_perfect_and_silence_finds_nothing():
    there = features(sound(0, "reference"))
    silence = features(np.zeros(4 * RATE, np.float32))
    for make in (
        plugins.load("metrics", "onset_count@condfoleygen"),
        plugins.load("metrics", "onset_acc@condfoleygen"),
        plugins.load("metrics", "onset_ap@condfoleygen"),
    ):
        metric = make()
        assert metric.kind == "per_clip"
        assert metric.score(there, there).value == 1
        assert metric.score(silence, there).value == 0
    with pytest.raises(Unmeasurable, match="no onset"):
        build_plugins.build_metric("onset_acc@condfoleygen").score(there, silence)
    assert build_plugins.build_metric("onset_count@condfoleygen").score(silence, silence).value == 1
    assert build_plugins.build_metric("onset_ap@condfoleygen-asreported").score(silence, there).value == 1
    assert build_plugins.build_metric("onset_acc@mmaudio").score(silence, "0.5 1.5").value == 0


def test_what_comes_after_the_last_generated_onset_is_a_miss():
    there = features(sound(2, "reference"))
    first = peaks(there["strength"], 0.3)[0]
    alone = {**there, "strength": np.where(np.arange(len(there["strength"])) == first, 1, 0).astype(np.float32)}
    frames = peaks(there["strength"], 0.3) * 512
    exact = matched(alone, frames, CONDFOLEYGEN)
    script = matched(alone, frames, CONDFOLEYGEN, as_reported=True)
    assert (exact.hits, sum(exact.truth)) == (1, len(frames))
    assert (script.hits, sum(script.truth)) == (1, 1)
    assert average_precision(exact.truth, exact.confidence) == pytest.approx(1 / len(frames))
    assert average_precision(script.truth, script.confidence, as_reported=True) == 1


def test_each_onset_is_used_once():
    there = features(sound(1, "reference"))
    frames = np.repeat(peaks(there["strength"], 0.3), 2) * 512
    found = matched(there, frames, MMAUDIO)
    assert found.hits <= len(frames) // 2
    assert f1([0], [0.4]) == 0


def test_average_precision_of_known_ranks():
    assert average_precision([1, 0, 1], [0.9, 0.8, 0.7]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([0, 0], [0.9, 0.8]) == 0
    assert average_precision([1, 0], [0.5, 0.5]) == 0.5
    assert average_precision([1, 1, 0], [0.0, 0.9, 0.5]) == 0.5
    assert average_precision([1, 1, 0], [0.0, 0.9, 0.5], as_reported=True) == pytest.approx(1 / 2 + 2 / 3 / 2)
    assert f1([1, 1, 0], [0.5, 0.0, 0.5]) == pytest.approx(0.5)


def beats(times, fps=25.0, seconds=4.0):
    """Sound and picture that peak at times, as features."""
    strength = np.zeros(1 + int(seconds * RATE) // 512)
    strength[np.round(np.array(times) * RATE / 512).astype(int)] = 1
    magnitude = np.full(int(seconds * fps), 0.5)
    magnitude[np.round(np.array(times) * fps).astype(int)] = 2
    sounding = {"strength": strength, "rate": np.asarray(RATE / 512)}
    return sounding, {"magnitude": magnitude, "fps": np.asarray(fps)}


TIMES = [0.4, 1.0, 1.6, 2.4, 3.2]


def test_av_align_of_peaks_that_coincide_or_do_not():
    sounding, picture = beats(TIMES)
    for make in (
        plugins.load("metrics", "av_align@tempotokens"),
        plugins.load("metrics", "av_align@tempotokens-asreported"),
    ):
        metric = make()
        assert metric.kind == "per_clip"
        assert metric.score(sounding, picture).value == 1
        late, _ = beats([time + 0.2 for time in TIMES])
        assert metric.score(late, picture).value == 0
        half, _ = beats(TIMES[:2])
        assert metric.score(half, picture).value == pytest.approx(2 / 5)


def test_two_onsets_at_one_maximum_exceed_one_only_in_the_script():
    sounding, _ = beats([0.98, 1.03])
    _, picture = beats([1.0])
    assert build_plugins.build_metric("av_align@tempotokens-asreported").spec.maximum is None
    assert build_plugins.build_metric("av_align@tempotokens-asreported").score(sounding, picture).value == 2
    assert build_plugins.build_metric("av_align@tempotokens").score(sounding, picture).value == 1


ALIGNED = json.loads(goldens.file("metrics/av_align.json").read_text())["cases"]


@pytest.mark.parametrize("case", ALIGNED, ids=lambda case: f"{case['case']}-{case['rate']}")
def test_av_align_of_javisbench_and_mova_is_that_of_their_scripts(case):
    heard = Audio(as_librosa(Audio(sound(case["case"], "generated"), RATE), case["rate"]), case["rate"])
    flow = np.abs(np.random.RandomState(90 + case["case"]).normal(0.3, 0.35, int(4 * case["fps"]))).astype(np.float32)
    picture = {"magnitude": np.r_[flow[:1], flow][: len(flow)], "fps": np.asarray(case["fps"])}
    own = build_plugins.build_extractor("onset_strength_own_rate").extract(heard)
    assert peaks(own["strength"], 0.07, float(own["rate"])).tolist() == case["onset_frames"]
    found = build_plugins.build_metric("av_align@javisbench").score(own, picture).value
    assert found == pytest.approx(case["javisbench"], rel=1e-5)
    if "mova" in case:
        known = build_plugins.build_extractor("onset_strength_44k").extract(heard)
        assert build_plugins.build_metric("av_align@mova").score(known, picture).value == pytest.approx(case["mova"])


def test_under_mova_a_peak_of_motion_serves_one_onset():
    sounding, _ = beats([1.0, 1.06, 2.0])
    _, picture = beats([1.02, 3.0])
    assert build_plugins.build_metric("av_align@mova").score(sounding, picture).value == pytest.approx(1 / 4)
    script = build_plugins.build_metric("av_align@tempotokens-asreported").score(sounding, picture)
    assert script.value == pytest.approx(int(script.detail["matched"]) / (5 - int(script.detail["matched"])))


@pytest.mark.parametrize("samples", [np.zeros(1, np.float32), np.zeros(RATE, np.float32), np.ones((2, RATE)) / 2])
@pytest.mark.parametrize("name", ["onset_strength", "onset_strength_own_rate", "onset_strength_44k"])
def test_one_sample_silence_and_a_constant_have_no_onset(name, samples):
    found = build_plugins.build_extractor(name).extract(Audio(samples, 16_000))
    assert peaks(found["strength"], 0.07, float(found["rate"])).size == 0 or samples.any()
    assert np.isfinite(found["strength"]).all()


def test_av_align_without_any_peak_has_no_value():
    sounding, picture = beats(TIMES)
    still = {**picture, "magnitude": np.full(100, 0.01)}
    quiet = {**sounding, "strength": np.zeros(173)}
    with pytest.raises(Unmeasurable, match="neither"):
        build_plugins.build_metric("av_align@tempotokens").score(quiet, still)
    assert build_plugins.build_metric("av_align@tempotokens").score(sounding, still).value == 0
    assert build_plugins.build_metric("av_align@tempotokens").score(quiet, picture).value == 0


@given(seed=st.integers(0, 99), count=st.integers(0, 60))
@settings(max_examples=30, deadline=None)
def test_av_align_is_between_0_and_1_and_flow_peaks_are_local_maxima(seed, count):
    rng = np.random.default_rng(seed)
    magnitude = rng.random(count)
    found = flow_peaks(magnitude)
    assert all(magnitude[i - 1] < magnitude[i] > magnitude[i + 1] for i in found)
    sounding, picture = {"strength": rng.random(200), "rate": np.asarray(43.07)}, {"fps": np.asarray(25.0)}
    try:
        assert (
            0
            <= build_plugins.build_metric("av_align@tempotokens")
            .score(sounding, {**picture, "magnitude": magnitude})
            .value
            <= 1
        )
    except Unmeasurable:
        assert not len(found)


def test_flow_of_a_square_that_jumps(tmp_path):
    pytest.importorskip("cv2")
    rng = np.random.default_rng(0)
    wall = rng.integers(60, 120, (64, 64, 3), dtype=np.uint8)
    patch = rng.integers(130, 255, (24, 24, 3), dtype=np.uint8)
    frames = np.repeat(wall[None], 20, axis=0)
    left = 4
    for index, frame in enumerate(frames):
        left += 3 if index in {6, 13} else 0
        frame[20:44, left : left + 24] = patch
    write_mp4(tmp_path / "jumps.mp4", frames, 10.0)
    found = build_plugins.build_extractor("flow").extract(Video(tmp_path / "jumps.mp4"))
    assert (found["magnitude"].shape, float(found["fps"])) == ((20,), 10.0)
    assert found["magnitude"][0] == found["magnitude"][1]
    assert flow_peaks(found["magnitude"]).tolist() == [6, 13]


def test_a_video_of_two_frames_has_no_peak(tmp_path):
    pytest.importorskip("cv2")
    write_mp4(tmp_path / "two.mp4", np.zeros((2, 32, 32, 3), np.uint8), 10.0)
    with pytest.raises(Unmeasurable, match="2 frames"):
        build_plugins.build_extractor("flow").extract(Video(tmp_path / "two.mp4"))


def test_annotated_events_are_handed_over_as_the_manifest_has_them():
    spec = build_plugins.build_metric("onset_ap@mmaudio").spec
    sample = Sample(id="a", cluster="a", duration=4.0, events=(2.5, 0.75))
    assert text_inputs(spec, sample) == {"events": "0.75 2.5"}
    assert why_not_applicable(spec, sample) is None
    assert "no annotated events" in why_not_applicable(spec, Sample(id="b", cluster="b", duration=4.0))


def test_no_samples_is_a_reason():
    with pytest.raises(Unmeasurable, match="no samples"):
        features(np.zeros(0, np.float32))
    with pytest.raises(TypeError, match="takes audio"):
        build_plugins.build_extractor("onset_strength").extract("words")
