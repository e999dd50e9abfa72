"""The transformer and the condition assembly against numbers made by the authors' own modules."""

import numpy as np
import pytest
import torch

from support.seeded_weights import fill, seeded_input
from support.vssflow_golden import GOLDEN, relative_error
from vssflow.conditions import ConditionAssembly, ConditionConfig, Features
from vssflow.dit import DiT, DiTConfig, rotary_table


@pytest.mark.parametrize(("name", "scale"), [("a_dit_small_s002", 0.02), ("a_dit_small_s010", 0.1)])
def test_dit_equals_the_authors(name, scale):
    golden = np.load(GOLDEN / f"{name}.npz")
    dit = DiT(DiTConfig(channels=64, width=96, layers=2, heads=4, kv_heads=2, cross_width=32))
    fill(dit, "vaflow.", scale)
    x, t, c = (torch.from_numpy(golden[key]) for key in ("x", "t", "c"))
    with torch.no_grad():
        y = dit(x, t, c)
    assert relative_error(y, golden["y"]) < 1e-5
    cosine, sine = rotary_table(golden["rot_cos"].shape[0], golden["rot_cos"].shape[1])
    assert relative_error(cosine, golden["rot_cos"]) < 1e-5
    assert relative_error(sine, golden["rot_sin"]) < 1e-5


def test_zero_conditions_add_nothing():
    dit = DiT(DiTConfig(channels=64, width=96, layers=2, heads=4, kv_heads=2, cross_width=32))
    fill(dit, "vaflow.", 0.1)
    x, t = seeded_input("x", (2, 64, 25)), torch.tensor([0.1, 0.9])
    with torch.no_grad():
        assert torch.equal(dit(x, t, None), dit(x, t, torch.zeros(2, 26, 32)))


def test_condition_assembly_equals_the_authors():
    golden = np.load(GOLDEN / "b_cond_true.npz")
    assembly = ConditionAssembly(ConditionConfig())
    fill(assembly)
    lip = torch.zeros(1, 250, 1024)
    lip[:, :75] = seeded_input("cond.lip", (1, 75, 1024))
    ids = torch.zeros(1, 250, dtype=torch.long)
    ids[0, 40:200] = torch.arange(160) % 71
    features = Features(
        lip=lip,
        phones=ids,
        sync=seeded_input("cond.sync", (1, 30, 8, 768)).flatten(1, 2),
        scene=seeded_input("cond.clip", (1, 100, 768)),
        speaker=seeded_input("cond.ref", (1, 256)),
    )
    with torch.no_grad():
        conditions = assembly(features)
    locked, cross = conditions.locked[0], conditions.cross[0]
    assert relative_error(locked[:, [0, 40, 74, 100, 249]], golden["latent_cond_f0_f40_f74_f100_f249"]) < 1e-5
    assert relative_error(locked[::16], golden["latent_cond_ch16"]) < 1e-5
    assert relative_error(cross[[0, 1, 2, 3, 4, 126, 250]], golden["cross_tok_0_1_2_3_4_126_250"]) < 1e-5
    assert relative_error(cross[:, ::32], golden["cross_ch32"]) < 1e-5
