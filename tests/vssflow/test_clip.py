"""CLIP's visual tower against numbers made by the authors' own module, and what must hold for any weights."""

import pytest
import torch

from support import goldens
from support.seeded_weights import fill, seeded_input
from support.vssflow_golden import relative_error
from vsseval.networks import clip
from vsseval.networks.clip import Attention, ClipVision
from vsseval.networks.frozen_clip import FrozenClip
from vsseval.networks.skip_initial_weights import SkipInitialWeights


@pytest.fixture
def shallow(monkeypatch):
    """The true network, cut to two blocks."""
    monkeypatch.setattr(clip, "LAYERS", 2)
    with SkipInitialWeights():
        network = ClipVision()
    fill(network)
    return network.eval()


@pytest.mark.slow
@pytest.mark.parametrize("file", goldens.files("vssflow/h_clip_*.npz"), ids=goldens.name)
def test_clip_equals_the_authors(file):
    golden = goldens.read(file).arrays
    with SkipInitialWeights():
        network = ClipVision().eval()
    fill(network)
    frames = seeded_input("clip.frames", (1, 2, 3, 28, 28))[0].repeat_interleave(8, 2).repeat_interleave(8, 3)
    with torch.no_grad():
        raw, normed = network(frames), network(frames, post_norm=True)
    assert relative_error(raw, golden["y"][0]) < 1e-5
    assert relative_error(normed, golden["y_ln_post"][0]) < 1e-5
    assert relative_error(FrozenClip(network).encode(frames), golden["y"][0]) < 1e-5
    half = FrozenClip(network, dtype=torch.bfloat16).encode(frames)
    assert 1e-5 < relative_error(half, golden["y"][0]) < 2e-2
    # the two are far apart: a switch that does nothing would be seen
    assert relative_error(normed, golden["y"][0]) > 0.1


def test_the_names_are_those_of_the_checkpoint():
    with SkipInitialWeights():
        keys = ClipVision().state_dict()
    assert len(keys) == 152
    assert keys["visual.proj"].shape == (768, 512)
    assert "visual.transformer.resblocks.11.attn.in_proj_weight" in keys


def test_attention_is_that_of_torch():
    ours, theirs = Attention(96, 4), torch.nn.MultiheadAttention(96, 4, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 11, 96)
    expected = theirs(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(ours(x), expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(ours(x, 1), expected[:, :1], atol=1e-6, rtol=1e-5)


def test_equal_pictures_are_computed_once_and_the_rest_as_ever(shallow, monkeypatch):
    frames = torch.randn(4, 3, 224, 224)[[0, 0, 1, 2, 2, 2, 1, 3]]
    seen = []
    shallow.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    monkeypatch.setattr(clip, "AT_ONCE", 2)
    features = shallow.encode(frames)
    assert seen == [2, 2, 1]
    with torch.no_grad():
        torch.testing.assert_close(features, shallow(frames), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(features[1], features[2], atol=1e-3)
    assert not features.requires_grad


def test_no_frames_are_refused(shallow):
    with pytest.raises(ValueError, match="no frames"):
        shallow.encode(torch.zeros(0, 3, 224, 224))
