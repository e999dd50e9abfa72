"""Finished runs of a made-up benchmark with sounds that can be heard, for listening tests."""

from __future__ import annotations

import numpy as np

from support.synthetic_runs import write_run
from vsseval.media import write_flac
from vsseval.store.journal import read_journals
from vsseval.store.layout import RunPaths

RATE = 16000
BADNESS = {"audio:fine": 0.2, "audio:fair": 0.5, "audio:poor": 0.8}


def write_heard(root, models=tuple(BADNESS), clips=6, seconds=0.4, bounds=("reference", "shuffled")):
    """Write a run of each model and bound, of clips that ring at pitches and levels of their own."""
    made = {}
    for place, model in enumerate((*models, *bounds)):
        badness = BADNESS.get(model, 0.0 if model == "reference" else 1.0)
        path = write_run(root, model, badness, clips=clips, noise_seed=place)
        for clip, line in read_journals(RunPaths(path).shards).items():
            (path / "audio").mkdir(exist_ok=True)
            rng = np.random.default_rng([place, *clip.encode()])
            time = np.arange(round(seconds * RATE)) / RATE
            tone = np.sin(2 * np.pi * rng.uniform(200, 2000) * time) * np.exp(-3 * time)
            write_flac(path / line.path, (0.9 / (1 + place) * tone + 0.002 * rng.normal(size=time.size)), RATE)
        made[model] = path
    return made
