"""VSSFlow behind the harness's protocol: cards without torch, one take a request, errors in words."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.media import sha256, write_mp4
from vsseval.models.base import ModelOptions
from vsseval.types import Medium, Request
from vssflow.plugin import read_generation_options, vssflow_model
from vssflow.reference.card import GenerationOptions
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    model = VSSFlow(ModelConfig.named("small"))
    model.codec.fit_components(torch.randn(400, 320))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (25, 96, 96, 3), dtype=np.uint8)
    write_mp4(path, frames, 25)
    return Medium(path=path, sha256=sha256(path))


def test_card_comes_without_the_network(checkpoint):
    code = (
        "import sys; from pathlib import Path; from vssflow.plugin import vssflow_model;"
        "from vsseval.models.base import ModelOptions;"
        f"print(vssflow_model(ModelOptions(checkpoint=Path({str(checkpoint)!r}))).card.name, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["vssflow", "False"]


def test_card_follows_the_weights(checkpoint, tmp_path):
    other = tmp_path / "other.safetensors"
    data = checkpoint.read_bytes()
    other.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    cards = [vssflow_model(ModelOptions(checkpoint=path)).card for path in (checkpoint, other)]
    assert cards[0].weights != cards[1].weights
    assert "tiny.safetensors" in cards[0].note


def test_a_clip_does_not_depend_on_other_clips(checkpoint, video):
    requests = [
        Request(id="a", duration=1.0, seed=1, video=video),
        Request(id="b", duration=0.6, seed=2, video=video, transcript="hello", speech_window=(0.1, 0.5)),
    ]
    together = {
        output.id: output.samples for output in vssflow_model(ModelOptions(checkpoint=checkpoint)).generate(requests)
    }
    alone = next(vssflow_model(ModelOptions(checkpoint=checkpoint)).generate(requests[1:])).samples
    assert together["a"].shape == (16000,)
    assert together["b"].shape == (9600,)
    assert np.array_equal(together["b"], alone)


def test_an_unreadable_video_fails_its_clip_only(checkpoint, video, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"")
    requests = [
        Request(id="bad", duration=0.4, seed=1, video=Medium(path=broken, sha256="0" * 64)),
        Request(id="good", duration=0.4, seed=1, video=video),
    ]
    bad, good = vssflow_model(ModelOptions(checkpoint=checkpoint)).generate(requests)
    assert "broken.mp4" in bad.error
    assert good.samples is not None


def test_a_missing_or_foreign_checkpoint_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        vssflow_model(ModelOptions(checkpoint=tmp_path / "nowhere"))
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"not weights")
    with pytest.raises(UsageError, match="foreign.safetensors cannot be loaded"):
        vssflow_model(ModelOptions(checkpoint=foreign))
    torch.save({"encoder.weight": torch.ones(2)}, tmp_path / "other.pt")
    with pytest.raises(UsageError, match="other.pt cannot be loaded"):
        next(
            vssflow_model(ModelOptions(checkpoint=tmp_path / "other.pt")).generate(
                [Request(id="a", duration=0.4, seed=1)]
            )
        )


def test_an_impossible_window_fails_its_clip_only(checkpoint):
    requests = [
        Request(id="bad", duration=0.4, seed=1, transcript="hello", speech_window=(0.3, 0.1)),
        Request(id="good", duration=0.4, seed=1),
    ]
    bad, good = vssflow_model(ModelOptions(checkpoint=checkpoint)).generate(requests)
    assert "ends before it begins" in bad.error
    assert good.samples is not None


def test_a_clip_longer_than_a_window_is_made_whole(checkpoint, monkeypatch):
    monkeypatch.setattr(VSSFlow, "longest", 3.0)
    output = next(vssflow_model(ModelOptions(checkpoint=checkpoint)).generate([Request(id="a", duration=3.3, seed=1)]))
    assert output.samples.shape == (52_800,)


def test_an_absent_device_is_named(checkpoint):
    model = vssflow_model(ModelOptions(checkpoint=checkpoint, device="cuda:77"))
    with pytest.raises(EnvironmentFault, match="cuda:77"):
        next(model.generate([Request(id="a", duration=0.4, seed=1)]))


@pytest.mark.parametrize(
    ("argument", "generation"),
    [
        (None, GenerationOptions()),
        ("", GenerationOptions()),
        ("fast", GenerationOptions()),
        ("reference", GenerationOptions(sampler="reference")),
        ("steps=6", GenerationOptions(steps=6)),
        (" fast , steps=6 ", GenerationOptions(steps=6)),
        ("bf16,steps=6", GenerationOptions(steps=6, half=True)),
    ],
)
def test_words_after_the_colon(argument, generation):
    assert read_generation_options(argument) == generation


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("author", "'author' is unknown; known are reference, fast, steps=N, lips=DIR"),
        ("reference,fast", "reference and fast exclude each other"),
        ("steps=0", "steps=8 is one"),
        ("steps=six", "steps=8 is one"),
        ("steps", "needs a value"),
        ("lips=", "needs a value"),
        ("lips=a,lips=b", "a and b exclude each other"),
        ("reference=1", "is unknown"),
        ("reference,steps=6", "chooses its steps itself"),
        ("bf16=1", "is unknown"),
        ("bf16,bf16", "bf16 and bf16 exclude"),
        ("bf16,reference", "the authors compute in single precision"),
    ],
)
def test_other_words_after_the_colon_are_refused_with_the_known_ones(argument, says):
    with pytest.raises(UsageError, match=says):
        read_generation_options(argument)


def test_the_small_model_takes_no_words(checkpoint):
    with pytest.raises(UsageError, match="is for a checkpoint of the authors: add --checkpoint FILE"):
        vssflow_model(ModelOptions(argument="reference", checkpoint=checkpoint))
