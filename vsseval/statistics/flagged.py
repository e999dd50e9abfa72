"""Turns the flags of a run into sentences, and says which runs may not be ranked because of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, get_args

from vsseval.records import FlagKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.records import Flag, Flags

KINDS: tuple[FlagKind, ...] = get_args(FlagKind)
FEW = 0.05
"""Share of the sounds up to which a flag may be chance: a system with more copies, or more clips of one sound, is
unranked, and the gate takes more new flags of any kind for a regression."""
NAMED = 3
WORDS: dict[FlagKind, str] = {
    "copy": "are references of the benchmark",
    "repeated": "are one sound that three clips or more have",
    "length": "are over 5 % longer or shorter than asked",
    "clipped": "go beyond full scale",
    "silent": "are silent",
    "unfilled": "are silent for most of what the reference sounds",
}


def flagged_clips(flags: Flags) -> dict[FlagKind, list[Flag]]:
    """Return the flags of each kind that occurs, by clip and seed."""
    found: defaultdict[FlagKind, list[Flag]] = defaultdict(list)
    for flag in flags.found:
        found[flag.kind].append(flag)
    return {kind: found[kind] for kind in KINDS if kind in found}


def said(kind: FlagKind, found: Sequence[Flag], sounds: int, *, named: int = NAMED) -> str:
    """Return one sentence for the flags of one kind, with some of the clips by name."""
    text = f"{len(found)} of {sounds} sounds {WORDS[kind]} ({', '.join(map(_clip, found[:named]))}"
    return f"{text}{', …' if len(found) > named else ''})"


def sentences(flags: Flags) -> list[str]:
    """Return what is to be said of a run: a sentence for each kind, how much is covered, what was not looked at."""
    found = [said(kind, some, flags.sounds) for kind, some in flagged_clips(flags).items()]
    if unranked(flags):
        found.append("the system is not ranked")
    if flags.covered is not None and flags.covered < 1 - FEW:
        found.append(f"on average {100 * flags.covered:.0f} % of a clip is covered")
    if flags.unseen:
        found.append(f"{flags.unseen} sounds could not be looked at")
    return found


def remark(flags: Flags) -> str:
    """Return all of that as one remark; empty where there is nothing to be said."""
    found = sentences(flags)
    return f"Flagged: {'; '.join(found)}." if found else ""


def unranked(flags: Flags) -> bool:
    """Return whether copies, or clips of one sound, are more than chance makes."""
    kinds = flagged_clips(flags)
    odd = {(flag.clip, flag.seed) for kind in ("copy", "repeated") for flag in kinds.get(kind, ())}
    return len(odd) > FEW * flags.sounds


def _clip(flag: Flag) -> str:
    """Name the clip of a flag, with its number."""
    if flag.kind in {"copy", "repeated"}:
        whose = "" if flag.other == flag.clip and flag.kind == "copy" else f" as {flag.other}"
        return f"{flag.clip}{whose} {flag.value:.2f}{f' {flag.note}' if flag.note else ''}"
    if flag.kind == "length":
        return f"{flag.clip} {flag.value:.2f} times"
    if flag.kind == "clipped":
        return f"{flag.clip} {flag.note or f'{100 * flag.value:.1f} % of its samples'}"
    return flag.clip if flag.kind == "silent" else f"{flag.clip} {100 * flag.value:.0f} %"
