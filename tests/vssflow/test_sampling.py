"""From noise to sound: the authors' sampler against their numbers, the fast one against the authors'."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch

from support import goldens
from support.seeded_weights import fill, seeded_input
from vsseval.errors import Unmeasurable
from vsseval.networks.frozen_linear import FrozenLinear
from vssflow.conditions import Conditions
from vssflow.dit import DiT, DiTConfig
from vssflow.flow import state
from vssflow.sampling.fast import FastSampler
from vssflow.sampling.folded import FoldedDiT
from vssflow.sampling.guidance import guided_velocity
from vssflow.sampling.noise import clip_noise
from vssflow.sampling.reference import sample_reference, trajectory
from vssflow.sampling.solvers import DEFAULT, SOLVERS, integrals, times

TRUE_SIZE = goldens.file("vssflow/a_dit_true_T16.npz")
SMALL = DiTConfig(channels=64, width=96, layers=2, heads=4, kv_heads=2, cross_width=32)
LATENT = 16


def seeded_dit(config: DiTConfig, scale: float) -> DiT:
    dit = DiT(config)
    fill(dit, "vaflow.", scale)
    return dit.requires_grad_(requires_grad=False)


def relative(ours: torch.Tensor, reference: torch.Tensor) -> float:
    return float((ours - reference).abs().max() / reference.abs().max())


def random_conditions(config: DiTConfig, latent: int, *, batch: int = 2, frames: int = 25) -> Conditions:
    return Conditions(
        seeded_input("locked", (batch, config.channels - latent, frames)),
        seeded_input("cross", (batch, frames + 1, config.cross_width)),
    )


@pytest.fixture(scope="module")
def dit() -> DiT:
    return seeded_dit(SMALL, 0.1)


@pytest.fixture(scope="module")
def conditions() -> Conditions:
    return random_conditions(SMALL, LATENT)


class Golden(NamedTuple):
    arrays: dict[str, torch.Tensor]
    evaluations: dict[str, int]
    dit: DiT
    conditions: Conditions


@pytest.fixture(scope="module", params=goldens.files("vssflow/c_cfg_small_*.npz"), ids=goldens.name)
def golden(request) -> Golden:
    _, stored, meta = goldens.read(request.param)
    arrays = {name: torch.from_numpy(value) for name, value in stored.items()}
    conditions = Conditions(arrays["latent_cond"], arrays["cross"])
    return Golden(arrays, meta["nfe"], seeded_dit(SMALL, meta["scale"]), conditions)


@pytest.mark.parametrize("run", ["dopri5_w3", "dopri5_w1", "dopri5_w0", "euler_w3", "midpoint_w3"])
def test_the_authors_sampler_takes_their_steps_to_their_sound(golden, run):
    if f"x1_{run}" not in golden.arrays:
        pytest.skip("the numbers of two clips are of the default run alone")
    method, weight = run.split("_w")
    asked: list[float] = []
    hook = golden.dit.register_forward_hook(lambda _module, given, _result: asked.append(float(given[1][0])))
    states, evaluations = trajectory(
        golden.dit,
        golden.conditions,
        golden.arrays["noise"],
        guidance=float(weight),
        method=method,
        drift_below_one=weight == "0",
    )
    hook.remove()
    assert evaluations == len(asked) == golden.evaluations[run]
    # The solver chooses its steps by errors near the last bit, which differ between processors, and even between two
    # processes on one: its times by up to 1.2 %, with as many evaluations and the same sound.
    assert torch.allclose(torch.tensor(asked), golden.arrays[f"ttrace_{run}"], rtol=3e-2, atol=1e-3)
    assert relative(states[-1, :, :LATENT], golden.arrays[f"x1_{run}"]) < 2e-5
    if f"x_mid_{run}" in golden.arrays:
        assert relative(states[5, :, :LATENT], golden.arrays[f"x_mid_{run}"]) < 2e-5
    if f"x1tail_{run}" in golden.arrays:
        assert relative(states[-1, :, LATENT:], golden.arrays[f"x1tail_{run}"]) < 2e-5
    if weight == "3":
        # they stay where they are, but for the rounding of the solver's interpolation
        assert relative(states[-1, :, LATENT:], golden.conditions.locked) < 1e-6


def test_velocity_equals_the_authors_in_every_form(golden):
    reference = golden.arrays["velocity_t04"][:, :LATENT]
    noise = golden.arrays["noise"]
    plain = guided_velocity(golden.dit, golden.conditions, guidance=3.0)(noise, 0.4)
    folded = FoldedDiT(golden.dit, LATENT, dtype=torch.float32)
    quick = folded(noise, folded.time_token(0.4), folded.prepare(golden.conditions), 3.0)
    assert relative(plain, reference) < 1e-5
    assert relative(quick, reference) < 1e-5


def test_only_the_named_option_drifts_below_a_weight_of_one(dit, conditions):
    noise = seeded_input("latent", (2, LATENT, 25))
    states, _ = trajectory(dit, conditions, noise, guidance=0.5, method="euler")
    assert torch.equal(states[-1, :, LATENT:], conditions.locked)
    velocity = guided_velocity(dit, conditions, guidance=0.5)
    assert relative(states[-1, :, :LATENT], SOLVERS["euler"].walk(velocity, noise, 10)) < 1e-5
    drifted, _ = trajectory(dit, conditions, noise, guidance=0.5, method="euler", drift_below_one=True)
    assert not torch.equal(drifted[-1, :, LATENT:], conditions.locked)


def test_guidance_of_one_is_the_conditional_field(dit, conditions):
    latent = seeded_input("latent", (2, LATENT, 25))
    alone = dit(state(latent, conditions), torch.full((2,), 0.3), conditions.cross)[:, :LATENT]
    assert torch.equal(guided_velocity(dit, conditions, guidance=1.0)(latent, 0.3), alone)


def test_guidance_extrapolates_from_the_unconditional_field(dit, conditions):
    latent = seeded_input("latent", (2, LATENT, 25))
    zero, one, three = (guided_velocity(dit, conditions, guidance=w)(latent, 0.3) for w in (0.0, 1.0, 3.0))
    assert torch.allclose(three, zero + 3 * (one - zero), atol=1e-5)
    empty = guided_velocity(dit, conditions.dropped(), guidance=1.0)(latent, 0.3)
    assert torch.allclose(zero, empty, atol=1e-6)


SHAPES = {
    "fixture": (SMALL, LATENT),
    "small": (DiTConfig(channels=224, width=192, layers=3, heads=6, kv_heads=3, cross_width=128), 128),
    "as many keys as queries": (DiTConfig(channels=40, width=64, layers=1, heads=2, kv_heads=2, cross_width=24), 8),
    "one key head": (DiTConfig(channels=33, width=64, layers=2, heads=4, kv_heads=1, cross_width=16, time_width=32), 1),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("guidance", [0.0, 1.0, 3.0, 4.5])
def test_folding_changes_nothing(shape, guidance):
    config, latent = SHAPES[shape]
    network, conditions = seeded_dit(config, 0.1), random_conditions(config, latent)
    x = seeded_input("latent", (2, latent, 25))
    folded = FoldedDiT(network, latent, dtype=torch.float32)
    quick = folded(x, folded.time_token(0.7), folded.prepare(conditions), guidance)
    assert relative(quick, guided_velocity(network, conditions, guidance=guidance)(x, 0.7)) < 1e-5


@pytest.mark.slow
def test_true_size_equals_the_authors_plain_and_folded():
    with torch.device("meta"):
        network = DiT(DiTConfig())
    network = network.to_empty(device="cpu").requires_grad_(requires_grad=False)
    fill(network, "vaflow.", 0.02)
    golden = goldens.read(TRUE_SIZE).arrays
    noise = seeded_input("dit_true.noise", (1, 128, 16))
    conditions = Conditions(
        0.3 * seeded_input("dit_true.latent_cond", (1, 1824, 16)), 0.3 * seeded_input("dit_true.c", (1, 17, 768))
    )
    y, y_uncond = (torch.from_numpy(golden[name]) for name in ("y", "y_uncond"))
    assert relative(network(state(noise, conditions), torch.tensor([0.4]), conditions.cross), y) < 1e-5
    folded = FoldedDiT(network, 128, dtype=torch.float32)
    del network
    token, context = folded.time_token(0.4), folded.prepare(conditions)
    for guidance in (0.0, 1.0, 3.0):
        reference = y_uncond + guidance * (y[:, :128] - y_uncond)
        assert relative(folded(noise, token, context, guidance), reference) < 1e-5


def test_a_zero_condition_adds_nothing(dit, conditions):
    x, folded = seeded_input("latent", (2, LATENT, 25)), FoldedDiT(dit, LATENT, dtype=torch.float32)
    token = folded.time_token(0.2)
    nothing = folded(x, token, folded.prepare(conditions.dropped()), 1.0)
    # a matrix of twice the rows may take another path: the last bits differ on some processors
    assert relative(folded(x, token, folded.prepare(conditions), 0.0), nothing) < 1e-6


def test_folding_takes_a_copy(conditions):
    network, x = seeded_dit(SMALL, 0.1), seeded_input("latent", (2, LATENT, 25))
    fast = FastSampler(network, LATENT)
    before = fast.sample(conditions, x, steps=2).latent
    for weight in network.parameters():
        weight.zero_()
    assert torch.equal(fast.sample(conditions, x, steps=2).latent, before)


def test_fast_converges_to_the_authors(dit):
    conditions, noise = random_conditions(SMALL, LATENT, batch=1, frames=10), seeded_input("latent", (1, LATENT, 10))
    fast, reference = FastSampler(dit, LATENT), sample_reference(dit, conditions, noise).latent
    for solver in (DEFAULT, SOLVERS["midpoint"], SOLVERS["rk4"]):
        coarse, fine = (
            relative(fast.sample(conditions, noise, steps=n // solver.per_step, solver=solver).latent, reference)
            for n in (48, 192)
        )
        assert coarse > 4 * fine
        assert fine < 5e-3


def test_forwards_are_counted(dit, conditions):
    noise, fast = seeded_input("latent", (2, LATENT, 25)), FastSampler(dit, LATENT)
    counts = []
    hook = fast.folded.register_forward_hook(lambda _module, given, _result: counts.append(1 + (given[3] != 1.0)))
    for guidance in (1.0, 3.0):
        counts.clear()
        sampled = fast.sample(conditions, noise, guidance=guidance, steps=3, solver=SOLVERS["rk4"])
        assert sampled.evaluations == sum(counts) == (12 if guidance == 1.0 else 24)
    hook.remove()


def test_there_is_guidance_between_two_times_and_none_before_and_after(dit, conditions):
    noise, fast = seeded_input("latent", (2, LATENT, 25)), FastSampler(dit, LATENT)
    euler = {"steps": 4, "solver": SOLVERS["euler"]}  # looks at 0, 1/4, 1/2 and 3/4
    sampled = fast.sample(conditions, noise, guidance=3.0, guided=(0.2, 0.6), **euler)
    assert sampled.evaluations == 6
    latent = noise
    for step, weight in enumerate((1.0, 3.0, 3.0, 1.0)):
        latent = latent + guided_velocity(dit, conditions, guidance=weight)(latent, step / 4) / 4
    assert relative(sampled.latent, latent) < 1e-5
    always = [fast.sample(conditions, noise, guidance=3.0, **more, **euler).latent for more in ({}, {"guided": (0, 1)})]
    assert torch.equal(*always)


def test_a_batch_never_changes_a_clip(dit):
    lengths, seeds = [25, 11, 18], [7, 8, 9]
    noise = clip_noise(seeds, LATENT, lengths)
    singles = [random_conditions(SMALL, LATENT, batch=1, frames=length) for length in lengths]
    # what lies in the padding is of no consequence, not even where it is huge
    batch = Conditions(torch.full((3, 48, 25), 1e3), torch.full((3, 26, 32), 1e3))
    for clip, (single, length) in enumerate(zip(singles, lengths, strict=True)):
        batch.locked[clip, :, :length] = single.locked[0]
        batch.cross[clip, : length + 1] = single.cross[0]
    fast = FastSampler(dit, LATENT)
    together = fast.sample(batch, noise, steps=6, lengths=lengths).latent
    for clip, (single, length) in enumerate(zip(singles, lengths, strict=True)):
        alone = fast.sample(single, clip_noise([seeds[clip]], LATENT, [length]), steps=6).latent[0]
        assert relative(together[clip, :, :length], alone) < 1e-5
        assert not together[clip, :, length:].any()


def test_noise_of_a_clip_is_its_seeds_own():
    together = clip_noise([3, 4], 5, [6, 9])
    assert torch.equal(together[0, :, :6], clip_noise([3], 5, [6])[0])
    assert torch.equal(together[1], clip_noise([4], 5, [9])[0])
    assert not together[0, :, 6:].any()
    assert torch.equal(clip_noise([3], 5, [6]), torch.randn(1, 5, 6, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("backend", ["aot_eager", "eager"])
def test_compiled_equals_not_compiled(dit, conditions, backend):
    noise = seeded_input("latent", (2, LATENT, 25))
    plain = FastSampler(dit, LATENT).sample(conditions, noise, steps=4)
    compiled = FastSampler(dit, LATENT, backend=backend).sample(conditions, noise, steps=4)
    assert relative(compiled.latent, plain.latent) < 1e-5
    assert compiled.evaluations == plain.evaluations


def test_half_precision_is_near(dit, conditions):
    noise = seeded_input("latent", (2, LATENT, 25))
    folded, half = (FoldedDiT(dit, LATENT, dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    x, y = (form(noise, form.time_token(0.3), form.prepare(conditions), 3.0) for form in (folded, half))
    assert y.dtype == torch.float32
    assert relative(y, x) < 3e-2


def test_a_layer_is_the_same_packed_and_not(monkeypatch):
    weight, bias, x = seeded_input("w", (7, 5)), seeded_input("b", (7,)), seeded_input("x", (2, 3, 5))
    here = FrozenLinear(weight, bias, dtype=torch.float32)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    plain = FrozenLinear(weight, bias, dtype=torch.float32)
    assert plain.packed is None
    assert relative(here(x), torch.nn.functional.linear(x, weight, bias)) < 1e-6
    assert torch.equal(plain(x), torch.nn.functional.linear(x, weight, bias))


# a first step by Euler's rule keeps the multistep methods at second order
ORDERS = {"euler": 1, "bogacki-shampine": 3, "rk4": 4}


@pytest.mark.parametrize("bend", [1.0, 1.25])
@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_is_of_its_order(name, bend):
    # x' = x (1 + t) has the solution exp(t + t^2 / 2); a multistep method begins with steps of lower order
    def field(x, t):
        return x * (1 + t)

    start, exact = torch.ones(1, dtype=torch.float64), float(np.exp(1.5))
    coarse, fine = (abs(float(replace(SOLVERS[name], bend=bend).walk(field, start, n)) - exact) for n in (80, 160))
    assert np.log2(coarse / fine) > ORDERS.get(name, 2) - 0.35


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_is_exact_on_the_straight_path(name):
    noise, sound = torch.randn(3, generator=torch.Generator().manual_seed(0)), torch.tensor([1.0, 2.0, 3.0])
    assert torch.allclose(SOLVERS[name].walk(lambda _x, _t: sound - noise, noise, 5), sound, atol=1e-6)


def test_multistep_weights_on_even_times_are_the_books():
    assert integrals((0.0, 1.0), 1.0, 2.0) == pytest.approx([-1 / 2, 3 / 2])
    assert integrals((0.0, 1.0, 2.0), 2.0, 3.0) == pytest.approx([5 / 12, -16 / 12, 23 / 12])


def test_no_step_at_all_is_refused(dit, conditions):
    with pytest.raises(ValueError, match="at least one step, not 0"):
        times(0)
    with pytest.raises(ValueError, match="at least one step, not -3"):
        FastSampler(dit, LATENT).sample(conditions, seeded_input("latent", (2, LATENT, 25)), steps=-3)


def test_numbers_that_are_none_are_reported(conditions):
    broken = seeded_dit(SMALL, 0.1)
    broken.proj_in.weight[0, 0] = float("nan")
    noise = seeded_input("latent", (2, LATENT, 25))
    with pytest.raises(Unmeasurable, match=r"velocity at t = 0\.0000 is not finite: damaged weights"):
        sample_reference(broken, conditions, noise)
    with pytest.raises(Unmeasurable, match="sampled latent is not finite"):
        FastSampler(broken, LATENT).sample(conditions, noise, steps=2)
