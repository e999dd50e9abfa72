"""Identity of a list of clips: the sha256 of what their numbers depend on, wherever their files lie."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from vsseval.store import codec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.types import Medium, Sample

__all__ = ["manifest_hash"]

WRITTEN = (
    "id", "cluster", "duration", "caption", "transcript", "language", "speech_window", "label", "events", "subset",
)  # fmt: skip
"""Fields that count as they are, set or not. One that is added later is to be written where it is set only: clips
that do not have it keep their hash."""
MEDIA = ("video", "speaker_prompt", "reference")
"""Fields that count by their content."""


def manifest_hash(samples: Sequence[Sample]) -> str:
    """Return the sha256 of the samples as canonical JSON."""
    lines = codec.encode([_without_paths(sample) for sample in samples], order="sorted")
    return hashlib.sha256(lines).hexdigest()


def _without_paths(sample: Sample) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(sample, name) for name in WRITTEN}
    for name in MEDIA:
        medium: Medium | None = getattr(sample, name)
        fields[name] = medium and medium.key
    # The reason names files; what matters is that there is one.
    fields["problem"] = sample.problem is not None
    return fields
