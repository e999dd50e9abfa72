"""Where everything of one run lies, and which file names are safe."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_NAME = 100
"""Characters of a file name made from an id; file systems end at 255 bytes, and names get suffixes."""

SAMPLE = "__s"
"""Stands before the seed of a sample in file names."""


@dataclass(frozen=True)
class RunPaths:
    """The files of one run directory."""

    root: Path
    seed: int | None = None
    """Of one of several samples of every clip: its journals and sums lie beside those of the others."""

    @property
    def record(self) -> Path:
        """The header, `RunRecord` as JSON."""
        return self.root / "run.json"

    @property
    def shards(self) -> Path:
        """Folder of the journals."""
        return self.root / "shards"

    @property
    def scores(self) -> Path:
        """One row per clip and metric."""
        return self.root / "scores.parquet"

    @property
    def aggregates(self) -> Path:
        """The cells of the table, a list of `Aggregate`."""
        return self.root / "aggregates.json"

    @property
    def replicates(self) -> Path:
        """Every distance with groups of clips left out: what comparisons need."""
        return self.root / "replicates.npz"

    @property
    def flags(self) -> Path:
        """What is odd about the sounds, `Flags` as JSON."""
        return self.root / "flags.json"

    @property
    def all_sums(self) -> Path:
        """Folder of what aggregation makes distances from; it is gone when the run is finished."""
        return self.root / "sums"

    def journal(self, shard: int) -> Path:
        """Journal of one shard."""
        return self.shards / f"{shard:04d}{self._sample}.jsonl"

    def done(self, shard: int) -> Path:
        """Marker that every clip of a shard has its line."""
        return self.shards / f"{shard:04d}{self._sample}.done"

    def audio(self, sample_id: str, seed: int) -> Path:
        """Audio of one clip; relative to the run directory it is what the journal says."""
        return self.root / "audio" / f"{safe_name(sample_id)}{SAMPLE}{seed}.flac"

    def picture(self, sample_id: str, seed: int) -> Path:
        """Picture of one clip, of a model that makes its own."""
        return self.root / "pictures" / f"{safe_name(sample_id)}{SAMPLE}{seed}.mp4"

    def sums(self, metric: str, subset: str = "") -> Path:
        """Per-group sums of a distribution metric, over the whole benchmark or one subset."""
        tail = f"__{safe_name(subset)}" if subset else ""
        return self.all_sums / f"{metric}{tail}{self._sample}.npz"

    @property
    def _sample(self) -> str:
        return "" if self.seed is None else f"{SAMPLE}{self.seed}"


def safe_name(text: str) -> str:
    """Return a file name for any id: the id itself where it is harmless, else a slug with part of its hash.

    Two ids never share a name: whatever is changed gets 12 hexadecimal digits of the sha256 of the id.
    """
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", text) and len(text) <= LONGEST_NAME:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{slug(text)}-{digest}"


def slug(text: str) -> str:
    """Return a short readable piece of a text, of letters, digits, dots, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("._-")[:40] or "x"
