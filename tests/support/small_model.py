"""An untrained small model for tests: the shapes of the one that ships, seeded numbers."""

import torch

from vssflow.generate import Model
from vssflow.notes import SMALL
from vssflow.small.config import ModelConfig
from vssflow.small.model import VSSFlow


def untrained():
    """Return a network that makes sound of no meaning."""
    torch.manual_seed(0)
    network = VSSFlow(ModelConfig.named("small")).eval()
    network.codec.fit_components(torch.randn(400, 320))
    return network


def quick(network):
    """Return a model of it with one step and no guidance."""
    return Model(network, "untrained", steps=1, guidance=1.0, reader=SMALL)
