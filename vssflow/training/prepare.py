"""From registered benchmarks to rows: the features of a share of the clips, and what became of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from vsseval.errors import UsageError
from vssflow.reference.lip_folder import lip_files
from vssflow.training.clip_features import ROWS, FeatureFolder, Prepared
from vssflow.training.encoders import load_encoders, require_encoders
from vssflow.training.process_group import ProcessGroup
from vssflow.training.registered import TrainingClip, registered_clips

_NAMED = 5
"""Failures that a message tells; all of them are in the folder."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Which clips become rows, and by which files of weights."""

    benchmarks: tuple[str, ...]
    out: Path
    weights: tuple[Path, ...] = ()
    """Of which one may hold CLIP."""
    synchformer: Path | None = None
    rawnet3: Path | None = None
    lips: Path | None = None
    alignments: Path | None = None
    half: bool = False


def prepare(
    plan: Preparation, share: tuple[int, int], device: torch.device, tell: Callable[[str], None]
) -> tuple[FeatureFolder, tuple[TrainingClip, ...]]:
    """Compute the features of every n-th clip.

    Args:
        plan: what.
        share: number of this process from 0, and how many there are.
        device: of the networks.
        tell: is told how far it is.

    Returns:
        The folder, and all clips: those of the other shares too.

    Raises:
        UsageError: no clip, weights that are missing, or a folder that was begun with others.
    """
    clips = registered_clips(plan.benchmarks)
    usable = [clip for clip in clips if clip.problem is None]
    if not usable:
        raise UsageError(f"{', '.join(plan.benchmarks)}: no clip that can be learnt from; {_first_reason(clips)}")
    encoders = load_encoders(plan.weights, plan.synchformer, plan.rawnet3, device)
    seen = any(clip.video is not None for clip in usable)
    require_encoders(encoders, seen=seen, spoken=any(clip.transcript is not None for clip in usable))
    folder = FeatureFolder(plan.out, encoders, lip_files(plan.lips, "--lips "), plan.alignments, plan.half)
    folder.begin()
    own = usable[share[0] :: share[1]]
    for done, clip in enumerate(own, 1):
        folder.make(clip)
        if done == len(own) or done % max(1, len(own) // 100) == 0:
            tell(f"features: {done} of {len(own)} clips")
    return folder, clips


def prepared_rows(plan: Preparation, processes: ProcessGroup, tell: Callable[[str], None]) -> Path:
    """Compute the features of all clips by the processes of a training; return the path of the rows.

    Raises:
        UsageError: no clip has become a row; the message names the first reasons.
    """
    folder, clips = prepare(plan, (processes.rank, processes.size), processes.device, tell)
    processes.wait()
    if processes.rank == 0:
        for line in told(folder.write_rows(clips), plan.out / ROWS):
            tell(line)
    processes.wait()
    return plan.out / ROWS


def told(prepared: Prepared, path: Path) -> list[str]:
    """Say in lines what became of the clips.

    Raises:
        UsageError: no clip has become a row.
    """
    lines = [f"without a row: {reason}" for reason in prepared.failed[:_NAMED]]
    if len(prepared.failed) > _NAMED:
        lines.append(f"and {len(prepared.failed) - _NAMED} more")
    if prepared.waiting:
        return [*lines, f"{prepared.waiting} clips are left to other shards; the last one writes {path}"]
    if not prepared.rows:
        raise UsageError(f"no clip has become a row: {'; '.join(prepared.failed[:_NAMED])}")
    return [*lines, f"{path}: {prepared.rows} rows, {len(prepared.failed)} clips without"]


def _first_reason(clips: Sequence[TrainingClip]) -> str:
    reasons = [f"{clip.name}: {clip.problem}" for clip in clips if clip.problem is not None]
    return reasons[0] if reasons else "it holds none"
