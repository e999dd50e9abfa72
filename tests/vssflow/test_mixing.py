"""Feature-level mixing equals the authors' to the last bit; the small configuration mixes whole latent frames."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from support.seeded_weights import seeded_input
from vssflow.reference.phonemes.stretch import stretch_index
from vssflow.small.audio import LatentCodec
from vssflow.training.data import Row, Split
from vssflow.training.mixing import MODES, Clip, Mix, Rates, draw, mixed
from vssflow.training.mixtures import Mixing, Mixtures

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "vssflow" / "m_mix_small.npz")
CASES = json.loads(str(GOLDEN["meta"]))["cases"]
SECONDS = {"aud": 10.0, "spk": 3.2, "joint": 6.0, "aud4": 4.0, "spk9": 9.0}


def golden_clip(tag):
    seconds = SECONDS[tag]
    sound = torch.zeros(160_000)
    sound[: int(seconds * 16_000)] = 0.1 * seeded_input(f"mix.wav.{tag}", (int(seconds * 16_000),))
    phones = torch.tensor([59, 47, 56, 50, 9, 58, 59])
    return Clip(
        scene=seeded_input(f"mix.clip.{tag}", (100, 6)),
        sync=seeded_input(f"mix.sync.{tag}", (30, 8, 4)).flatten(0, 1),
        lip=seeded_input(f"mix.lip.{tag}", (int(seconds * 25), 5)),
        phones=phones[stretch_index(7, int(round(seconds, 2) * 25))],
        speaker=seeded_input(f"mix.ref.{tag}", (256,)),
        sound=sound,
    )


def assert_equals_golden(clip, name):
    ours = {
        "video_feat": clip.scene, "synch_feat": clip.sync.view(30, 8, 4), "phone_id": clip.phones.int(),
        "lip_feat": clip.lip, "wav_stride": clip.sound[None, ::100],
    }  # fmt: skip
    for key, value in ours.items():
        assert np.array_equal(value.numpy(), GOLDEN[f"{name}_{key}"]), key
    assert np.array_equal(clip.speaker[:8].numpy(), GOLDEN[f"{name}_ref"]) or np.array_equal(
        clip.speaker[::32].numpy(), GOLDEN[f"{name}_ref"]
    )


@pytest.mark.parametrize("name", ["add", "insert", "addlong"])
def test_mixtures_equal_the_authors(name):
    case = CASES[name]
    speech, sound = case["speech"], case["audio"]
    mix = draw(Random(case["seed"]), 1.0, [SECONDS[speech]], [SECONDS[sound]], [case["mix_mode"]])
    assert (mix.start, mix.seconds, mix.mode) == (case["rand_start_sec"], case["audio_duration"], case["mix_mode"])
    assert_equals_golden(mixed(golden_clip(speech), golden_clip(sound), mix, SECONDS[speech], Rates()), name)


def test_a_plain_clip_takes_one_draw_and_stays_as_it_is():
    random = Random(CASES["joint"]["seed"])
    assert draw(random, 0.5, [3.2], [10.0], MODES) is None
    other = Random(CASES["joint"]["seed"])
    other.random()
    assert random.getstate() == other.getstate()
    assert_equals_golden(golden_clip("joint"), "joint")


def test_speech_that_begins_behind_the_end_is_not_heard():
    sound, speech = golden_clip("aud"), golden_clip("spk")
    far = mixed(speech, sound, Mix(0, 0, 11.0, "insert", 1.0, 12.0), 3.2, Rates())
    assert torch.equal(far.sound, sound.sound)
    assert torch.equal(far.scene, sound.scene)


@pytest.fixture
def split(tmp_path):
    (tmp_path / "clips").mkdir()
    rng = np.random.default_rng(0)
    frames = {"v2s-0": 30, "v2s-1": 12, "vtts-0": 20, "vtts-1": 16}
    rows = []
    for name, count in frames.items():
        sound = rng.normal(0, 3000, count * 640).astype(np.int16)
        np.savez(tmp_path / "clips" / f"{name}.npz", audio=sound)
        rows.append(Row(id=name, task=name.split("-")[0], seconds=count / 25, voice="v" if "t" in name else None))
    return Split(tmp_path, tuple(rows)), list(frames.values())


@pytest.fixture
def codec():
    codec = LatentCodec(8)
    codec.fit_components(torch.randn(400, 320, generator=torch.Generator().manual_seed(0)) * 2 - 6)
    return codec


def small_items(counts):
    generator = torch.Generator().manual_seed(1)
    return [
        {key: torch.randn(count, 4, generator=generator).half() for key in ("lip", "sync", "scene")}
        | {"phones": torch.full((count,), place + 1, dtype=torch.uint8), "speaker": torch.zeros(256).half()}
        for place, count in enumerate(counts)
    ]


@pytest.mark.parametrize("mode", MODES)
def test_small_mixtures_are_the_latents_of_the_mixed_waveform(split, codec, mode):
    data, counts = split
    mixtures = Mixtures(data, small_items(counts), range(4), codec, Mixing((mode,), 1.0))
    random, again = Random(5), Random(5)
    for _ in range(12):
        item, voice = mixtures.draw(random)
        frames = len(item["phones"])
        plan = draw(again, 1.0, mixtures.speech_frames, mixtures.sound_frames, (mode,))
        start, background = int(plan.start), mixtures.sound[plan.sound]
        assert voice == mixtures.speech[plan.speech]
        assert frames == max(counts[background], counts[voice]) == item["latent"].shape[1]
        assert all(len(item[key]) == frames for key in ("lip", "sync", "scene"))
        waves = [
            torch.zeros(frames * 640).index_copy(0, torch.arange(len(x)), x)
            for x in (torch.from_numpy(data.sound(data.rows[i]) / 32768).float() for i in (background, voice))
        ]
        first, last = start * 640, (start + counts[voice]) * 640
        expected = waves[0].clone()
        expected[first:last] = expected[first:last] * (plan.gain if mode == "add" else 0) + waves[1][: last - first]
        assert torch.allclose(item["latent"], codec.encode(expected[None])[0], atol=1e-5)
        said = item["phones"] > 0
        assert said.nonzero().min() == start
        assert said.sum() == counts[voice]


def test_a_share_stays_plain(split, codec):
    data, counts = split
    mixtures = Mixtures(data, small_items(counts), range(4), codec, Mixing(MODES, 0.25))
    random = Random(0)
    mixed_ones = sum(mixtures.draw(random) is not None for _ in range(400))
    assert 70 < mixed_ones < 130


def test_mixing_needs_both_kinds_of_clips(split, codec):
    from vsseval.errors import UsageError

    data, counts = split
    with pytest.raises(UsageError, match="needs clips of both tasks"):
        Mixtures(data, small_items(counts), [0, 1], codec, Mixing(MODES, 0.5))
