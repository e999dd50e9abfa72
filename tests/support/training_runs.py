"""Short trainings of a network of a few numbers."""

import torch
from torch import nn

from vssflow.training.loop import Stage, fit


def still_stage(rows=16):
    """A loss without noise: the same for a batch and for its parts."""
    torch.manual_seed(0)
    module, data = nn.Linear(3, 1), torch.randn(rows, 3, generator=torch.Generator().manual_seed(1))

    def loss(batch, generator):
        x = data[list(batch)]
        return {"square": (module(x).squeeze(-1) - x.sum(-1)).square().mean()}

    return Stage(module, loss, dict)


def trained(recipe, folder, stage=None):
    stage = stage or still_stage()
    fit(stage, recipe, [range(16)], [1] * 16, folder)
    return torch.cat([p.detach().flatten() for p in stage.module.parameters()])
