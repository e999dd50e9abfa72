"""Training: a killed run goes on bit for bit, a model comes back from its file, a batch never changes a clip."""

import json
import os
import subprocess
import sys
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from support.training_runs import still_stage, trained
from vsseval.errors import EnvironmentFault, UsageError
from vssflow.dit import DiT, DiTConfig
from vssflow.small.config import ModelConfig
from vssflow.small.model import Prompt, VSSFlow
from vssflow.training.loop import ProcessGroup, Stage, TrainingRecipe, batches, fit, together
from vssflow.training.monitor import SoundSample
from vssflow.training.optimisers import optimisers
from vssflow.training.recipe import require_same_training, training_facts

ROOT = Path(__file__).parents[2]


def line_stage():
    torch.manual_seed(0)
    module = nn.Linear(3, 1)

    def loss(batch, generator):
        x = torch.randn(len(batch), 3, generator=generator)
        return {"square": (module(x).squeeze(-1) - x.sum(-1)).square().mean()}

    return Stage(module, loss, lambda: {"val": 0.0})


def test_resumed_training_equals_undisturbed_training(tmp_path):
    recipe = TrainingRecipe(steps=40, batch=4, rate=1e-2, warmup=5, save_every=10)
    whole = line_stage()
    fit(whole, recipe, [range(20)], [1] * 20, tmp_path / "whole")

    class Killed(Exception):
        pass

    first, calls = line_stage(), [0]

    def dying(batch, generator):
        calls[0] += 1
        if calls[0] > 25:
            raise Killed
        return first.loss(batch, generator)

    with pytest.raises(Killed):
        fit(Stage(first.module, dying, first.validate), recipe, [range(20)], [1] * 20, tmp_path / "torn")
    again = line_stage()
    fit(again, recipe, [range(20)], [1] * 20, tmp_path / "torn")
    for ours, theirs in zip(again.module.parameters(), whole.module.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    steps = [json.loads(line)["step"] for line in (tmp_path / "torn" / "log.jsonl").read_text().splitlines()]
    assert steps == [10, 20, 30, 40]


def steps_of(folder):
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]


def test_resuming_cuts_the_log_back_to_the_checkpoint(tmp_path):
    recipe = TrainingRecipe(steps=20, batch=4, rate=1e-2, save_every=10)
    fit(line_stage(), recipe, [range(20)], [1] * 20, tmp_path)
    whole = (tmp_path / "log.jsonl").read_text()
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    fit(line_stage(), replace(recipe, steps=10), [range(20)], [1] * 20, tmp_path / "ten")
    (tmp_path / "checkpoint.pt").write_bytes((tmp_path / "ten" / "checkpoint.pt").read_bytes())
    # a kill between log and checkpoint leaves a line too many, a kill within the log half a line
    (tmp_path / "log.jsonl").write_text(whole + whole.splitlines()[0][:9])
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 10
    fit(line_stage(), recipe, [range(20)], [1] * 20, tmp_path)
    assert steps_of(tmp_path) == [10, 20]
    again = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert all(torch.equal(again["module"][key], value) for key, value in state["module"].items())


def test_accumulated_parts_make_the_same_step(tmp_path):
    recipe = TrainingRecipe(steps=9, batch=7, rate=1e-2, warmup=1)
    whole = trained(recipe, tmp_path / "whole")
    parts = trained(replace(recipe, accumulate=3), tmp_path / "parts")
    assert torch.allclose(whole, parts, atol=1e-6)


def test_reading_ahead_changes_nothing(tmp_path):
    def stage():
        inner = line_stage()

        def gather(batch, generator):
            return torch.randn(len(batch), 3, generator=generator)

        def loss(x, generator):
            noise = torch.randn(len(x), generator=generator)
            return {"square": (inner.module(x).squeeze(-1) - x.sum(-1) + noise).square().mean()}

        return Stage(inner.module, loss, dict, gather)

    recipe = TrainingRecipe(steps=12, batch=4, rate=1e-2, warmup=1)
    alone = trained(recipe, tmp_path / "alone", stage())
    ahead = trained(replace(recipe, workers=3), tmp_path / "ahead", stage())
    assert torch.equal(alone, ahead)


def test_without_average_the_weights_are_those_of_the_last_step(tmp_path):
    plain = trained(TrainingRecipe(steps=5, batch=4, rate=1e-2, average=None), tmp_path / "plain")
    state = torch.load(tmp_path / "plain" / "checkpoint.pt", weights_only=True)
    assert state["average"] == {}
    assert torch.equal(plain, torch.cat([state["module"][key].flatten() for key in ("weight", "bias")]))
    assert not torch.equal(plain, trained(TrainingRecipe(steps=5, batch=4, rate=1e-2), tmp_path / "averaged"))


