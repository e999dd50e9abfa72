"""Synchformer at its true size, from a file of seeded weights, against the original's numbers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import torch

from support.seeded_metric_weights import check_probe, error, fill, golden, input_uint8, put, waves
from vsseval.extractors.synchformer import FRAME_HOP, FRAMES, RATE, SynchformerTokens, segmented
from vsseval.media import Audio
from vsseval.networks.skip_initial_weights import SkipInitialWeights
from vsseval.networks.synchformer import Synchformer

if TYPE_CHECKING:
    from pathlib import Path


def errors(part: str, folder: Path) -> dict[str, float]:
    """Return the largest relative error of each golden array; the file of weights is written to `folder`."""
    torch.set_num_threads(1)
    arrays, meta = golden(f"synchformer_{part}")
    with SkipInitialWeights():
        network = Synchformer().eval().requires_grad_(requires_grad=False)
    fill(network)
    check_probe(meta, network.state_dict())
    extractor = SynchformerTokens(put(folder, "synchformer", network.state_dict()), "synchformer", "first picture")
    del network
    count = int(arrays["vfeat_shape"][1]) * FRAME_HOP + FRAMES - FRAME_HOP
    frames = input_uint8(f"sync_frames_{part}", (count, 3, 224, 224))
    with torch.inference_mode():
        seen = extractor.forward(segmented(frames, FRAMES, FRAME_HOP, 25.0), "video")["tokens"]
        heard = torch.from_numpy(extractor.extract(Audio(waves(part)["w8"], RATE))["tokens"])
        found = {
            "vfeat": error(seen[arrays["vfeat_segments"]].numpy(), arrays["vfeat"]),
            "afeat": error(heard[arrays["afeat_segments"]].numpy(), arrays["afeat"]),
        }
        if "logits_real_first14" in arrays:
            for name, window in (("first14", heard[:14]), ("last14audio", heard[-14:])):
                real = extractor.network.compare(seen[None], window[None])[0]
                found[f"logits_real_{name}"] = error(real.numpy(), arrays[f"logits_real_{name}"])
    shutil.rmtree(folder)
    return {name: float(value) for name, value in found.items()}
