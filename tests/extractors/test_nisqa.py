"""NISQA against numbers of its makers' code, with seeded weights, and with the published ones where they are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_metric_weights import GOLDEN, KEYS, listed, waves
from vsseval.errors import MissingWeights, Unmeasurable, UsageError
from vsseval.extractors.nisqa import NisqaScores
from vsseval.extractors.waveform import mixed
from vsseval.media import Audio, load_audio
from vsseval.networks.nisqa import log_mel
from vsseval.plugins import load
from vsseval.weights.find import Weights, find_weights
from vsseval.weights.verify import hash_file

NAMES = ("nisqa", "nisqa_tts")
KNOWN = {name: json.loads(goldens.file(f"metrics/{name}.json").read_text(encoding="utf-8")) for name in NAMES}
BESIDE = Path(__file__).parents[3] / "shared" / "weights"
W8, W10 = waves()["w8"], waves()["w10"]
SOUNDS = {
    "whole": Audio(W8, 16_000),
    "short": Audio(W8[:2_240], 16_000),
    "second": Audio(W8[:16_000], 16_000),
    "native48k": Audio(W10[:144_000], 48_000),
    "native44k": Audio(W8[:100_000], 44_100),
    "native22k": Audio(W8[:50_001], 22_050),
    "native8k": Audio(W8[:20_000], 8_000),
    "stereo": Audio(np.stack([W8[:32_000], W10[:32_000]]), 16_000),
    "noise": Audio((0.1 * np.random.RandomState(0).standard_normal(48_000)).astype(np.float32), 16_000),
    "quiet": Audio(W8[:48_000] / np.float32(50), 16_000),
}


def args_of(name):
    """What the makers' file says of its network; JSON has no tuples."""
    found = json.loads((KEYS / f"{name}.json").read_text(encoding="utf-8"))["args"]
    return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}


def put(folder, name, content):
    torch.save(content, folder / f"{name}.tar")
    return Weights(name, folder, (f"{name}.tar",), "0" * 64)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    return {
        name: NisqaScores(put(folder, name, {"args": args_of(name), "model_state_dict": listed(name)}), name, "")
        for name in NAMES
    }


def scores(extractor, sound):
    found = extractor.extract(sound)
    assert {(value.shape, value.dtype.name) for value in found.values()} == {((), "float32")}
    return {name: float(value) for name, value in found.items()}