def test_a_constant_rate_does_not_fall():
    recipe = TrainingRecipe(steps=100, batch=1, rate=1.0, warmup=10, cooldown=0.0)
    assert recipe.rate_at(4) == pytest.approx(0.5)
    assert {recipe.rate_at(step) for step in range(10, 100)} == {1.0}


def test_the_gradient_is_clipped_only_where_the_recipe_says_so(tmp_path):
    results = [
        trained(
            TrainingRecipe(steps=1, batch=4, rate=1e-2, clip=clip, warmup=0, weight_decay=0.0), tmp_path / str(clip)
        )
        for clip in (None, 1e6, 1e-12)
    ]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_bfloat16_is_for_gpus_unless_it_is_asked_for():
    asked = {None: [], True: [], False: []}
    for bf16, halves in asked.items():
        recipe = TrainingRecipe(steps=1, batch=4, rate=1e-2, bf16=bf16)
        halves += [recipe.half(torch.device(device)) for device in ("cpu", "cuda")]
    assert asked == {None: [False, True], True: [True, True], False: [False, False]}


def test_bfloat16_changes_the_arithmetic_and_not_what_is_kept(tmp_path):
    recipe = TrainingRecipe(steps=9, batch=7, rate=1e-2, warmup=1)
    single = trained(recipe, tmp_path / "single")
    half = trained(replace(recipe, bf16=True), tmp_path / "half")
    assert half.dtype == torch.float32
    assert not torch.equal(single, half)
    assert torch.allclose(single, half, atol=1e-2)


def test_bad_trainings_end_with_a_message(tmp_path):
    recipe = TrainingRecipe(steps=4, batch=4, rate=1e-2, save_every=2)
    with pytest.raises(UsageError, match="no clip to train empty on"):
        fit(still_stage(), recipe, [], [], tmp_path / "empty")
    with pytest.raises(UsageError, match="8 processes share a batch of 4 clips"):
        fit(still_stage(), recipe, [range(16)], [1] * 16, tmp_path / "crew", ProcessGroup(0, 8))
    fit(still_stage(), recipe, [range(16)], [1] * 16, tmp_path / "other")
    with pytest.raises(UsageError, match="another configuration"):
        fit(Stage(nn.Linear(4, 1), still_stage().loss, dict), recipe, [range(16)], [1] * 16, tmp_path / "other")

    stage = still_stage()
    broken = Stage(stage.module, lambda b, g: {"x": stage.loss(b, g)["square"] * float("nan")}, dict)
    with pytest.raises(UsageError, match="no number any more after step 2"):
        fit(broken, recipe, [range(16)], [1] * 16, tmp_path / "nan")
    assert not (tmp_path / "nan" / "checkpoint.pt").exists()


def test_a_folder_goes_on_with_what_it_was_begun_with(tmp_path):
    recipe = TrainingRecipe(steps=4, batch=4, rate=1e-2)
    path = tmp_path / "flow" / "recipe.json"
    require_same_training(training_facts(recipe, {"tasks": ("v2s",)}), path)
    require_same_training(
        training_facts(replace(recipe, steps=8, save_every=1, accumulate=2), {"tasks": ("v2s",)}), path
    )
    with pytest.raises(UsageError, match=r"batch 4 then, 8 now; tasks \['v2s'\] then, \['vtts'\] now"):
        require_same_training(training_facts(replace(recipe, batch=8), {"tasks": ("vtts",)}), path)


def test_sounds_and_tensorboard_events_are_written(tmp_path):
    def listen():
        yield SoundSample("clip", torch.linspace(-2, 2, 160))

    stage = replace(still_stage(), listen=listen)
    recipe = TrainingRecipe(steps=5, batch=4, rate=1e-2, save_every=1, listen_every=2)
    fit(stage, recipe, [range(16)], [1] * 16, tmp_path)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["000002", "000004", "000005"]
    with wave.open(str(tmp_path / "samples" / "000002" / "clip.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 160)
        samples = np.frombuffer(file.readframes(160), "<i2")
    assert (samples[0], samples[-1]) == (-32767, 32767)

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("square")] == [1, 2, 3, 4, 5]
    assert [event.step for event in events.Audio("clip")] == [2, 4, 5]


def test_without_tensorboard_one_line_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    fit(still_stage(), TrainingRecipe(steps=2, batch=4, rate=1e-2), [range(16)], [1] * 16, tmp_path)
    assert "pip install 'vsseval[train]'" in capsys.readouterr().err
    assert steps_of(tmp_path) == [2]


def test_a_gpu_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EnvironmentFault, match="--device cuda: this machine has no GPU"):
        ProcessGroup.join("cuda")


