"""Path and loss of flow matching."""

from pathlib import Path

import numpy as np
import pytest
import torch

from support.seeded_weights import seeded_input
from vssflow.conditions import Conditions
from vssflow.dit import DiT, DiTConfig, attend
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
    golden = np.load(Path(__file__).parents[1] / "golden" / "vssflow" / "f_training_small.npz")
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


def test_attention_on_a_cpu_is_computed_in_single_precision_and_given_back_in_half():
    query, key, value = (seeded_input(name, (2, 3, 50, 16)).bfloat16() for name in ("query", "key", "value"))
    whole = attend(query.float(), key.float(), value.float())
    with torch.autocast("cpu", torch.bfloat16):
        half = attend(query, key, value)
    assert half.dtype == torch.bfloat16
    assert torch.equal(half, whole.bfloat16())


def test_a_step_in_bfloat16_goes_the_way_of_the_whole_one(conditions):
    torch.manual_seed(0)
    dit = DiT(DiTConfig(channels=64, width=64, layers=2, heads=2, kv_heads=1, cross_width=32, time_width=32))
    latent, noise, t = seeded_input("latent", (2, 32, 25)), seeded_input("noise", (2, 32, 25)), torch.tensor([0.2, 0.7])

    def gradient(*, half):
        dit.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = flow_loss(dit, latent, conditions, noise=noise, t=t).mean()
        loss.backward()
        return torch.cat([p.grad.flatten() for p in dit.parameters() if p.grad is not None])

    whole, half = gradient(half=False), gradient(half=True)
    assert not torch.equal(whole, half)
    assert torch.cosine_similarity(whole, half, dim=0) > 0.999
