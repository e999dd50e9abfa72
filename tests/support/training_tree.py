"""A training folder in the layout of VSSFlow's authors."""

import numpy as np
import torch
from safetensors.torch import save_file

from vsseval.media import write_flac
from vssflow.reference.vae import MelVAE
from vssflow.reference.vocoder import HifiGan
from vssflow.training.start import ReferenceShape

TINY = """
[dit]
channels = 28
width = 32
layers = 2
heads = 2
kv_heads = 1
cross_width = 16
time_width = 16
[conditions]
lip = 4
phone = 4
sync = 4
scene = 6
speaker = 8
cross = 16
scene_hidden = 8
sync_hidden = 8
lip_hidden = 8
[vae]
latent_channels = 1
widths = [4, 4, 4]
layers = 1
groups = 2
[vocoder]
width = 32
"""


def write_tree(folder, clips=6):
    """The authors' layout: some of the clips speak, some sound; what a clip lacks is a shared file of zeros."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    np.save(folder / "fake_lip.npy", np.zeros((250, 4), np.float32))
    np.save(folder / "fake_sync.npy", np.zeros((30, 8, 4), np.float32))
    lines = []
    for place in range(clips):
        speaks = place % 4 < 2
        seconds = 1.5 if speaks else 3.0
        write_flac(folder / f"{place}.flac", rng.normal(0, 0.1, int(seconds * 16_000)).astype(np.float32), 16_000)
        np.save(folder / f"{place}_clip.npy", rng.normal(0, 1, (100, 6)).astype(np.float16))
        np.save(folder / f"{place}_ref.npy", rng.normal(0, 1, 8).astype(np.float32))
        np.save(folder / f"{place}_lip.npy", rng.normal(0, 1, (37, 4)).astype(np.float32))
        np.save(folder / f"{place}_sync.npy", rng.normal(0, 1, (30, 8, 4)).astype(np.float32))
        lip, sync = (f"{place}_lip.npy", f"{place}_sync.npy") if speaks else ("fake_lip.npy", "fake_sync.npy")
        said = "59 47 56 50 9 58 59|<blank> R EH D <blank>" if speaks else "|"
        lines.append(f"{place}.flac|{place}_clip.npy|{place}_ref.npy|{lip}|{sync}|{said}")
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    (folder / "tiny.toml").write_text(TINY)
    shape = ReferenceShape.from_file(folder / "tiny.toml")
    torch.manual_seed(0)
    vae, vocoder = MelVAE(shape.vae), HifiGan(shape.vocoder)
    with torch.no_grad():
        vae.quant_conv.bias[1] = -10.0  # a narrow posterior: something to learn
    for name, network in (("vae", vae), ("vocoder", vocoder)):
        save_file(network.state_dict(), folder / f"{name}.safetensors")
    return folder
