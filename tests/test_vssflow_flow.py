"""Path, loss, guidance and solver of flow matching."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.seeded_weights import fill, seeded_input
from vssflow.conditions import Conditions
from vssflow.dit import DiT, DiTConfig
from vssflow.flow import drop, flow_loss, guided_velocity, midpoint, state


@pytest.fixture(scope="module")
def dit():
    model = DiT(DiTConfig(channels=64, width=96, layers=2, heads=4, kv_heads=2, cross_width=32))
    fill(model, "vaflow.", 0.1)
    return model.requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def conditions():
    return Conditions(seeded_input("locked", (2, 32, 25)), seeded_input("cross", (2, 26, 32)))


def test_midpoint_solves_a_linear_field_to_second_order():
    exact = torch.e * torch.ones(1)
    errors = [abs(float(midpoint(lambda x, _: x, torch.ones(1), steps=n) - exact)) for n in (8, 16, 32)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.2)


def test_midpoint_is_exact_on_the_straight_path():
    noise, sound = torch.randn(3, generator=torch.Generator().manual_seed(0)), torch.tensor([1.0, 2.0, 3.0])
    assert torch.allclose(midpoint(lambda _x, _t: sound - noise, noise, steps=3), sound, atol=1e-6)


def test_guidance_of_one_is_the_conditional_field(dit, conditions):
    latent = seeded_input("latent", (2, 32, 25))
    alone = dit(state(latent, conditions), torch.full((2,), 0.3), conditions.cross)[:, :32]
    assert torch.equal(guided_velocity(dit, conditions, guidance=1.0)(latent, 0.3), alone)


def test_guidance_extrapolates_from_the_unconditional_field(dit, conditions):
    latent = seeded_input("latent", (2, 32, 25))
    zero, one, three = (guided_velocity(dit, conditions, guidance=w)(latent, 0.3) for w in (0.0, 1.0, 3.0))
    assert torch.allclose(three, zero + 3 * (one - zero), atol=1e-5)
    empty = guided_velocity(dit, conditions.dropped(), guidance=1.0)(latent, 0.3)
    assert torch.allclose(zero, empty, atol=1e-6)


def test_loss_is_zero_for_the_true_velocity(conditions):
    latent, noise = seeded_input("latent", (2, 32, 25)), seeded_input("noise", (2, 32, 25))

    def oracle(x, t, cross):
        return torch.cat([latent - noise, torch.zeros_like(conditions.locked)], dim=1)

    assert flow_loss(oracle, latent, conditions, noise=noise, t=torch.tensor([0.2, 0.7])).tolist() == [0.0, 0.0]


def test_dropped_clips_lose_all_conditions_and_others_none(conditions):
    dropped = drop(conditions, torch.tensor([True, False]))
    assert torch.equal(dropped.locked[0], conditions.locked[0])
    assert not dropped.locked[1].any()
    assert not dropped.cross[1].any()


@pytest.mark.parametrize("kind", ["cond", "drop"])
def test_training_step_equals_the_authors(kind):
    golden = np.load(Path(__file__).parent / "golden" / "vssflow" / "f_training_small.npz")
    names = ("x0", "x1", "xt", "dx", "pred", "cross")
    x0, x1, xt, dx, predicted, cross = (torch.from_numpy(golden[f"{name}_{kind}"]) for name in names)
    t = torch.from_numpy(golden[f"t_{kind}"])
    seen = []

    def authors(x, time, tokens):
        seen.append(x)
        assert torch.equal(time, t)
        assert torch.equal(tokens, cross)
        return predicted

    loss = flow_loss(authors, x1, Conditions(torch.zeros(2, 1, x0.shape[2]), cross), noise=x0, t=t)
    assert torch.allclose(seen[0][:, :16], xt, atol=1e-6)
    # the stored arrays are every fifth frame of the ten seconds; the loss over them is what they themselves give
    assert torch.allclose(loss, (predicted - dx).square().mean(dim=(1, 2)), rtol=1e-5)