def theirs(name, kind, sound):
    return pytest.approx(dict(zip(KNOWN[name]["scores"], KNOWN[name][kind][sound], strict=True)), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sound", SOUNDS)
def test_scores_are_the_originals(seeded, name, sound):
    assert scores(seeded[name], SOUNDS[sound]) == theirs(name, "seeded", sound)


@pytest.mark.parametrize("name", NAMES)
def test_the_seeded_networks_tell_sounds_apart(name):
    said = np.array([KNOWN[name]["seeded"][sound] for sound in SOUNDS])
    assert (np.ptp(said, axis=0) > 0.2).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sound", ["second", "native48k", "native22k", "native8k"])
def test_spectrograms_are_the_originals(seeded, name, sound):
    heard = SOUNDS[sound]
    found = log_mel(heard.mono(heard.sample_rate), heard.sample_rate, seeded[name].network.settings)
    np.testing.assert_allclose(found[::7, ::11], KNOWN[name]["decibels"][sound], rtol=0, atol=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_with_the_published_weights_scores_are_the_originals(name):
    try:
        weights = find_weights(name)
    except MissingWeights:
        if not (BESIDE / f"{name}.tar").is_file():
            pytest.skip(f"the weights are not on this machine: vsseval weights pull {name}")
        weights = Weights(name, BESIDE, (f"{name}.tar",), "0" * 64)
    assert hash_file(weights.file()).sha256 == KNOWN[name]["weights_sha256"]
    extractor = NisqaScores(weights, name, "")
    for sound, heard in SOUNDS.items():
        assert scores(extractor, heard) == theirs(name, "published", sound), sound
    for pair in ("pair0_ref", "pair1_syn"):
        sound = load_audio(GOLDEN / "speech_a" / f"{pair}.flac")
        assert scores(extractor, sound) == theirs(name, "published", pair)


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_has_the_same_bits_alone_and_among_others(seeded, name):
    sounds = [SOUNDS["second"], Audio(np.zeros(16_000), 16_000), SOUNDS["stereo"]]
    first, none, last = seeded[name].extract_many(sounds)
    assert isinstance(none, Unmeasurable)
    assert first == seeded[name].extract(sounds[0])
    assert last == seeded[name].extract(sounds[2])


def test_a_sound_brought_to_another_rate_is_another_sound(seeded):
    low = SOUNDS["second"]
    high = Audio(mixed(low, 48_000), 48_000)
    assert scores(seeded["nisqa"], high)["mos"] != pytest.approx(scores(seeded["nisqa"], low)["mos"], abs=1e-3)


@pytest.mark.parametrize(("samples", "rate", "why"), [
    (np.zeros(0), 16_000, r"shorter than 0\.14 s \(0\.0000 s\)"),
    (W8[:2_239], 16_000, r"shorter than 0\.14 s"),
    (np.zeros(32_000), 16_000, "the audio is silent"),
    (np.full(16_000, 5e-4), 16_000, "the audio is silent"),
    (W8[:16_000], 384_000, "at 384000 Hz"),
    (W8[:16_000], 90, "at 90 Hz"),
])  # fmt: skip
def test_what_cannot_be_heard_has_a_reason(seeded, samples, rate, why):
    for extractor in seeded.values():
        with pytest.raises(Unmeasurable, match=why):
            extractor.extract(Audio(samples, rate))


def test_silence_would_be_better_than_noise_to_the_original(seeded):
    silent, noise = (KNOWN["nisqa"]["published"][sound][0] for sound in ("silence", "noise"))
    assert silent > noise
    with pytest.raises(TypeError, match="nisqa takes audio"):
        seeded["nisqa"].extract("words")


@pytest.mark.parametrize(("change", "why"), [
    ({"ms_sr": 16_000}, "ms_sr"), ({"td": "skip"}, "td"), ({"td_sa_pos_enc": True}, "td_sa_pos_enc"),
    ({"pool": "last_step_bi"}, "its pool"), ({"pool_att_h": None}, "its pool_att_h"), ({"model": "NISQA_DE"}, "model"),
    ({"cnn_c_out_1": "__import__('os')"}, "cnn_c_out_1"),
])  # fmt: skip
def test_a_network_of_another_form_is_named(tmp_path, change, why):
    whole = {"args": args_of("nisqa") | change, "model_state_dict": listed("nisqa")}
    with pytest.raises(UsageError, match=f"holds a NISQA that is not known here: .*{why}"):
        NisqaScores(put(tmp_path, "nisqa", whole), "nisqa", "").extract(SOUNDS["second"])


def test_weights_of_something_else_are_named(tmp_path):
    other = put(tmp_path, "other", {"model_state_dict": {"cls_token": torch.zeros(3)}})
    with pytest.raises(UsageError, match="does not say what the network is built like"):
        NisqaScores(other, "nisqa", "").extract(SOUNDS["second"])
    wider = put(tmp_path, "wider", {"args": args_of("nisqa") | {"td_sa_h": 65}, "model_state_dict": listed("nisqa")})
    with pytest.raises(UsageError, match="does not hold the weights of NISQA: .*of another shape"):
        NisqaScores(wider, "nisqa", "").extract(SOUNDS["second"])


@pytest.mark.parametrize("name", NAMES)
def test_missing_weights_name_the_command(tmp_path, monkeypatch, name):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    with pytest.raises(MissingWeights, match=f"vsseval weights pull {name}$"):
        load("extractors", name)()
