"""From a prompt to sound in the reference configuration, on networks of its shapes that are small enough for a test."""

import inspect
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from support.few_networks import Few
from support.seeded_weights import seeded_input
from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import write_mp4
from vssflow.conditions import Features
from vssflow.prompt import Generator, Prompt
from vssflow.reference import model as reference_module
from vssflow.reference import networks as networks_module
from vssflow.reference.checkpoint import ReferenceParts
from vssflow.reference.files import WeightFiles, find_weight_files, joint_digest
from vssflow.reference.model import ReferenceVSSFlow
from vssflow.reference.networks import Networks
from vssflow.reference.phonemes import phoneme_ids
from vssflow.sampling.reference import sample_reference
from vssflow.windows import generate_long


@pytest.fixture(scope="module")
def few():
    return Few()


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "clip.mp4"
    shades = np.linspace(20, 235, 30).astype(np.uint8)
    write_mp4(path, np.broadcast_to(shades[:, None, None, None], (30, 64, 64, 3)).copy(), 25)
    return path


def together(*rows):
    return Features(*(torch.cat(parts) for parts in zip(*rows, strict=True)))


SPOKEN = Prompt(seconds=2.0, transcript="hello there", speech_window=(0.4, 1.6))


def test_it_is_a_generator():
    assert set(inspect.signature(Generator.generate).parameters) == set(
        inspect.signature(ReferenceVSSFlow.generate).parameters
    )
    assert ReferenceVSSFlow.longest == 10.0


@pytest.mark.parametrize("seconds", [0.00001, 0.3, 3.21, 10.0])
def test_the_sound_is_as_long_as_was_asked(few, seconds):
    sound = ReferenceVSSFlow(few, steps=2).generate(Prompt(seconds=seconds), seed=3)
    assert sound.shape == (max(1, round(seconds * 16000)),)
    assert float(sound.abs().max()) <= 1.0


def test_a_longer_clip_goes_through_windows(few):
    model = ReferenceVSSFlow(few, steps=2)
    with pytest.raises(UsageError, match=r"10\.5 s are more than a window"):
        model.generate(Prompt(seconds=10.5), seed=0)
    assert generate_long(model, Prompt(seconds=10.5), seed=0).shape == (168_000,)


def test_what_is_absent_is_zeros(few):
    lip, phones, sync, scene, speaker = ReferenceVSSFlow(few).features(Prompt(seconds=4.0))
    assert [tuple(part.shape) for part in (lip, phones, sync, scene, speaker)] == [
        (1, 250, 1024), (1, 250), (1, 240, 768), (1, 100, 768), (1, 256)
    ]  # fmt: skip
    assert not any(part.any() for part in (lip, phones, sync, scene, speaker))


def test_a_video_gives_scene_and_motion(few, video):
    features = ReferenceVSSFlow(few).features(Prompt(seconds=1.2, video=video))
    shown = features.scene[0, :, 0]
    assert bool((shown[1:12] > shown[:11]).all())
    assert shown[12:].unique().numel() == 1  # black, normalised: not zeros
    assert float(shown[-1]) != 0.0
    assert features.sync.any()


def test_a_later_window_of_a_video_is_seen_from_its_beginning(few, video):
    model = ReferenceVSSFlow(few)
    whole = model.features(Prompt(seconds=1.2, video=video)).scene[0]
    later = model.features(Prompt(seconds=0.8, video=video, offset=0.4)).scene[0]
    assert torch.equal(later[:8], whole[4:12])
    beyond = model.features(Prompt(seconds=0.8, video=video, offset=5.0)).scene[0]
    assert torch.equal(beyond, whole[-1].expand(100, -1))


def test_without_synchformer_its_frames_are_not_read(video, monkeypatch):
    monkeypatch.setattr("vssflow.reference.model.sync_frames", None)
    features = ReferenceVSSFlow(Few(synchformer=False)).features(Prompt(seconds=1.2, video=video))
    assert not features.sync.any()
    assert features.scene.any()


def test_without_rawnet3_a_voice_says_nothing(few):
    features = ReferenceVSSFlow(few).features(SPOKEN._replace(voice=torch.randn(48_000)))
    assert not features.speaker.any()


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((0.4, 1.6), (0.4, 1.6)),
        (None, (0.0, 2.0)),
        ((0.5, 30.0), (0.5, 2.0)),
        ((1.0, 1.04), (1.0, 1.04)),
    ],
)
def test_speech_is_cut_to_the_clip(few, window, expected):
    features = ReferenceVSSFlow(few).features(SPOKEN._replace(speech_window=window))
    assert torch.equal(features.phones[0], phoneme_ids("hello there", expected, 250))
    assert not features.phones[0, 50:].any()


@pytest.mark.parametrize("window", [(1.0, 1.0), (5.0, 6.0), (2.0, 9.0)])
def test_a_window_without_a_frame_is_silent(few, window):
    assert not ReferenceVSSFlow(few).features(SPOKEN._replace(speech_window=window)).phones.any()


def test_lips_are_padded_with_zeros(few):
    lips = torch.randn(30, 1024)
    features = ReferenceVSSFlow(few).features(SPOKEN._replace(lips=lips))
    assert torch.equal(features.lip[0, :30], lips)
    assert not features.lip[0, 30:].any()
    with pytest.raises(UsageError, match="lip"):
        ReferenceVSSFlow(few).features(SPOKEN._replace(lips=torch.randn(30, 768)))


