"""The training split on disk: a line a clip in `index.jsonl`, `clips/<id>.npz` with pictures, sound and labels."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from vssflow.small.audio import frames_of


@dataclass(frozen=True, kw_only=True)
class Row:
    """One clip of the training split."""

    id: str
    task: str
    seconds: float
    label: str | None = None
    transcript: str | None = None
    voice: str | None = None
    speech_window: tuple[float, float] | None = None
    phones: tuple[tuple[str, float, float], ...] = ()
    """Name in the synthesiser's alphabet, start and end in seconds."""


@dataclass(frozen=True)
class Split:
    """The rows of a training split, and where their arrays lie."""

    root: Path
    rows: tuple[Row, ...]

    @classmethod
    def read(cls, root: Path) -> Split:
        """Read `root/index.jsonl`.

        Raises:
            FileNotFoundError: there is no training split; the message says how to make it.
        """
        index = root / "index.jsonl"
        if not index.exists():
            raise FileNotFoundError(
                f"no training split in {root}; make it with: python -m tools.mini train --out {root}"
            )
        known = {field.name for field in fields(Row)}
        lines = (json.loads(line) for line in index.read_text().splitlines())
        return cls(root, tuple(Row(**{key: line[key] for key in known if key in line}) for line in lines))

    def labels(self) -> tuple[str, ...]:
        """Classes of the scenes, in alphabetical order; clips without a class count as "speech"."""
        return tuple(sorted({row.label or "speech" for row in self.rows}))

    def lengths(self) -> list[int]:
        """Return the latent frames of each clip: those of similar length go into one batch."""
        return [frames_of(row.seconds) for row in self.rows]

    def arrays(self, row: Row) -> dict[str, np.ndarray]:
        """Load frames, audio, viseme, mouth and onset of one clip."""
        with np.load(self.root / "clips" / f"{row.id}.npz") as file:
            return {key: file[key] for key in file.files}

    def mouth(self, row: Row) -> tuple[np.ndarray, np.ndarray]:
        """Load the curves (frames, 3) that the mouth of one clip was drawn by and its visemes (frames,)."""
        with np.load(self.root / "clips" / f"{row.id}.npz") as file:
            return np.asarray(file["mouth"]), np.asarray(file["viseme"])

    def sound(self, row: Row) -> np.ndarray:
        """Load the 16-bit sound of one clip, and nothing else of it."""
        with np.load(self.root / "clips" / f"{row.id}.npz") as file:
            return np.asarray(file["audio"])

    def voices(self) -> dict[str, list[int]]:
        """Indices of the clips of each voice that hold speech alone: these serve as prompts of one another."""
        found: dict[str, list[int]] = defaultdict(list)
        for index, row in enumerate(self.rows):
            if row.voice is not None and row.task == "vtts":
                found[row.voice].append(index)
        return dict(found)

    def held_out(self, count: int) -> tuple[list[int], list[int]]:
        """Indices for training and for validation: every k-th clip, so that all tasks are in both."""
        stride = max(2, len(self.rows) // count)
        validation = set(range(0, len(self.rows), stride))
        return [i for i in range(len(self.rows)) if i not in validation], sorted(validation)


def summary(split: Split) -> dict[str, object]:
    """Count clips and hours by task, for the model card."""
    tasks: dict[str, list[float]] = defaultdict(list)
    for row in split.rows:
        tasks[row.task].append(row.seconds)
    return {task: {"clips": len(seconds), "hours": round(sum(seconds) / 3600, 2)} for task, seconds in tasks.items()}
