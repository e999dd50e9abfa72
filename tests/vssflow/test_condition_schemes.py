"""The paper's ablation: each scheme trains, samples, and keeps its place in the header of the weights."""

import pytest
import torch

from vsseval.errors import UsageError
from vssflow.conditions import SCHEMES, ConditionAssembly, Features
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow

SMALL = ModelConfig.named("small")


def features(frames=20):
    shapes, draw = SMALL.conditions, torch.Generator().manual_seed(0)
    lip, sync, scene = (torch.randn(2, frames, w, generator=draw) for w in (shapes.lip, shapes.sync, shapes.scene))
    phones = torch.randint(shapes.phones, (2, frames), generator=draw)
    return Features(lip, phones, sync, scene, torch.randn(2, shapes.speaker, generator=draw))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_stream_is_somewhere_and_only_once(scheme):
    config = SMALL.with_scheme(scheme)
    assembly = ConditionAssembly(config.conditions)
    made = assembly(features())
    assert made.locked.shape == (2, config.conditions.channels, 20)
    assert made.cross.shape == (2, 1 + 20 * (4 - len(SCHEMES[scheme])), config.conditions.cross)
    for name in ("lip", "sync", "scene", "phones"):
        changed = features()._replace(**{name: features()._asdict()[name].flip(0)})
        other = assembly(changed)
        stream = "phone" if name == "phones" else name
        assert torch.equal(made.locked, other.locked) == (stream not in SCHEMES[scheme])
        assert torch.equal(made.cross, other.cross) == (stream in SCHEMES[scheme])


@pytest.mark.parametrize("scheme", ["none", "all"])
def test_a_model_of_another_scheme_samples_and_is_read_again(scheme, tmp_path):
    torch.manual_seed(0)
    model = VSSFlow(SMALL.with_scheme(scheme)).eval()
    model.codec.fit_components(torch.randn(400, 320))
    model.save(tmp_path / "w.safetensors")
    again = VSSFlow.load(tmp_path / "w.safetensors")
    assert again.config.conditions.scheme == scheme
    one = Features(*(part[:1] for part in features()))
    assert torch.isfinite(again.sample(one, seed=1, steps=1)).all()


def test_an_unknown_scheme_is_named():
    with pytest.raises(UsageError, match="scheme 'both' is unknown; there is paper, none"):
        SMALL.with_scheme("both")
