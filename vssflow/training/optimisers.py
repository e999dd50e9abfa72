"""What moves the weights: AdamW, or Muon for the matrices of the transformer's blocks and AdamW for the rest."""

from __future__ import annotations

import torch
from torch import nn

from vsseval.errors import UsageError
from vssflow.training.recipe import TrainingRecipe

_BLOCKS = "transformer_blocks."


def optimisers(module: nn.Module, recipe: TrainingRecipe) -> list[torch.optim.Optimizer]:
    """Return the optimisers that move the trainable parameters of a module, each parameter by one of them.

    Raises:
        UsageError: this torch has no Muon.
    """
    named = [(name, value) for name, value in module.named_parameters() if value.requires_grad]
    inner = [value for name, value in named if recipe.optimiser == "muon" and _BLOCKS in name and value.ndim == 2]
    taken = {id(value) for value in inner}
    outer = [value for _name, value in named if id(value) not in taken]
    made: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(outer, lr=recipe.rate, betas=recipe.betas, weight_decay=recipe.weight_decay)
    ]
    if inner:
        if not hasattr(torch.optim, "Muon"):
            raise UsageError(f"--optimiser muon needs torch 2.9 or newer, this is {torch.__version__}")
        made.append(
            torch.optim.Muon(inner, lr=recipe.rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw")
        )
    return made
