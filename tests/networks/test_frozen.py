"""Frozen networks give the numbers of those that they were made of, and state what bfloat16 costs."""

import pytest
import torch
from torch.nn import functional as F

from support.seeded_weights import fill
from support.vssflow_golden import relative_error
from vsseval.networks import clip, frozen_linear, synchformer_vision
from vsseval.networks.clip import Attention, ClipVision
from vsseval.networks.frozen_attention import AskedOnce
from vsseval.networks.frozen_clip import FrozenClip
from vsseval.networks.frozen_linear import FrozenLinear, FrozenNorm, frozen
from vsseval.networks.frozen_synchformer import FrozenSynchformer
from vsseval.networks.processor import multiplies_bfloat16
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.synchformer_vision import SynchformerVision

HALF = 2e-2
"""Of the greatest feature: what bfloat16 may move a vision network by."""


def seeded(kind):
    with SkipInitialWeights():
        network = kind().eval().requires_grad_(requires_grad=False)
    fill(network)
    return network


@pytest.fixture
def synchformer(monkeypatch):
    """The true network, cut to one block."""
    monkeypatch.setattr(synchformer_vision, "LAYERS", 1)
    return seeded(SynchformerVision)


@pytest.fixture
def tower(monkeypatch):
    """The true network, cut to two blocks."""
    monkeypatch.setattr(clip, "LAYERS", 2)
    return seeded(ClipVision)


def video(frames):
    return torch.randn(frames, 3, 224, 224, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("activation", "function"), [("none", lambda x: x), ("gelu", F.gelu), ("swish", F.silu)])
def test_a_frozen_layer_is_the_layer_and_its_activation(activation, function, packed, monkeypatch):
    if not packed:
        monkeypatch.setattr(frozen_linear, "_packed", lambda _weight: None)
    layer, x = torch.nn.Linear(40, 24), torch.randn(7, 40)
    expected = function(layer(x)).detach()
    quick = FrozenLinear(layer.weight, layer.bias, dtype=torch.float32, activation=activation)
    assert relative_error(quick(x), expected.numpy()) < 1e-6
    half = frozen(layer, torch.bfloat16, activation)(x)
    assert half.dtype == torch.bfloat16
    assert 0 < relative_error(half.float(), expected.numpy()) < HALF


def test_a_frozen_layer_is_a_copy():
    layer, norm, x = torch.nn.Linear(8, 8), torch.nn.LayerNorm(8), torch.randn(3, 8)
    quick, normed = frozen(layer, torch.float32), FrozenNorm(norm)
    before = quick(x), normed(x)
    with torch.no_grad():
        for part in (layer, norm):
            part.weight.mul_(2)
            part.bias.add_(1)
    assert torch.equal(quick(x), before[0])
    assert torch.equal(normed(x), before[1])


def test_one_query_needs_no_keys_and_values():
    attention = Attention(96, 4)
    torch.nn.init.normal_(attention.in_proj_bias)
    x = torch.randn(5, 11, 96)
    once = AskedOnce(
        attention.in_proj_weight, attention.in_proj_bias, frozen(attention.out_proj, torch.float32), attention.heads
    )
    with torch.no_grad():
        expected = attention(x, 1)[:, 0]
        assert relative_error(once(x), expected.numpy()) < 1e-5


def test_synchformer_frozen_gives_the_same_tokens(synchformer):
    frames = video(18)
    expected = synchformer.encode(frames).numpy()
    assert relative_error(FrozenSynchformer(synchformer).encode(frames), expected) < 1e-5
    half = FrozenSynchformer(synchformer, dtype=torch.bfloat16).encode(frames)
    assert half.dtype == torch.float32
    assert 0 < relative_error(half, expected) < HALF


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_else_is_in_the_video_changes_no_bit_of_a_segment(synchformer, dtype):
    frames, network = video(24), FrozenSynchformer(synchformer, dtype=dtype)
    together = network.encode(frames)
    for index in range(2):
        assert torch.equal(together[index], network.encode(frames[8 * index : 8 * index + 16])[0])


def test_frames_that_segments_share_are_cut_once(synchformer, monkeypatch):
    network, seen = FrozenSynchformer(synchformer), []
    network.patches.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    monkeypatch.setattr(network, "_segment", lambda x: x)
    frames = video(64)
    frames[48:] = -1.0
    # the one at 48 is all padding
    assert network.encode(frames).shape == (7, 1569, 768)
    assert seen == [4 * 196] * 8
    seen.clear()
    frames[:] = -1.0
    assert network.encode(frames).shape == (7, 1569, 768)
    assert seen == [4 * 196] * 2


@pytest.mark.parametrize("shape", [(15, 3, 224, 224), (16, 3, 112, 112)])
def test_other_shapes_are_refused(synchformer, shape):
    with pytest.raises(ValueError, match=r"must be \(T, 3, 224, 224\) with T of 16 or more"):
        FrozenSynchformer(synchformer).encode(torch.zeros(shape))


def test_clip_frozen_gives_the_same_features(tower):
    frames = video(3)
    expected = tower.encode(frames).numpy()
    quick = FrozenClip(tower).encode(frames)
    assert relative_error(quick, expected) < 1e-5
    half = FrozenClip(tower, dtype=torch.bfloat16).encode(frames)
    assert half.dtype == torch.float32
    assert 0 < relative_error(half, expected) < HALF


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_pictures_change_no_bit_and_equal_ones_are_seen_once(tower, dtype):
    frames, network, seen = video(3)[[0, 0, 1, 1, 2]], FrozenClip(tower, dtype=dtype), []
    network.patches.register_forward_hook(lambda *_: seen.append(1))
    together = network.encode(frames)
    assert len(seen) == 3
    assert torch.equal(together[[0, 2]], together[[1, 3]])
    for picture, feature in zip(frames[[0, 2, 4]], together[[0, 2, 4]], strict=True):
        assert torch.equal(network.encode(picture[None])[0], feature)


@pytest.mark.parametrize(
    ("flags", "does"), [("fpu avx512f avx512_bf16 amx_tile", True), ("fpu amx_bf16", True), ("fpu avx512f", False)]
)
def test_the_processor_says_what_it_multiplies_in(tmp_path, flags, does):
    facts = tmp_path / "cpuinfo"
    facts.write_text(f"processor\t: 0\nmodel name\t: avx512_bf16 in a name\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
    assert multiplies_bfloat16(facts) is does
    assert not multiplies_bfloat16(tmp_path / "absent")
