"""Small networks in the place of the reference checkpoint's."""

import torch

from support.seeded_weights import fill
from vssflow.conditions import ConditionAssembly, ConditionConfig
from vssflow.dit import DiT, DiTConfig
from vssflow.reference.vae import MelVAE, VAEConfig
from vssflow.reference.vocoder import HifiGan, VocoderConfig


class Glance:
    """Stands for a vision network: the mean colour of each picture, in as many numbers as are wanted."""

    def __init__(self, tokens):
        self.tokens = tokens

    def encode(self, frames):
        mean = frames.mean(dim=(1, 2, 3))
        return mean.repeat(5)[: self.tokens, None].expand(self.tokens, 768).reshape(-1, 8, 768).squeeze()


class Frames(Glance):
    def encode(self, frames):
        return frames.mean(dim=(1, 2, 3))[:, None].expand(-1, 768)


class Few:
    """Small networks in the place of a checkpoint's; says what was released."""

    device = torch.device("cpu")
    half = False

    def __init__(self, *, synchformer=True):
        self.dit = DiT(DiTConfig(width=96, layers=2, heads=4, kv_heads=2))
        self.conditions = ConditionAssembly(ConditionConfig())
        self.vae = MelVAE(VAEConfig(widths=(32, 32, 32), layers=1))
        self.vocoder = HifiGan(VocoderConfig(width=32, block_kernels=(3,), dilations=((1,),)))
        for network, prefix in ((self.dit, "vaflow."), (self.conditions, ""), (self.vae, "vae."), (self.vocoder, "v.")):
            fill(network.eval().requires_grad_(requires_grad=False), prefix, 0.05)
        self.clip = Frames(100)
        self.synchformer = Glance(240) if synchformer else None
        self.rawnet3 = None
        self.released = []

    def release(self, *names):
        self.released += names