CREW = """
import os, sys
from pathlib import Path
from support.training_runs import trained
from vssflow.training.loop import ProcessGroup, TrainingRecipe
trained(TrainingRecipe(steps=6, batch=8, rate=1e-2, warmup=1, save_every=3), Path(sys.argv[1]))
ProcessGroup.join().wait()
# gloo's threads sometimes abort while the interpreter is taken down, if the other process has gone first
sys.stderr.flush()
os._exit(0)
"""


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path):
    script = tmp_path / "crew.py"
    script.write_text(CREW)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    subprocess.run([*launch, str(script), str(tmp_path / "two")], env=environment, check=True, timeout=300)
    one = trained(TrainingRecipe(steps=6, batch=8, rate=1e-2, warmup=1), tmp_path / "one")
    two = torch.load(tmp_path / "two" / "checkpoint.pt", weights_only=True)["average"]
    assert torch.allclose(one, torch.cat([two[key].flatten() for key in ("weight", "bias")]), atol=1e-6)
    assert steps_of(tmp_path / "two") == [3, 6]


def test_every_clip_is_seen_once_an_epoch():
    recipe = TrainingRecipe(steps=10, batch=4, rate=1.0)
    order = batches(range(20), list(range(20)), recipe, 0)
    epoch = [index for _ in range(5) for index in next(order)]
    assert sorted(epoch) == list(range(20))


def test_of_tasks_together_each_gives_what_it_would_give_alone():
    recipe = TrainingRecipe(steps=10, batch=4, rate=1.0, seed=3)
    sounds, faces, lengths = range(20), range(20, 33), list(range(33))
    both = together([sounds, faces], lengths, replace(recipe, batch=8), 0)
    alone = [batches(task, lengths, recipe, 0) for task in (sounds, faces)]
    for _ in range(12):
        assert next(both) == [*next(alone[0]), *next(alone[1])]
    with pytest.raises(UsageError, match="cannot be shared evenly by 2 tasks"):
        next(together([sounds, faces], lengths, replace(recipe, batch=3), 0))


def test_rate_rises_holds_and_falls():
    recipe = TrainingRecipe(steps=100, batch=1, rate=1.0, warmup=10, cooldown=0.2)
    assert recipe.rate_at(0) == pytest.approx(0.1)
    assert recipe.rate_at(50) == 1.0
    assert recipe.rate_at(99) < 0.01


def test_muon_moves_the_matrices_of_the_blocks_and_adamw_the_rest():
    dit = DiT(DiTConfig(channels=12, width=8, layers=2, heads=2, kv_heads=1, cross_width=4, time_width=4))
    recipe = TrainingRecipe(steps=1, batch=1, rate=1e-3, optimiser="muon")
    rest, matrices = ({id(p) for group in one.param_groups for p in group["params"]} for one in optimisers(dit, recipe))
    trained = {name: id(p) for name, p in dit.named_parameters() if p.requires_grad}
    inner = {name for name in trained if name.startswith("transformer_blocks.") and name.endswith(".weight")}
    assert {name for name, place in trained.items() if place in matrices} == {
        name for name in inner if "norm" not in name
    }
    assert rest | matrices == set(trained.values())
    assert not rest & matrices
    (alone,) = optimisers(dit, replace(recipe, optimiser="adamw"))
    assert {id(p) for group in alone.param_groups for p in group["params"]} == set(trained.values())


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
    assert back.config.guidance == 3.0
    for key, value in model.state_dict().items():
        assert torch.equal(back.state_dict()[key], value.half().float()), key


def test_a_foreign_file_is_refused_with_its_name(model, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="other.safetensors holds no configuration"):
        VSSFlow.load(path)
    foreign = {f"a{number}": torch.zeros(1) for number in range(model.config.dit.layers)}
    save_file(foreign, path, {"config": model.config.to_json()})
    with pytest.raises(ValueError, match="unexpected keys"):
        VSSFlow.load(path)


def test_generation_is_a_function_of_prompt_and_seed(model):
    features = model.features(Prompt(0.8, transcript="hello", speech_window=(0.1, 0.7)))
    first, second = (model.sample(features, seed=3, steps=2) for _ in range(2))
    assert first.shape == (12800,)
    assert torch.equal(first, second)
    assert not torch.equal(first, model.sample(features, seed=4, steps=2))


def test_generation_needs_nothing_but_a_length(model):
    assert torch.isfinite(model.generate(Prompt(0.4), seed=0)).all()