@pytest.mark.parametrize("sampler", ["fast", "reference"])
def test_a_batch_never_changes_a_clip(few, video, sampler, monkeypatch):
    # the adaptive solver is slow on weights of no meaning; what is in a batch would show as well at fixed steps
    monkeypatch.setattr(reference_module, "sample_reference", partial(sample_reference, method="euler"))
    model = ReferenceVSSFlow(few, sampler=sampler, steps=3 if sampler == "fast" else None)
    first = model.features(SPOKEN)
    second = model.features(Prompt(seconds=1.2, video=video, lips=seeded_input("lips", (40, 1024))))
    both = model.sample(together(first, second), [11, 12])
    for row, (features, seed) in enumerate([(first, 11), (second, 12)]):
        alone = model.sample(features, [seed])
        scale = float(alone.latent.abs().max())
        assert float((both.latent[row] - alone.latent[0]).abs().max()) < 1e-5 * scale
    assert both.latent.shape == (2, 128, 250)
    assert both.evaluations > 0
    assert both.evaluations % 2 == 0


def test_the_authors_sampler_starts_from_the_authors_noise(few, monkeypatch):
    euler = partial(sample_reference, method="euler")
    monkeypatch.setattr(reference_module, "sample_reference", euler)
    model = ReferenceVSSFlow(few, sampler="reference")
    features = model.features(SPOKEN)
    noise = torch.randn([1, 128, 250], generator=torch.Generator().manual_seed(52))
    with torch.no_grad():
        expected = euler(few.dit, few.conditions(features), noise)
    got = model.sample(features, [52])
    assert torch.equal(got.latent, expected.latent)
    assert got.evaluations == expected.evaluations


def test_the_fast_sampler_is_near_the_authors(few):
    features = ReferenceVSSFlow(few).features(SPOKEN)
    exact = ReferenceVSSFlow(few, sampler="reference").sample(features, [7]).latent
    near = ReferenceVSSFlow(few, steps=40).sample(features, [7]).latent
    assert float((near - exact).abs().max() / exact.abs().max()) < 1e-2


def test_the_seed_decides_and_other_clips_do_not(few):
    model = ReferenceVSSFlow(few, steps=2)
    first = model.generate(SPOKEN, seed=1)
    other = model.generate(SPOKEN, seed=2)
    assert torch.equal(model.generate(SPOKEN, seed=1), first)
    assert not torch.equal(first, other)


def test_a_thrifty_model_lets_go_and_sounds_the_same():
    networks = Few()
    lavish = ReferenceVSSFlow(networks, steps=2).generate(SPOKEN, seed=1)
    assert networks.released == ["dit"]  # the folded copy took its place
    networks = Few()
    assert torch.equal(ReferenceVSSFlow(networks, steps=2, low_memory=True).generate(SPOKEN, seed=1), lavish)
    assert networks.released == ["clip", "synchformer", "rawnet3", "dit", "vae", "vocoder"]


def test_damaged_weights_fail_the_clip_in_words():
    networks = Few()
    with torch.no_grad():
        networks.vocoder.conv_post.weight.fill_(torch.nan)
    with pytest.raises(Unmeasurable, match="not finite"):
        ReferenceVSSFlow(networks, steps=2).generate(SPOKEN, seed=1)


@pytest.fixture
def counted(monkeypatch):
    calls = []

    def load(path):
        calls.append(path)
        parts = Few()
        return ReferenceParts(parts.dit, parts.conditions, torch.nn.Linear(1, 1), parts.vae, parts.vocoder)

    monkeypatch.setattr(networks_module, "load_checkpoint", load)
    return calls


def test_networks_are_loaded_when_they_are_used_and_once(counted):
    networks = Networks(WeightFiles(Path("w.ckpt"), None, None))
    assert not counted
    first = networks.vae
    assert networks.vae is first
    assert networks.dit is networks.dit
    assert len(counted) == 1
    networks.release("vae")
    assert networks.vae is not first
    assert len(counted) == 2
    assert networks.synchformer is None
    assert networks.rawnet3 is None


def test_weights_beside_the_checkpoint_are_found(tmp_path):
    checkpoint = tmp_path / "last.ckpt"
    checkpoint.write_bytes(b"a")
    assert find_weight_files(checkpoint) == (checkpoint, None, None)
    (tmp_path / "rawnet3.pt").write_bytes(b"b")
    assert find_weight_files(checkpoint).present == (checkpoint, tmp_path / "rawnet3.pt")
    assert joint_digest({"a": "12"}) == "12"
    assert joint_digest({"a": "12", "b": "34"}) == joint_digest({"b": "34", "a": "12"}) != joint_digest({"a": "12"})


def test_a_faulty_network_beside_the_checkpoint_is_reported_at_once(tmp_path, counted):
    checkpoint = tmp_path / "last.ckpt"
    (tmp_path / "synchformer_state_dict.pth").write_bytes(b"<html>")
    with pytest.raises(UsageError, match=r"synchformer_state_dict\.pth cannot be loaded: a web page"):
        ReferenceVSSFlow.load(checkpoint)
