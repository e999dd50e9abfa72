"""Training: a killed run goes on bit for bit, a model comes back from its file, a batch never changes a clip."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from vssflow.config import ModelConfig
from vssflow.small.model import Prompt, VSSFlow
from vssflow.training.loop import Recipe, Stage, batches, fit


def line_stage():
    torch.manual_seed(0)
    module = nn.Linear(3, 1)

    def loss(batch, generator):
        x = torch.randn(len(batch), 3, generator=generator)
        return {"square": (module(x).squeeze(-1) - x.sum(-1)).square().mean()}

    return Stage(module, loss, lambda: {"val": 0.0})


def test_resumed_training_equals_undisturbed_training(tmp_path):
    recipe = Recipe(steps=40, batch=4, rate=1e-2, warmup=5, save_every=10)
    whole = line_stage()
    fit(whole, recipe, range(20), [1] * 20, tmp_path / "whole")

    class Killed(Exception):
        pass

    first, calls = line_stage(), [0]

    def dying(batch, generator):
        calls[0] += 1
        if calls[0] > 25:
            raise Killed
        return first.loss(batch, generator)

    with pytest.raises(Killed):
        fit(Stage(first.module, dying, first.validate), recipe, range(20), [1] * 20, tmp_path / "torn")
    again = line_stage()
    fit(again, recipe, range(20), [1] * 20, tmp_path / "torn")
    for ours, theirs in zip(again.module.parameters(), whole.module.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    steps = [json.loads(line)["step"] for line in (tmp_path / "torn" / "log.jsonl").read_text().splitlines()]
    assert steps == [10, 20, 30, 40]


def test_every_clip_is_seen_once_an_epoch():
    recipe = Recipe(steps=10, batch=4, rate=1.0)
    order = batches(range(20), list(range(20)), recipe, 0)
    epoch = [index for _ in range(5) for index in next(order)]
    assert sorted(epoch) == list(range(20))


def test_rate_rises_holds_and_falls():
    recipe = Recipe(steps=100, batch=1, rate=1.0, warmup=10, cooldown=0.2)
    assert recipe.rate_at(0) == pytest.approx(0.1)
    assert recipe.rate_at(50) == 1.0
    assert recipe.rate_at(99) < 0.01


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = VSSFlow(ModelConfig.named("small")).eval()
    model.codec.fit_components(torch.randn(400, 320))
    return model


def test_weights_come_back_from_their_file(model, tmp_path):
    path = tmp_path / "weights.safetensors"
    model.save(path)
    back = VSSFlow.load(path)
    assert back.config == model.config
    for key, value in model.state_dict().items():
        assert torch.equal(back.state_dict()[key], value.half().float()), key


def test_a_foreign_file_is_refused_with_its_name(model, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="other.safetensors holds no configuration"):
        VSSFlow.load(path)
    save_file({"a": torch.zeros(1)}, path, {"config": model.config.to_json()})
    with pytest.raises(ValueError, match="unexpected keys"):
        VSSFlow.load(path)


def test_generation_is_a_function_of_prompt_and_seed(model):
    frames = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), dtype=np.uint8))
    features = model.encode(Prompt(0.8, transcript="hello", speech_window=(0.1, 0.7)), frames)
    first, second = (model.sample(features, seed=3, steps=2) for _ in range(2))
    assert first.shape == (12800,)
    assert torch.equal(first, second)
    assert not torch.equal(first, model.sample(features, seed=4, steps=2))


def test_generation_needs_nothing_but_a_length(model):
    assert torch.isfinite(model.generate(Prompt(0.4), seed=0)).all()


def test_a_video_without_a_whole_frame_is_a_blank_one(model):
    blank = model.encode(Prompt(0.04), None)
    empty = model.encode(Prompt(0.04), torch.zeros(0, 64, 64, 3, dtype=torch.uint8))
    assert all(torch.equal(a, b) for a, b in zip(blank, empty, strict=True))
