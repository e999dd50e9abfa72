"""Mel-cepstral distortion, warping, pitch and intelligibility: against the originals, and at their edges."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import build_plugins, goldens
from vsseval import plugins
from vsseval.errors import MissingExtra, Unmeasurable
from vsseval.media import Audio, load_audio
from vsseval.metrics.warping import warping_path
from vsseval.networks import optional_packages

pytest.importorskip("pyworld")

FILES = goldens.files("metrics/mcd_?.npz")
SPEECH = goldens.file("metrics/speech_a")


def pairs():
    """(file, case, reference, generated) of all stored pairs."""
    for file in FILES:
        with np.load(file) as arrays:
            for case in json.loads(str(arrays["meta"]))["pairs"]:
                names = case.get("ref", "pair0_ref.flac"), case.get("syn", "silence.flac")
                folder = goldens.file(f"metrics/speech_{file.stem.removeprefix('mcd_')}")
                yield file, case, folder / names[0], folder / names[1]


PAIRS = list(pairs())


def features(path):
    return build_plugins.build_extractor("world22k").extract(load_audio(path))


@pytest.mark.parametrize(
    ("file", "case", "reference", "generated"), PAIRS, ids=[case["name"] for _, case, _, _ in PAIRS]
)
def test_distortion_equals_pymcd(file, case, reference, generated):
    there, heard = features(reference), features(generated)
    waves = [build_plugins.build_extractor("waveform22k").extract(load_audio(path)) for path in (generated, reference)]
    found = {
        "plain": build_plugins.build_metric("mcd@pymcd")
        .score(build_plugins.build_extractor("world22k_padded").combine(*waves))
        .value,
        "dtw": build_plugins.build_metric("mcd_dtw@pymcd").score(heard, there).value,
        "dtw_sl": build_plugins.build_metric("mcd_dtw_sl@pymcd").score(heard, there).value,
    }
    assert found == pytest.approx(case["mcd"], rel=1e-4, abs=1e-9)
    if "frames" in case:
        assert [len(there["mcep"]), len(heard["mcep"])] == case["frames"]
    with np.load(file) as arrays:
        name = case["name"]
        if f"{name}_dtw_path" in arrays:
            path = warping_path(there["mcep"][:, 1:], heard["mcep"][:, 1:])
            assert np.array_equal(path, arrays[f"{name}_dtw_path"])
        for side, made in (("ref", there), ("syn", heard)):
            if f"{name}_{side}_mcep_every10" in arrays:
                assert made["mcep"][::10] == pytest.approx(arrays[f"{name}_{side}_mcep_every10"], abs=1e-5)


@pytest.mark.parametrize("case", json.loads(goldens.file("metrics/versa_mcd.json").read_text())["cases"])
def test_frame_by_frame_equals_versa(case):
    made = []
    for side in ("generated", "reference"):
        audio = load_audio(SPEECH / f"{case[side]}.flac")
        made.append(
            build_plugins.build_extractor("world16k").extract(
                Audio(audio.samples[:, : case["samples"]], audio.sample_rate)
            )
        )
    assert build_plugins.build_metric("mcd@versa").score(*made).value == pytest.approx(case["mcd"], rel=1e-6)
    assert build_plugins.build_metric("f0_rmse@versa").score(*made).value == pytest.approx(case["f0rmse"], rel=1e-6)
    assert build_plugins.build_metric("f0_corr@versa").score(*made).value == pytest.approx(case["f0corr"], rel=1e-6)


@given(seed=st.integers(0, 999), n=st.integers(1, 70), m=st.integers(1, 70), radius=st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_paths_are_monotone_from_corner_to_corner(seed, n, m, radius):
    rng = np.random.default_rng(seed)
    # Few values, so that many steps cost the same.
    x, y = (rng.integers(0, 3, (count, 2)).astype(float) for count in (n, m))
    path = warping_path(x, y, radius)
    assert (path[0].tolist(), path[-1].tolist()) == ([0, 0], [n - 1, m - 1])
    steps = {tuple(step) for step in np.diff(path, axis=0).tolist()}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    of_itself = warping_path(x, x, radius)
    assert np.array_equal(x[of_itself[:, 0]], x[of_itself[:, 1]])


@given(seed=st.integers(0, 999), n=st.integers(1, 60), m=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_paths_are_those_of_the_package_also_where_steps_cost_the_same(seed, n, m):
    fastdtw = pytest.importorskip("fastdtw")
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(0, 3, (count, 1)).astype(float) for count in (n, m))
    _, expected = fastdtw.fastdtw(x, y, dist=lambda a, b: float(np.abs(a - b).sum()))
    assert warping_path(x, y).tolist() == [list(pair) for pair in expected]


def tone(seconds, hertz=150.0, rate=16_000):
    """A voice-like buzz of steady pitch."""
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 20))
    return Audio((0.1 * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))).astype(np.float32), rate)


def test_pitch_of_buzzes_a_semitone_apart():
    low, high = (
        build_plugins.build_extractor("world22k").extract(tone(1.0, hertz)) for hertz in (150.0, 150.0 * 2 ** (1 / 12))
    )
    assert build_plugins.build_metric("f0_rmse@world").score(high, low).value == pytest.approx(100, abs=2)
    assert build_plugins.build_metric("f0_rmse@world").score(low, low).value == 0
    assert build_plugins.build_metric("vuv_error@world").score(low, low).value == 0
    assert build_plugins.build_metric("f0_corr@world").score(low, low).value == pytest.approx(1)


def test_unvoiced_sounds_have_no_pitch_to_compare():
    buzz = build_plugins.build_extractor("world22k").extract(tone(1.0))
    silence = build_plugins.build_extractor("world22k").extract(Audio(np.zeros(16_000, np.float32), 16_000))
    for make in (plugins.load("metrics", "f0_rmse@world"), plugins.load("metrics", "f0_corr@world")):
        assert make().kind == "per_clip"
        with pytest.raises(Unmeasurable, match="voiced in both"):
            make().score(silence, buzz)
    assert build_plugins.build_metric("vuv_error@world").score(silence, buzz).value > 0.5
    assert build_plugins.build_metric("f0_rmse@world").spec.unit == "cents"


def test_versa_refuses_lengths_far_apart():
    long, short = (build_plugins.build_extractor("world16k").extract(tone(seconds)) for seconds in (1.0, 0.5))
    for make in (plugins.load("metrics", "mcd@versa"), plugins.load("metrics", "f0_rmse@versa")):
        with pytest.raises(Unmeasurable, match="too far apart"):
            make().score(short, long)
    assert build_plugins.build_metric("mcd@versa").score(long, long).value == 0


@pytest.mark.parametrize(
    "make",
    [
        plugins.load("extractors", "waveform22k"),
        plugins.load("extractors", "world22k"),
        plugins.load("extractors", "world16k"),
    ],
)
def test_what_is_too_short_for_world(make):
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.1 s"):
        make().extract(Audio(np.zeros(800, np.float32), 16_000))
    with pytest.raises(TypeError, match="takes audio"):
        make().extract("words")


def test_world_is_the_same_every_time_and_stereo_is_mixed():
    buzz = tone(0.5)
    first, again = (build_plugins.build_extractor("world22k").extract(Audio(buzz.samples, 16_000)) for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    stereo = Audio(np.concatenate([2 * buzz.samples, 0 * buzz.samples]), 16_000)
    assert build_plugins.build_extractor("world22k").extract(stereo)["mcep"] == pytest.approx(first["mcep"], abs=1e-6)
    assert (
        build_plugins.build_extractor("world16k").extract(Audio(np.tile(buzz.samples, (2, 1)), 44_100))["mcep"].shape[1]
        == 40
    )


def speech(noise=0.0):
    audio = load_audio(SPEECH / "pair1_ref.flac")
    grain = np.random.default_rng(0).standard_normal(audio.samples.shape)
    return build_plugins.build_extractor("speech16k").extract(
        Audio(audio.samples + noise * grain.astype(np.float32), audio.sample_rate)
    )


@pytest.mark.parametrize(
    "make",
    [
        plugins.load("metrics", "stoi@pystoi"),
        plugins.load("metrics", "estoi@pystoi"),
        plugins.load("metrics", "pesq@wb"),
    ],
)
def test_noise_costs_intelligibility(make):
    pytest.importorskip("pystoi")
    pytest.importorskip("pesq")
    metric, clean = make(), speech()
    assert metric.kind == "per_clip"
    values = [metric.score(speech(noise), clean).value for noise in (0.0, 0.01, 0.1)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.99
    assert metric.spec.minimum <= values[2] <= values[0] <= metric.spec.maximum
    assert metric.score(speech(0.01), clean).value == values[1]  # to the last bit, whatever pystoi draws
    short = {"samples": clean["samples"][:16_000]}
    with pytest.raises(Unmeasurable, match="sample by sample"):
        metric.score(short, clean)
    with pytest.raises(Unmeasurable, match="silent"):
        metric.score({"samples": 0 * clean["samples"]}, clean)


def test_what_stoi_and_pesq_have_no_value_for():
    pytest.importorskip("pystoi")
    pytest.importorskip("pesq")
    burst = np.zeros(16_000, np.float32)
    burst[8000:9600] = 0.5 * np.random.default_rng(0).standard_normal(1600)
    with pytest.raises(Unmeasurable, match=r"less than 0\.4 s"):
        build_plugins.build_metric("stoi@pystoi").score({"samples": burst}, {"samples": burst})
    with pytest.raises(Unmeasurable, match="PESQ has no value"):
        build_plugins.build_metric("pesq@wb").score({"samples": burst[8000:10_000]}, {"samples": burst[8000:10_000]})
    with pytest.raises(Unmeasurable, match="silent"):
        build_plugins.build_extractor("speech16k").extract(Audio(np.zeros(16_000, np.float32), 16_000))
    with pytest.raises(Unmeasurable, match=r"shorter than 0\.5 s"):
        build_plugins.build_extractor("speech16k").extract(Audio(np.ones(4000, np.float32), 16_000))


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(optional_packages, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'vsseval\[papers\]'"):
        build_plugins.build_extractor("world22k")
    with pytest.raises(MissingExtra, match=r"pip install 'vsseval\[intelligibility\]'"):
        build_plugins.build_metric("pesq@wb")
