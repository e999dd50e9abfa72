"""A transformer of another size from a trained one."""

from dataclasses import replace

import pytest
import torch

from support.seeded_weights import seeded_input
from vsseval.errors import UsageError
from vssflow.conditions import Conditions
from vssflow.dit import DiT, DiTConfig
from vssflow.flow import velocity
from vssflow.training.resized import principal_axes, resize

SMALL = DiTConfig(channels=24, width=32, layers=2, heads=4, kv_heads=2, cross_width=12, time_width=8)


@pytest.fixture(scope="module")
def given():
    """A transformer whose norms and biases are not those of the beginning."""
    torch.manual_seed(0)
    dit = DiT(SMALL)
    with torch.no_grad():
        for name, value in dit.named_parameters():
            if "norm" in name or name.endswith("bias"):
                value.add_(0.3 * torch.rand_like(value))
    return dit


def seen(number):
    locked, cross = seeded_input(f"locked-{number}", (4, 8, 10)), seeded_input(f"cross-{number}", (4, 11, 12))
    return seeded_input(f"point-{number}", (4, 16, 10)), Conditions(locked, cross), torch.tensor([0.1, 0.4, 0.6, 0.9])


def unlike(dit, given):
    """Relative error of the velocity on what was not seen."""
    point, conditions, t = seen(9)
    with torch.no_grad():
        theirs = velocity(given, point, conditions, t)
        return float((velocity(dit, point, conditions, t) - theirs).norm() / theirs.norm())


def resized(given, **sizes):
    torch.manual_seed(1)
    dit = DiT(replace(SMALL, **sizes))
    resize(dit, given, (seen(number) for number in range(3)))
    return dit


def test_further_blocks_change_nothing(given):
    assert unlike(resized(given, layers=5), given) < 1e-5


def test_all_further_blocks_can_learn(given):
    dit = resized(given, layers=5)
    point, conditions, t = seen(9)
    velocity(dit, point, conditions, t).square().mean().backward()
    for block in dit.transformer_blocks:
        assert block.ff.net[2].weight.grad.abs().max() > 0
        assert block.attn1.to_out[0].weight.grad.abs().max() > 0


def test_a_narrower_one_is_nearer_the_less_is_left_out(given):
    torch.manual_seed(1)
    anew = unlike(DiT(replace(SMALL, width=24)), given)
    narrower = [unlike(resized(given, width=width, layers=3), given) for width in (24, 28, 32)]
    assert narrower[2] < 1e-5 < narrower[1] < narrower[0] < 0.8 * anew


def test_the_mean_over_channels_stays_the_mean():
    rows = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    rows -= rows.mean(dim=1, keepdim=True)
    axes = principal_axes(rows.T @ rows, 6)
    torch.testing.assert_close(axes.T @ axes, torch.eye(6), atol=1e-6, rtol=0)
    mean = (torch.ones(8) / 8**0.5) @ axes
    torch.testing.assert_close(mean, torch.ones(6) / 6**0.5, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [({"width": 64}, "narrower and deeper"), ({"layers": 1}, "narrower and deeper"), ({"heads": 8}, "keeps heads: 4")],
)
def test_other_sizes_are_refused(given, sizes, message):
    with pytest.raises(UsageError, match=message):
        resized(given, **sizes)
