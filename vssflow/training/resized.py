"""A transformer of another size from a trained one: narrower by the directions that matter, deeper by idle blocks.

What runs through the blocks is a sum of what each has written, read behind a normalisation. So its axes may be turned:
they are turned to the principal components of what was seen there, and the last of them are left out (as by SliceGPT,
arXiv 2401.15024, whose normalisation has no mean; here the mean keeps an axis of its own). Heads become narrower by the
best approximation of the products that they are used in, and of the hidden units of a feed-forward those stay that say
most, with what the others said laid upon them. Blocks beyond those of the trained one write nothing at first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from vsseval.errors import UsageError
from vssflow.conditions import Conditions
from vssflow.dit import DiT, DiTConfig
from vssflow.flow import velocity

State = dict[str, Tensor]
_RIDGE = 1e-4
"""Of a regression on hidden units, as a share of their mean power."""


class Moments:
    """Second moments of what runs through a transformer, summed over forwards."""

    def __init__(self, config: DiTConfig) -> None:
        self.stream = torch.zeros(config.width, config.width)
        """Of what the blocks read, normalised."""
        self.time = torch.zeros(config.width, config.width)
        """Of the hidden units of the time."""
        self.hidden = [torch.zeros(4 * config.width, 4 * config.width) for _ in range(config.layers)]
        """Of the hidden units of each feed-forward."""

    def watch(self, dit: DiT) -> list[torch.utils.hooks.RemovableHandle]:
        """Add up all that goes through from now on; return what ends it."""

        def read(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
            centred = nn.functional.layer_norm(given[0], given[0].shape[-1:]).flatten(0, 1)
            self.stream += centred.T @ centred

        def said(matrix: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
            def add(_module: nn.Module, _given: tuple[Tensor, ...], found: Tensor) -> None:
                flat = found.flatten(0, -2)
                matrix.add_(flat.T @ flat)

            return add

        modules = dict(dit.named_modules())
        handles = [modules["timestep_proj.1"].register_forward_hook(said(self.time))]
        for place, hidden in enumerate(self.hidden):
            block = f"transformer_blocks.{place}."
            handles += [modules[f"{block}norm{n}"].register_forward_pre_hook(read) for n in (1, 2, 3)]
            handles.append(modules[f"{block}ff.net.0"].register_forward_hook(said(hidden)))
        return handles


@torch.no_grad()
def resize(dit: DiT, given: DiT, seen: Iterable[tuple[Tensor, Conditions, Tensor]]) -> None:
    """Start a transformer from a trained one.

    Args:
        dit: is filled; as wide as the other or narrower, as deep or deeper, with as many heads and channels.
        given: the trained one.
        seen: points, conditions and times of some batches, by which it is found what may be left out.

    Raises:
        UsageError: the sizes do not allow it.
    """
    ours, theirs = dit.config, given.config
    for name in ("channels", "heads", "kv_heads", "cross_width", "time_width"):
        if getattr(ours, name) != getattr(theirs, name):
            raise UsageError(f"--resize keeps {name}: {getattr(theirs, name)} there, {getattr(ours, name)} here")
    if ours.width > theirs.width or ours.layers < theirs.layers:
        raise UsageError(
            f"--resize makes narrower and deeper: {theirs.layers} blocks of width {theirs.width} there, "
            f"{ours.layers} of width {ours.width} here"
        )
    moments = Moments(theirs)
    handles = moments.watch(given)
    for point, conditions, t in seen:
        velocity(given, point, conditions, t)
    for handle in handles:
        handle.remove()
    axes = principal_axes(moments.stream, ours.width)
    old, device = {key: value.cpu() for key, value in given.state_dict().items()}, dit.proj_in.weight.device
    made = _ends(old, axes, moments.time)
    for place in range(ours.layers):
        origin, before = (spot * theirs.layers // ours.layers for spot in (place, place - 1))
        block = _block(_under(f"transformer_blocks.{origin}.", old), axes, moments.hidden[origin], ours)
        for key, value in block.items():
            idle = origin == before and key.startswith(("attn1.to_out", "attn2.to_out", "ff.net.2"))
            made[f"transformer_blocks.{place}.{key}"] = torch.zeros_like(value) if idle else value
    dit.load_state_dict({key: value.to(device) for key, value in made.items()})


def principal_axes(moment: Tensor, width: int) -> Tensor:
    """Return orthonormal axes (old width, width): the mean over channels, and the directions of greatest power.

    The mean of the new channels is the mean of the old ones, so that a normalisation takes away the same.
    """
    old = len(moment)
    directions: Tensor = torch.linalg.eigh(moment)[1].flip(1)[:, : width - 1]
    mean, new_mean = torch.ones(old) / math.sqrt(old), torch.ones(width) / math.sqrt(width)
    return directions @ _across(new_mean) + torch.outer(mean, new_mean)


def _across(direction: Tensor) -> Tensor:
    """Orthonormal rows (width - 1, width) that stand on a direction of length one."""
    basis: Tensor = torch.linalg.qr(torch.cat([direction[:, None], torch.eye(len(direction))[:, 1:]], dim=1))[0]
    return basis[:, 1:].T


def _under(prefix: str, state: State) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _ends(old: State, axes: Tensor, times: Tensor) -> State:
    """What lies before and behind the blocks."""
    kept, weight = _fewer(old["timestep_proj.2.weight"], times, axes.shape[1])
    same = ("time_proj.weight", "preprocess_conv.weight", "postprocess_conv.weight")
    return {key: old[key] for key in same} | {
        "timestep_proj.0.weight": old["timestep_proj.0.weight"][kept],
        "timestep_proj.0.bias": old["timestep_proj.0.bias"][kept],
        "timestep_proj.2.weight": axes.T @ weight,
        "timestep_proj.2.bias": axes.T @ old["timestep_proj.2.bias"],
        "proj_in.weight": axes.T @ old["proj_in.weight"],
        "proj_out.weight": old["proj_out.weight"] @ axes,
    }


def _block(old: State, axes: Tensor, hidden: Tensor, config: DiTConfig) -> State:
    gain = math.sqrt(len(axes) / axes.shape[1])  # what is normalised is as long as the root of its width
    made: State = {}
    for norm in ("norm1", "norm2", "norm3"):  # they only shift: their weights go into the matrices behind them
        made[f"{norm}.weight"] = torch.ones(axes.shape[1])
        made[f"{norm}.bias"] = axes.T @ (old[f"{norm}.bias"] / old[f"{norm}.weight"]) / gain

    def behind(norm: str, key: str) -> Tensor:
        return old[key] * old[f"{norm}.weight"] @ axes * gain

    for name, norm, kv_heads in (("attn1", "norm1", config.heads), ("attn2", "norm2", config.kv_heads)):
        key, value = (
            behind(norm, f"{name}.{layer}.weight") if name == "attn1" else old[f"{name}.{layer}.weight"]
            for layer in ("to_k", "to_v")
        )
        query, out = behind(norm, f"{name}.to_q.weight"), axes.T @ old[f"{name}.to_out.0.weight"]
        narrower = _attention(query, key, value, out, heads=(config.heads, kv_heads), width=config.head_width)
        made |= {f"{name}.{layer}": weight for layer, weight in narrower.items()}
    kept, weight = _fewer(old["ff.net.2.weight"], hidden, 4 * axes.shape[1])
    rows = torch.cat([kept, kept + len(hidden)])  # values, then gates
    return made | {
        "ff.net.0.proj.weight": behind("norm3", "ff.net.0.proj.weight")[rows],
        "ff.net.0.proj.bias": old["ff.net.0.proj.bias"][rows],
        "ff.net.2.weight": axes.T @ weight,
        "ff.net.2.bias": axes.T @ old["ff.net.2.bias"],
    }


def _attention(query: Tensor, key: Tensor, value: Tensor, out: Tensor, *, heads: tuple[int, int], width: int) -> State:
    """Make heads `width` channels wide; those that share a key and a value are made narrower together."""
    queries, outs = query.view(heads[0], -1, query.shape[1]), out.view(len(out), heads[0], -1)
    keys, values = (source.view(heads[1], -1, source.shape[1]) for source in (key, value))
    turned, turning = (channels // 2 // 2 for channels in (queries.shape[1], width))  # pairs, of half of a head
    nearest = [round(place * turned / turning) for place in range(turning)]
    pairs = [*nearest, *(place + turned for place in nearest)]
    share = heads[0] // heads[1]
    made: dict[str, list[Tensor]] = {"to_q": [], "to_k": [], "to_v": [], "to_out.0": []}
    for place in range(heads[1]):
        own = range(place * share, (place + 1) * share)
        asks = torch.cat([queries[head, 2 * turned :].T for head in own])
        asked, answers = _product(asks, keys[place, 2 * turned :], width - 2 * turning)
        said, values_read = _product(torch.cat([outs[:, head] for head in own]), values[place], width)
        scale = math.sqrt(width / queries.shape[1])  # attention divides by the root of its width
        made["to_q"] += [
            scale * torch.cat([queries[head, pairs], part.T])
            for head, part in zip(own, asked.chunk(share), strict=True)
        ]
        made["to_k"].append(torch.cat([keys[place, pairs], answers]))
        made["to_v"].append(values_read)
        made["to_out.0"] += said.chunk(share)
    return {f"{name}.weight": torch.cat(rows, dim=int(name == "to_out.0")) for name, rows in made.items()}


def _product(left: Tensor, right: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Approximate `left @ right` by the product of (rows, rank) and (rank, columns), both of equal size."""
    u, s, v = torch.linalg.svd(left @ right, full_matrices=False)
    root = s[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * v[:rank]


def _fewer(weight: Tensor, moment: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Choose the hidden units that say most; return their places and what is read of them in place of all.

    Args:
        weight: (out, hidden), what reads them.
        moment: (hidden, hidden), their second moments.
        count: units that stay.
    """
    if count == weight.shape[1]:
        return torch.arange(count), weight
    says = weight.square().sum(0) * moment.diagonal()
    kept = says.argsort(descending=True)[:count].sort()[0]
    among = moment[kept][:, kept]
    ridge = _RIDGE * among.diagonal().mean() * torch.eye(count)
    solved: Tensor = torch.linalg.solve(among + ridge, moment[kept] @ weight.T)
    return kept, solved.T
