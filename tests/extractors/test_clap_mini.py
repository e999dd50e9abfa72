"""The small text-audio encoder: what it gives, what it tells apart, and how it is trained."""

import hashlib
import json
from importlib import resources

import numpy as np
import pytest

from support import build_plugins
from tools import train_clap_mini
from tools.mini.v2s import make_event_layer
from vsseval.benchmarks.mini import mini_joint, mini_v2s
from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors import clap_mini
from vsseval.extractors.clap_mini_words import unread
from vsseval.media import Audio
from vsseval.weights import shipped as weights


@pytest.fixture(scope="module")
def encoder():
    return build_plugins.build_extractor("clap_mini")


@pytest.fixture(scope="module")
def clips():
    """Sounds and captions that the encoder was not trained on."""
    layers = [
        make_event_layer(np.random.default_rng([77, k]), label, 4.0)
        for k, label in enumerate(["ball_bounce", "drum", "drip", "engine", "siren", "rain"] * 2)
    ]
    return [(Audio(layer.audio, 16_000), layer.caption) for layer in layers]


def score(encoder, audio, caption):
    return build_plugins.build_metric("clap_score@mini").score(encoder.extract(audio), encoder.extract(caption)).value


def test_vectors_of_unit_length_in_one_space(encoder, clips):
    for source in clips[0]:
        vector = encoder.extract(source)["embedding"]
        assert vector.shape == (clap_mini.DIMENSIONS,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_own_sound_beats_other_sounds_noise_and_silence(encoder, clips):
    rng = np.random.default_rng(0)
    noise, silence = Audio(0.05 * rng.standard_normal(64_000), 16_000), Audio(np.zeros(64_000), 16_000)
    own = np.mean([score(encoder, audio, caption) for audio, caption in clips])
    other = np.mean([score(encoder, audio, clips[k - 1][1]) for k, (audio, _) in enumerate(clips)])
    blank = [np.mean([score(encoder, sound, caption) for _, caption in clips]) for sound in (noise, silence)]
    assert own > other + 0.3
    assert own > max(blank) + 0.3


def test_level_and_wording_matter_little(encoder, clips):
    audio, caption = clips[1]
    quiet = Audio(audio.samples * 0.4, 16_000)
    assert score(encoder, quiet, caption) == pytest.approx(score(encoder, audio, caption), abs=0.25)
    assert score(encoder, audio, "the sound of a drum") > score(encoder, audio, "rain falling on a roof") + 0.3


@pytest.mark.parametrize(
    ("caption", "why"),
    [
        ("a dog barks", "not trained on the words barks, dog"),
        ("playing accordion", "not trained on the words accordion"),
        ("rain, and a bird", "not trained on the words bird"),
        ("someone hits the floor", "not trained on the words hits"),
        ("a person on a wooden floor", "names none of the encoder's twelve classes"),
    ],
)
def test_captions_of_other_things_are_unknown_and_have_no_score(encoder, caption, why):
    with pytest.raises(Unmeasurable, match=f"^unknown, the caption '{caption}' is outside the twelve classes.*{why}"):
        encoder.extract(caption)


def test_every_caption_of_the_mini_benchmarks_is_known():
    captions = [sample.caption for make in (mini_v2s, mini_joint) for sample in make().samples()]
    assert len(captions) == 84
    assert [caption for caption in captions if unread(caption)] == []


def test_silence_is_below_every_sound(encoder, clips):
    silence = Audio(np.full(64_000, 1e-4), 16_000)
    for audio, caption in clips:
        assert score(encoder, silence, caption) == -1 < score(encoder, Audio(-audio.samples, 16_000), caption)


def test_short_sounds_are_filled_up_and_empty_ones_refused(encoder):
    assert encoder.extract(Audio(np.ones(10), 16_000))["embedding"].shape == (128,)
    with pytest.raises(Unmeasurable, match="no samples"):
        encoder.extract(Audio(np.zeros(0), 16_000))
    with pytest.raises(Unmeasurable, match="holds no word"):
        encoder.extract(" ?! ")


def test_tokens_are_words_pairs_and_pieces():
    rows = clap_mini.tokens("A dog")
    assert len(rows) == 2 + 1 + (1 + 0 + 0) + (3 + 2 + 1)
    assert rows == clap_mini.tokens("a  DOG!")
    assert all(0 <= row < clap_mini.BUCKETS for row in rows)


def test_the_weights_are_the_pinned_ones_and_small():
    content = (resources.files(weights) / "clap_mini.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == clap_mini.WEIGHTS
    assert len(content) < 3_000_000


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """A training split of two classes that any network can learn: low and high hums."""
    folder = tmp_path_factory.mktemp("split")
    (folder / "clips").mkdir()
    rng, rows = np.random.default_rng(0), []
    for k in range(40):
        label, hertz, caption = (("low", 200, "a low hum"), ("high", 3000, "a shrill whistle"))[k % 2]
        wave = 0.3 * np.sin(2 * np.pi * hertz * rng.uniform(0.9, 1.1) * np.arange(16_000) / 16_000)
        np.savez(folder / "clips" / f"v2s-{k:06d}.npz", audio=np.round(wave * 32767).astype(np.int16))
        rows.append({"id": f"v2s-{k:06d}", "task": "v2s", "label": label, "caption": caption})
    rows.append({"id": "vtts-000000", "task": "vtts", "label": None, "caption": None})
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_training_learns_to_tell_two_sounds_apart_and_repeats(split, monkeypatch):
    for name, small in (("BATCH", 8), ("BLANKS", 2), ("CROP", 50)):
        monkeypatch.setattr(train_clap_mini, name, small)
    clips = train_clap_mini.load(split)
    assert len(clips) == 40
    figures = train_clap_mini.evaluate(train_clap_mini.train(clips, epochs=5, seed=0), clips[:10])
    assert figures["class"] == 1
    assert figures["own"] > figures["other"] + 0.1
    again = train_clap_mini.train(clips, epochs=1, seed=3), train_clap_mini.train(clips, epochs=1, seed=3)
    first, second = (network["text"][0].weight.detach().numpy() for network in again)
    assert (first == second).all()


def test_a_folder_without_an_index_names_the_command(tmp_path):
    with pytest.raises(UsageError, match=r"tools\.mini train"):
        train_clap_mini.load(tmp_path)
