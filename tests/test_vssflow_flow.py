"""Path and loss of flow matching."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.seeded_weights import seeded_input
from vssflow.conditions import Conditions
from vssflow.flow import drop, flow_loss


@pytest.fixture(scope="module")
def conditions():
    return Conditions(seeded_input("locked", (2, 32, 25)), seeded_input("cross", (2, 26, 32)))


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
