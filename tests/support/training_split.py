"""A training split in the layout of the rendered one."""

import json

import numpy as np


def write_split(folder, clips=8, frames=36, seed=0, label="drum"):
    """The layout of the training split, with noise for pictures and sound."""
    rng = np.random.default_rng(seed)
    (folder / "clips").mkdir(parents=True)
    lines = []
    for place in range(clips):
        task = ("v2s", "v2s", "vtts", "vtts")[place % 4]  # every other clip is held out
        speech = {"transcript": "bin blue", "voice": "a", "speech_window": [0.2, 1.2], "language": "en"}
        line = {"id": f"{task}-{place}", "task": task, "seconds": frames / 25}
        lines.append(line | (speech if task == "vtts" else {"label": label}))
        np.savez(
            folder / "clips" / f"{task}-{place}.npz",
            frames=rng.integers(0, 255, (frames, 64, 64, 3), dtype=np.uint8),
            audio=rng.normal(0, 3000, frames * 640).astype(np.int16),
            viseme=rng.integers(0, 20, frames, dtype=np.uint8),
            mouth=rng.random((frames, 3), dtype=np.float32),
            onset=(rng.random(frames) < 0.1).astype(np.float32),
        )
    (folder / "index.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder
