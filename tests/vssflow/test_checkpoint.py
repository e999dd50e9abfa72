"""The authors' checkpoint taken apart: every key in its place, any depth, and words for what does not fit."""

import json

import pytest
import torch

from support import seeded_checkpoint
from support.seeded_weights import seeded
from vsseval.errors import UsageError
from vssflow.reference import checkpoint as module
from vssflow.reference.checkpoint import load_checkpoint
from vssflow.reference.checkpoint_networks import blocks, is_reference, require_parts


@pytest.fixture
def state(monkeypatch):
    """A state dict of the right shapes that takes no memory, in the place of a file's."""
    found = {}

    def fill(depth):
        found.clear()
        for key, spec in seeded_checkpoint.layout(depth).items():
            found[key] = torch.zeros(()).expand(spec["shape"])
        return found

    monkeypatch.setattr(module, "read_state_dict", lambda _path: dict(found))
    return fill


def refusal(path):
    with pytest.raises(UsageError) as error:
        load_checkpoint(path)
    return str(error.value)


def test_the_layout_has_the_authors_keys():
    published = json.loads(seeded_checkpoint.KEYS.read_text())
    assert seeded_checkpoint.layout() == published
    assert len(published) == 750
    assert blocks(published.keys()) == 10
    assert is_reference(published.keys())


@pytest.mark.parametrize("depth", [5, 10, 15])
def test_every_key_finds_its_place_at_every_depth(state, tmp_path, depth):
    keys = state(depth)
    parts = load_checkpoint(tmp_path / "w.ckpt")
    assert parts.dit.config.layers == depth
    count = sum(len(part.state_dict()) for part in parts)
    assert count == len(keys)
    numbers = sum(value.numel() for part in parts for value in part.state_dict().values())
    assert numbers == sum(value.numel() for value in keys.values())
    assert not any(parameter.requires_grad or parameter.is_meta for part in parts for parameter in part.parameters())
    assert not any(part.training for part in parts)
    if depth == 10:
        assert numbers == 660_399_722


def test_half_precision_is_widened(state, tmp_path):
    keys = state(1)
    keys |= {key: value.half() for key, value in keys.items()}
    parts = load_checkpoint(tmp_path / "w.ckpt")
    assert {parameter.dtype for part in parts for parameter in part.parameters()} == {torch.float32}


def test_the_trained_part_alone_is_refused_with_what_is_missing(state, tmp_path):
    keys = state(10)
    for key in [key for key in keys if key.startswith(("image_encoder.", "vae.", "vocoder."))]:
        del keys[key]
    assert len(keys) == 198
    message = refusal(tmp_path / "w.ckpt")
    for words in ("w.ckpt", "CLIP's vision tower (image_encoder.*)", "the mel VAE (vae.*)", "the vocoder (vocoder.*)"):
        assert words in message
    assert "trained part only" in message


def test_another_network_is_refused(state, tmp_path):
    keys = state(1)
    keys.clear()
    keys |= {"encoder.weight": torch.ones(2)}
    message = refusal(tmp_path / "w.ckpt")
    assert "the transformer (vaflow.*)" in message
    assert "the vocoder" in message


def test_missing_and_unexpected_keys_and_other_shapes_are_named_and_counted(state, tmp_path):
    keys = state(2)
    for index in range(7):
        del keys[f"vae.decoder.up_blocks.{index // 3}.resnets.{index % 3}.conv1.weight"]
        keys[f"vocoder.more.{index}"] = torch.ones(1)
    keys["vaflow.proj_in.weight"] = torch.ones(64, 96)
    message = refusal(tmp_path / "w.ckpt")
    assert "7 missing: vae.decoder.up_blocks.0.resnets.0.conv1.weight" in message
    assert "7 unexpected: vocoder.more.0, vocoder.more.1" in message
    assert "vocoder.more.6" not in message
    assert "1 of another shape: vaflow.proj_in.weight (64, 96) instead of (1536, 1952)" in message
    assert "2 blocks" in message


def test_a_gap_in_the_blocks_is_named(state, tmp_path):
    keys = state(4)
    for key in [key for key in keys if key.startswith("vaflow.transformer_blocks.2.")]:
        del keys[key]
    assert "vaflow.transformer_blocks.2.norm1.weight" in refusal(tmp_path / "w.ckpt")


def test_split_weights_of_the_vocoder_are_joined(state, tmp_path):
    keys = state(1)
    weight = torch.randn(keys["vocoder.conv_pre.weight"].shape, generator=torch.Generator().manual_seed(0))
    del keys["vocoder.conv_pre.weight"]
    keys["vocoder.conv_pre.weight_g"] = weight.flatten(1).norm(dim=1).view(-1, 1, 1)
    keys["vocoder.conv_pre.weight_v"] = 3 * weight
    joined = load_checkpoint(tmp_path / "w.ckpt").vocoder.conv_pre.weight
    assert torch.allclose(joined, weight, atol=1e-6)


def test_older_names_in_the_vae_are_understood(state, tmp_path):
    keys = state(1)
    path = "vae.decoder.mid_block.attentions.0"
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        for kind in ("weight", "bias"):
            keys[f"{path}.{old}.{kind}"] = keys.pop(f"{path}.{new}.{kind}")
    load_checkpoint(tmp_path / "w.ckpt")


def test_parts_are_required_by_name_alone(tmp_path):
    require_parts(tmp_path, seeded_checkpoint.layout(5))
    with pytest.raises(UsageError, match=r"the mel VAE \(vae\.\*\) is missing"):
        require_parts(tmp_path, [key for key in seeded_checkpoint.layout(5) if not key.startswith("vae.")])
    assert blocks([]) == 0


@pytest.mark.slow
def test_a_file_of_lightning_gives_its_weights(tmp_path):
    path = tmp_path / "one.ckpt"
    seeded_checkpoint.write(path, blocks=1)
    parts = load_checkpoint(path)
    for key, value in (
        ("vaflow.proj_in.weight", parts.dit.proj_in.weight),
        ("phone_embedding.weight", parts.conditions.phone_embedding.weight),
        ("image_encoder.visual.proj", parts.clip.visual.proj),
        ("vae.quant_conv.bias", parts.vae.quant_conv.bias),
        ("vocoder.mean", parts.vocoder.mean),
    ):
        assert torch.equal(value, 0.02 * seeded(key, value.shape)), key
    path.unlink()
