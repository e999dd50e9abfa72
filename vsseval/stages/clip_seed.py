"""The seed of one clip."""

from __future__ import annotations

import hashlib


def clip_seed(run_seed: int, sample_id: str) -> int:
    """Return the seed of one clip, 0 to 2**63 - 1: a function of the run's seed and the clip's id alone."""
    digest = hashlib.sha256(f"{run_seed}:{sample_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 2**63
