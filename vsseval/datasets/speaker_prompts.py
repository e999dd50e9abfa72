"""Whose voice a system is asked for: picks the speaker prompt of every clip, the same on every machine.

Dubbing papers call the choices settings 1, 2 and 3 (StyleDubber): the target's own recording, another recording of the
same speaker, a recording of a speaker of another corpus.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ReferenceMode", "prompt_clips"]

ReferenceMode = Literal["gt", "same_speaker_fixed", "same_speaker_random", "unseen_speaker", "none"]
"""`gt` is the target itself: style and voice leak. `same_speaker_fixed` is what a list says."""


def prompt_clips(speakers: Mapping[str, str], seed: int, targets: Iterable[str] | None = None) -> dict[str, str | None]:
    """Return for every clip another clip of its speaker; None where there is no other.

    The choice depends on the seed and the ids alone, not on which files are there.

    Args:
        speakers: id of a clip -> speaker.
        seed: of the choice.
        targets: clips to choose for; all of them by default.
    """
    by_speaker: dict[str, list[str]] = {}
    for clip in sorted(speakers):
        by_speaker.setdefault(speakers[clip], []).append(clip)

    def other(clip: str) -> str | None:
        mine = [candidate for candidate in by_speaker[speakers[clip]] if candidate != clip]
        if not mine:
            return None
        digest = hashlib.sha256(f"{seed} {clip}".encode()).digest()
        return mine[int.from_bytes(digest[:8], "big") % len(mine)]

    return {clip: other(clip) for clip in (speakers if targets is None else targets)}
