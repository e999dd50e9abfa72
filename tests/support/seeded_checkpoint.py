"""A checkpoint of the authors' exact layout with seeded weights: `python -m support.seeded_checkpoint FILE --blocks N`.

Keys and shapes are those that the authors' `VAFlow.state_dict()` has (golden/vssflow/keys); around them stands what
Lightning saves beside the weights, with objects of classes that a reader cannot know.
"""

from __future__ import annotations

import argparse
import collections
import json
from pathlib import Path

import torch

from support.seeded_weights import seeded

KEYS = Path(__file__).parents[1] / "golden" / "vssflow" / "keys" / "vaflow_full_checkpoint.json"
BLOCK = "vaflow.transformer_blocks."
PUBLISHED_BLOCKS = 10


class Callback:
    """Stands for the objects of the authors' own classes that a checkpoint holds."""

    def __init__(self, path):
        self.path = path


def layout(blocks=PUBLISHED_BLOCKS):
    """Key -> {"shape", "kind"}, in the authors' order, for any depth."""
    published = json.loads(KEYS.read_text())
    found = {}
    for key, spec in published.items():
        if not key.startswith(BLOCK):
            found[key] = spec
        elif key.startswith(f"{BLOCK}0."):
            last = f"{BLOCK}0.ff.net.2.bias" == key
            found[key] = spec
            if last:
                first = {name: part for name, part in found.items() if name.startswith(f"{BLOCK}0.")}
                for index in range(1, blocks):
                    found |= {name.replace(f"{BLOCK}0.", f"{BLOCK}{index}."): part for name, part in first.items()}
    return found


def weights(blocks=PUBLISHED_BLOCKS, *, scale=0.02):
    """The state dict by the golden numbers' rule."""
    state = collections.OrderedDict()
    for key, spec in layout(blocks).items():
        draw = seeded(key, spec["shape"])
        state[key] = draw.mul_(0.02).add_(1) if spec["kind"] == "norm" else draw.mul_(scale)
    return state


def lightning(state):
    """What Lightning's trainer saves around a state dict."""
    return {
        "epoch": 209,
        "global_step": 251_000,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 210, "completed": 209}}}},
        "callbacks": {
            "ModelCheckpoint{'monitor': None}": {
                "best_model_score": torch.tensor(0.5),
                "dirpath": Path("checkpoints"),
                "object": Callback(Path("last.ckpt")),
            }
        },
        "optimizer_states": [{"state": {0: {"step": torch.tensor(251_000.0), "exp_avg": torch.ones(4)}}}],
        "lr_schedulers": [{"last_epoch": 251_000, "_last_lr": [1.15e-4]}],
        "hparams_name": "kwargs",
        "hyper_parameters": argparse.Namespace(lr=1.15e-4, callback=Callback(Path("last.ckpt"))),
    }


def write(path, blocks=PUBLISHED_BLOCKS):
    """Write the checkpoint, 1.8 GB with 5 blocks and 2.6 GB with 10."""
    torch.save(lightning(weights(blocks)), path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--blocks", type=int, default=PUBLISHED_BLOCKS)
    given = parser.parse_args()
    write(given.file, given.blocks)
