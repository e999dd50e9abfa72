"""Training of the reference configuration: their training step to the number, and whole trainings at tiny widths."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from support import goldens
from support.seeded_weights import fill, seeded, seeded_input
from support.training_tree import write_tree
from vsseval.errors import UsageError
from vssflow.commands.train import command
from vssflow.conditions import ConditionAssembly, ConditionConfig, Features
from vssflow.dit import DiT, DiTConfig
from vssflow.reference.mel import training_mel
from vssflow.reference.vae import MelVAE, VAEConfig
from vssflow.reference.vocoder import VocoderConfig
from vssflow.training import reference_run
from vssflow.training.mixtures import Mixing
from vssflow.training.recipe import TrainingRecipe
from vssflow.training.reference import ReferenceBatch, ReferenceTraining
from vssflow.training.reference_run import REFERENCE, ReferencePlan, held_out, train_reference
from vssflow.training.rows import phone_rows, read_rows, stretched
from vssflow.training.start import ReferenceShape, read_parts, start_from_stable_audio

GOLDEN = goldens.read(goldens.file("vssflow/f_training_small.npz")).arrays


@pytest.fixture(scope="module")
def golden_training():
    config = ConditionConfig(
        phone=8, cross=32, scene_hidden=64, sync_hidden=32, lip_hidden=48, lip_out=24, sync_out=16
    )  # fmt: skip
    dit = DiT(DiTConfig(channels=64, width=96, layers=2, heads=4, kv_heads=2, cross_width=32))
    conditions, vae = ConditionAssembly(config), MelVAE(VAEConfig(widths=(16, 32, 32), groups=8))
    for network, prefix in ((dit, "vaflow."), (conditions, ""), (vae, "vae.")):
        fill(network, prefix, 0.1)
    return ReferenceTraining(dit, conditions, config, vae, (), mel=lambda sound: training_mel(sound)[..., ::8])


def golden_batch(*, keep, mask=0.0):
    lip, phones = torch.zeros(2, 250, 1024), torch.zeros(2, 250, dtype=torch.long)
    lip[:, :180] = seeded_input("train.lip", (2, 180, 1024))
    phones[:, :200] = torch.arange(400).view(2, 200) % 71
    features = Features(
        lip=lip,
        phones=phones,
        sync=seeded_input("train.sync", (2, 30, 8, 768)).flatten(1, 2),
        scene=seeded_input("train.clip", (2, 100, 768)),
        speaker=seeded_input("train.ref", (2, 256)),
    )
    return ReferenceBatch(0.1 * seeded_input("train.wav", (2, 1, 160_000))[:, 0], features, keep, mask)


@pytest.mark.parametrize("kind", ["cond", "drop"])
def test_the_training_step_equals_the_authors_from_sound_to_loss(golden_training, kind):
    generator = torch.Generator().manual_seed(1234)
    with torch.no_grad():
        loss = golden_training.loss(golden_batch(keep=kind == "cond"), generator)["flow"]
    assert float(loss) == pytest.approx(float(GOLDEN[f"loss_{kind}"]), rel=1e-5)


def test_mel_and_latent_equal_the_authors(golden_training):
    sound = golden_batch(keep=True).sound
    mel = training_mel(sound)[:, ::20].numpy()
    assert np.abs(mel - GOLDEN["mel64"]).max() < 1e-5 * np.abs(GOLDEN["mel64"]).max()
    latent = golden_training.latent(sound, torch.Generator().manual_seed(1234))[..., ::5].numpy()
    assert np.abs(latent - GOLDEN["x1_cond"]).max() < 1e-5 * np.abs(GOLDEN["x1_cond"]).max()


def test_a_mask_takes_frames_of_lips_and_motion_and_nothing_else(golden_training):
    features = golden_batch(keep=True).features
    with torch.no_grad():
        whole = golden_training.conditions(features)
        none = golden_training._masked(whole, 1.0, torch.Generator().manual_seed(0))
        half = golden_training._masked(whole, 0.5, torch.Generator().manual_seed(0))
    assert torch.equal(half.cross, whole.cross)
    assert not none.locked[:, :24].any()
    assert not none.locked[:, 32:].any()
    assert torch.equal(none.locked[:, 24:32], whole.locked[:, 24:32])
    for part, source in ((half.locked[:, 32:], whole.locked[:, 32:]), (half.locked[:, :24], whole.locked[:, :24])):
        kept = (part == source).all(1)
        assert 0.4 < float(kept[source.any(1)].float().mean()) < 0.6
        assert not part.transpose(1, 2)[~kept].any()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("reference") / "tree")


def plan_of(tree, out, **changes):
    recipe = TrainingRecipe(steps=4, batch=2, rate=3e-3, warmup=2, cooldown=0.0, clip=None, average=None, bf16=False)
    known = {"recipe": recipe, "validation": 2, "frozen": (tree / "vae.safetensors",)}
    return ReferencePlan(
        rows=tree / "train.csv", out=out, shape=ReferenceShape.from_file(tree / "tiny.toml"), **{**known, **changes}
    )


def test_the_recipe_is_the_authors():
    assert pytest.approx(1.152e-4) == REFERENCE.rate
    assert (REFERENCE.rate_at(999), REFERENCE.rate_at(250_000)) == (pytest.approx(REFERENCE.rate / 2), REFERENCE.rate)
    assert (REFERENCE.clip, REFERENCE.average, REFERENCE.betas, REFERENCE.weight_decay) == (
        None,
        None,
        (0.9, 0.999),
        0.01,
    )
    with torch.device("meta"):
        numbers = {
            depth: sum(p.numel() for p in DiT(ReferenceShape().of_depth(depth).dit).parameters())
            for depth in (5, 10, 15)
        }
        projections = sum(p.numel() for p in ConditionAssembly(ConditionConfig()).parameters())
    assert numbers[10] + projections == 463_565_184
    assert numbers[15] - numbers[10] == numbers[10] - numbers[5]


def test_a_tiny_training_learns_goes_on_and_writes_the_authors_names(tree, tmp_path):
    frozen = (tree / "vae.safetensors", tree / "vocoder.safetensors")
    recipe = TrainingRecipe(steps=30, batch=4, rate=1e-2, warmup=2, cooldown=0.0, clip=None, average=None,
        save_every=10,
                    listen_every=30, accumulate=2, workers=2)  # fmt: skip
    mixing = Mixing(("add", "insert"), 0.3)
    whole = train_reference(
        plan_of(tree, tmp_path / "a", recipe=recipe, frozen=frozen, mixing=mixing, masks=(0.0, 1.0))
    )
    log = [json.loads(line) for line in (tmp_path / "a/flow/log.jsonl").read_text().splitlines()]
    assert all(log[-1][key] < 0.9 * log[0][key] for key in ("flow", "val_sound", "val_speech")), log
    assert sorted(p.name for p in (tmp_path / "a/flow/samples/000030").iterdir()) == ["sound.wav", "speech.wav"]
    keys = set(load_file(whole))
    assert {"vaflow.time_proj.weight", "lip_proj.0.weight", "phone_embedding.weight", "vae.quant_conv.weight"} < keys
    assert not any(key.startswith("conditions.") for key in keys)
    # the result is a start for further training, with what is frozen in it
    on = plan_of(tree, tmp_path / "b", init=whole, frozen=())
    further = train_reference(on)
    assert set(load_file(further)) == keys


def test_the_command_trains_and_refuses(tree, tmp_path):
    base = ["--config", str(tree / "tiny.toml"), "--rows", str(tree / "train.csv"), "--out", str(tmp_path / "out")]
    run = [*base, "--frozen", str(tree / "vae.safetensors"), "--steps", "2", "--batch", "2"]
    done = CliRunner().invoke(command, run)
    assert done.exit_code == 0, done.output
    assert done.output.endswith("vssflow-reference.safetensors\n")
    facts = (tmp_path / "out/flow/recipe.json").read_text()
    assert f'"rate": {2 * reference_run.RATE_OF_A_CLIP}' in facts
    for wrong, message in (
        ([*run, "--tasks", "v2s"], "--tasks is for --config small"),
        ([*base], "give its weights by --frozen"),
        ([*run, "--init", str(tree / "train.csv")], "train.csv"),
        ([*run, "--layers", "3"], "was begun otherwise"),
        (["--config", "nothing.toml", *run[2:]], "--config nothing.toml is no configuration"),
        (["--config", "reference", "--out", str(tmp_path)], "--rows or --benchmark is missing"),
    ):
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(command, wrong, catch_exceptions=False)


def test_stable_audio_fills_blocks_and_time_layers_only(tmp_path):
    config = DiTConfig(channels=28, width=32, layers=2, heads=2, kv_heads=1, cross_width=16, time_width=16)
    theirs = DiT(DiTConfig(channels=64, width=32, layers=3, heads=2, kv_heads=1, cross_width=16, time_width=16))
    fill(theirs, "stable.")
    save_file({**theirs.state_dict(), "global_proj.0.weight": torch.zeros(2)}, tmp_path / "stable.safetensors")
    torch.manual_seed(0)
    dit, before = DiT(config), {}
    before = {key: value.clone() for key, value in dit.state_dict().items()}
    start_from_stable_audio(dit, tmp_path / "stable.safetensors")
    for key, value in dit.state_dict().items():
        same = before if key.split(".")[0] in {"preprocess_conv", "proj_in", "proj_out", "postprocess_conv"} else None
        assert torch.equal(value, same[key] if same else theirs.state_dict()[key]), key
    deeper = DiT(DiTConfig(**{**config.__dict__, "layers": 4}))
    with pytest.raises(UsageError, match=r"transformer_blocks\.3\.\S+ should be .* there is nothing"):
        start_from_stable_audio(deeper, tmp_path / "stable.safetensors")


def test_frozen_networks_are_known_by_their_tensors(tree, tmp_path):
    clip = {"visual.conv1.weight": seeded("a", (2, 2)), "visual.proj": seeded("b", (2,)), "token": seeded("c", (1,))}
    save_file(clip, tmp_path / "clip.safetensors")
    parts = read_parts((tree / "vae.safetensors", tree / "vocoder.safetensors", tmp_path / "clip.safetensors"))
    assert {key.split(".")[0] for key in parts} == {"vae", "vocoder", "image_encoder"}
    assert "image_encoder.visual.proj" in parts
    save_file({"strange": torch.zeros(1)}, tmp_path / "strange.safetensors")
    with pytest.raises(UsageError, match=r"strange\.safetensors holds neither"):
        read_parts((tmp_path / "strange.safetensors",))


def test_phones_are_stretched_over_the_sound():
    assert phone_rows(51_200) == 80
    assert phone_rows(16_079) == 25
    assert stretched([5, 6, 7], 7).tolist() == [5, 5, 5, 6, 6, 7, 7]
    assert stretched([], 3).tolist() == [0, 0, 0]
    assert len(stretched([1], 0)) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a|b|c", r"line 1: 3 fields; a row has 7"),
        ("a|b|c|d|e|1 x|f", "the phone ids are numbers"),
        ("0.flac|gone.npy|0_ref.npy|0_lip.npy|0_sync.npy||", r"gone\.npy is not there"),
        ("", "holds no row"),
    ],
)
def test_bad_rows_are_named(tree, line, message):
    path = tree / "bad.csv"
    path.write_text(line + "\n")
    with pytest.raises(UsageError, match=message):
        read_rows(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0.flac|0_ref.npy|0_ref.npy|0_lip.npy|0_sync.npy||", r"0_ref\.npy holds \(8,\); its last axis should be 6"),
        ("0.flac|tiny.toml|0_ref.npy|0_lip.npy|0_sync.npy||", r"tiny\.toml cannot be read as an array"),
        ("tiny.toml|0_clip.npy|0_ref.npy|0_lip.npy|0_sync.npy||", r"line 1: .*tiny\.toml"),
        ("0.flac|0_clip.npy|0_ref.npy|0_lip.npy|0_sync.npy|900|", "phone id 900; there are 200"),
    ],
)
def test_features_of_another_shape_are_named(tree, tmp_path, row, message):
    path = tree / "shapes.csv"
    path.write_text(row + "\n")
    with pytest.raises(UsageError, match=message):
        train_reference(ReferencePlan(**{**plan_of(tree, tmp_path / "out").__dict__, "rows": path, "validation": 0}))


def test_validation_leaves_rows_to_train_on():
    assert held_out(1, 32) == ([0], [])
    assert held_out(4, 32) == ([1, 3], [0, 2])
    learn, validation = held_out(1000, 32)
    assert len(learn) + len(validation) == 1000
    assert 32 <= len(validation) <= 34


def test_mixing_needs_rows_of_both_kinds(tree, tmp_path):
    path = tree / "speech.csv"
    path.write_text((tree / "train.csv").read_text().splitlines()[0] + "\n")
    plan = plan_of(tree, tmp_path / "out", mixing=Mixing(("add",), 0.5), mix_rows=path)
    with pytest.raises(UsageError, match="--mix needs rows with phones and rows without"):
        train_reference(plan)


def test_a_small_vocoder_belongs_to_the_shape():
    assert ReferenceShape().vocoder == VocoderConfig()
    with pytest.raises(UsageError, match=r"dit\.channels is 12; latent and conditions need 1952"):
        ReferenceShape(dit=DiTConfig(channels=12))
