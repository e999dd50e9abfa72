"""A bank for the baseline `retrieval`: clips of the V2S training split as videos with sound, in one ZIP.

No training seed can make a clip of the benchmarks, so the bank holds none of them.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.mini.build import CRF, SIZE
from tools.mini.clip import FPS, SAMPLE_RATE
from tools.mini.train import SECONDS, Job
from tools.mini.v2s import LABELS, make_v2s
from vsseval.media import write_mp4

_DAY = (2025, 8, 1, 0, 0, 0)
"""Of every member: the same bank has the same bytes."""


def build_bank(out: Path, clips: int, seed: int) -> Iterator[int]:
    """Make the bank; the same arguments give the same bytes.

    Args:
        out: the ZIP, replaced if it exists.
        clips: how many; labels take turns.
        seed: of the training split.

    Yields:
        Clips done.
    """
    partial = out.with_name(f"{out.name}.tmp")
    with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as bank:
        for k in range(clips):
            job = Job(task="v2s", k=k, seed=seed)
            rng = job.generator
            rendered = make_v2s(rng, LABELS[k % len(LABELS)], float(rng.uniform(*SECONDS)), SIZE)
            video = Path(work, f"{job.id}.mp4")
            write_mp4(video, rendered.frames, float(FPS), rendered.audio, SAMPLE_RATE, crf=CRF)
            bank.writestr(zipfile.ZipInfo(video.name, _DAY), video.read_bytes())
            video.unlink()
            yield k + 1
    partial.replace(out)
