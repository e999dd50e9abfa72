"""Synchformer's visual encoder against numbers made by the authors' own module, and what must hold for any weights."""

import zlib

import pytest
import torch

from support import goldens
from support.seeded_weights import fill
from support.vssflow_golden import relative_error
from vsseval.errors import UsageError
from vsseval.networks import synchformer_vision as synchformer
from vsseval.networks.frozen_synchformer import FrozenSynchformer
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.synchformer_vision import SynchformerVision, load_synchformer

PREFIX = "vfeat_extractor."


def unfilled():
    with SkipInitialWeights():
        return SynchformerVision().eval()


@pytest.fixture
def shallow(monkeypatch):
    """The true network, cut to one block."""
    monkeypatch.setattr(synchformer, "LAYERS", 1)
    network = unfilled()
    fill(network, PREFIX)
    return network


@pytest.fixture(scope="module")
def state():
    """Every key in its shape, each tensor one number on the disk."""
    return {PREFIX + key: torch.full((1,), 0.5).expand(value.shape) for key, value in unfilled().state_dict().items()}


def seeded_pixels(key, shape):
    generator = torch.Generator().manual_seed(zlib.crc32(f"input:{key}".encode()))
    return torch.randint(0, 256, shape, generator=generator).to(torch.uint8)


def golden_frames():
    pixels = seeded_pixels("sync.frames", (24, 3, 28, 28)).float() / 255
    return ((pixels - 0.5) / 0.5).repeat_interleave(8, 2).repeat_interleave(8, 3)[None]


@pytest.mark.slow
@pytest.mark.parametrize("file", goldens.files("vssflow/g_synchformer_*.npz"), ids=goldens.name)
def test_synchformer_from_a_file_equals_the_authors(file, tmp_path):
    golden = goldens.read(file).arrays
    network = unfilled()
    fill(network, PREFIX)
    # the file that is handed round holds the other parts of Synchformer too
    whole = {PREFIX + key: value for key, value in network.state_dict().items()}
    torch.save({**whole, "afeat_extractor.bias": torch.zeros(3), "transformer.weight": torch.zeros(2, 2)},
               tmp_path / "synchformer_state_dict.pth")  # fmt: skip
    del network, whole
    network = load_synchformer(tmp_path / "synchformer_state_dict.pth")
    frames = golden_frames()
    assert relative_error(frames[0, :, :, ::56, ::56], golden["x_probe"]) < 1e-6
    blocks = {}
    for index in (0, 11):
        network.blocks[index].register_forward_hook(lambda *given, at=index: blocks.update({at: given[2][:1, ::98]}))
    y = network.encode(frames)
    assert y.shape == (1, 2, 8, 768)
    assert relative_error(blocks[0], golden["h_block0"]) < 1e-5
    assert relative_error(blocks[11], golden["h_block11"]) < 1e-5
    assert relative_error(y, golden["y"]) < 1e-5
    assert relative_error(FrozenSynchformer(network).encode(frames[0]), golden["y"][0]) < 1e-5
    half = FrozenSynchformer(network, dtype=torch.bfloat16).encode(frames[0])
    assert 1e-5 < relative_error(half, golden["y"][0]) < 2e-2


@pytest.mark.parametrize("over_time", [False, True])
def test_divided_attention_is_full_attention_with_a_mask(over_time):
    attention = synchformer.DividedAttention(over_time=over_time)
    fill(attention, "any.", 0.1)
    x = torch.randn(1, 1569, 768)
    place, moment = torch.arange(1568) % 196, torch.arange(1568) // 196
    group = place if over_time else moment
    sees = torch.ones(1569, 1569, dtype=torch.bool)
    sees[1:, 1:] = group[:, None] == group
    with torch.no_grad():
        ours = attention(x)
        q, k, v = attention.qkv(x)[0].view(1569, 3, 12, 64).permute(1, 2, 0, 3)
        for head in range(12):
            scores = (q[head] * 64**-0.5) @ k[head].T
            v[head] = scores.masked_fill(~sees, -torch.inf).softmax(-1) @ v[head]
        expected = attention.proj(v.transpose(0, 1).reshape(1569, 768))
    assert relative_error(ours[0], expected.numpy()) < 1e-5


def test_segments_are_encoded_each_alone(shallow):
    frames = torch.randn(26, 3, 224, 224)
    tokens = shallow.encode(frames)
    assert tokens.shape == (2, 8, 768)
    for index in range(2):
        alone = shallow.encode(frames[8 * index : 8 * index + 16])
        torch.testing.assert_close(tokens[index], alone[0], atol=1e-5, rtol=1e-4)


def test_equal_segments_are_computed_once(shallow):
    frames = torch.full((64, 3, 224, 224), -1.0)
    frames[:12] = torch.randn(12, 3, 224, 224)
    seen = []
    shallow.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    tokens = shallow.encode(frames)
    # the first two hold pictures, the third is padding alone, and so are the others
    assert sum(seen) == 3
    assert tokens.shape == (7, 8, 768)
    assert torch.equal(tokens[2:], tokens[2:3].expand(5, -1, -1))
    with torch.no_grad():
        torch.testing.assert_close(tokens[2], shallow(frames[None, -16:])[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(tokens[1], tokens[2], atol=1e-3)


@pytest.mark.parametrize("shape", [(15, 3, 224, 224), (0, 3, 224, 224), (16, 3, 112, 112), (3, 224, 224)])
def test_other_shapes_are_refused(shallow, shape):
    with pytest.raises(ValueError, match=r"must be \(T, 3, 224, 224\) with T of 16 or more"):
        shallow.encode(torch.zeros(shape))


def test_a_file_of_half_precision_is_widened(tmp_path, state):
    torch.save({"state_dict": {key: value.half() for key, value in state.items()}}, tmp_path / "half.pth")
    network = load_synchformer(tmp_path / "half.pth")
    assert len(network.state_dict()) == 238
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32}
    assert float(network.blocks[11].mlp.fc2.weight[0, 0]) == 0.5
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training


def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, state):
    path = tmp_path / "other.pth"
    bad = dict(state)
    del bad[f"{PREFIX}norm.bias"]
    bad[f"{PREFIX}norm.gain"] = torch.zeros(1)
    bad[f"{PREFIX}temp_embed"] = torch.zeros(1, 4, 768)
    torch.save(bad, path)
    with pytest.raises(UsageError) as caught:
        load_synchformer(path)
    message = str(caught.value)
    assert str(path) in message
    assert f"1 missing: {PREFIX}norm.bias" in message
    assert f"1 unexpected: {PREFIX}norm.gain" in message
    assert f"{PREFIX}temp_embed (1, 4, 768) instead of (1, 8, 768)" in message
    torch.save({key: value for key, value in state.items() if ".blocks." not in key}, path)
    with pytest.raises(UsageError, match=r"216 missing: .* and more"):
        load_synchformer(path)


def test_weights_of_something_else_and_no_weights_are_refused(tmp_path):
    torch.save({"visual.proj": torch.zeros(2)}, tmp_path / "clip.pth")
    with pytest.raises(UsageError, match=r"clip\.pth: no key starts with vfeat_extractor"):
        load_synchformer(tmp_path / "clip.pth")
    with pytest.raises(UsageError, match=r"absent\.pth: no such file"):
        load_synchformer(tmp_path / "absent.pth")
