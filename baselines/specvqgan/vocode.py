"""Run the MelGAN of SpecVQGAN over its spectrograms: `vocode.py REPOSITORY SPECTROGRAMS OUT`.

The released sampler has `vocoder = None` and stops at `.npy`; this does to them what its disabled lines would do.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
import yaml

RATE = 22050


def main(repo, spectrograms, out):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    vocoder = melgan(repo).to(device)
    for file in sorted(spectrograms.rglob("*.npy")):
        mel = torch.from_numpy(np.load(file)).float().unsqueeze(0).to(device)
        with torch.no_grad():
            wave = vocoder(mel).cpu().squeeze().numpy()
        target = out / file.relative_to(spectrograms).with_suffix(".wav")
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(str(target), wave, RATE, "PCM_24")


def melgan(repo):
    """Return the vocoder; its settings are a pickled namespace, of which only the values are read."""
    sys.path.insert(0, str(repo))
    from vocoder.modules import Generator

    folder = repo / "vocoder" / "logs" / "vggsound"
    lines = (folder / "args.yml").read_text().splitlines()
    told = yaml.safe_load("\n".join(line for line in lines if not line.startswith("!!python")))
    made = Generator(told["n_mel_channels"], told["ngf"], told["n_residual_layers"])
    made.load_state_dict(torch.load(folder / "best_netG.pt", map_location="cpu"))
    return made.eval()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
