"""Turns a panel and its clips into trials: pairs, sets with a hidden reference, or single sounds; and their checks."""

from __future__ import annotations

import hashlib
import random
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from vsseval.listening.key import Check, Stimulus, System, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.listening.key import Kind

__all__ = ["CHECK", "Trials", "make_trials", "stimulus_id"]

CHECK = "check noise"
"""Name of the noise that nobody who listens prefers to the reference."""


class Trials(NamedTuple):
    """What is judged, and what the answers are checked by."""

    trials: tuple[Trial, ...]
    checks: tuple[Check, ...]


def stimulus_id(seed: int, clip: str, system: str) -> str:
    """Return a name that tells raters nothing."""
    return hashlib.sha256(f"{seed}\0{clip}\0{system}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def make_trials(
    kind: Kind, stimuli: Sequence[Stimulus], systems: Sequence[System], checked: Sequence[str], seed: int
) -> Trials:
    """Return all trials of a test, shuffled.

    Args:
        kind: of test.
        stimuli: of all clips.
        systems: roles by name.
        checked: clips on which there is a check; its noise is among the stimuli.
        seed: of the order.
    """
    roles = {system.name: system.role for system in systems}
    clips: dict[str, dict[str, str]] = {}
    for one in stimuli:
        clips.setdefault(one.clip, {})[one.system] = one.id
    reference = next((s.name for s in systems if s.role in {"reference", "check"} and s.name != CHECK), "")
    checks = [Check(clips[c][reference], clips[c][CHECK]) for c in checked]
    always = {check.better for check in checks}
    made: list[tuple[str, tuple[str, ...], bool, str]] = []
    for clip, sounds in clips.items():
        judged = {name: sounds[name] for name in sorted(sounds) if roles[name] != "check"}
        if kind == "ab":
            made += [(clip, (judged[a], judged[b]), False, f"{a} {b}") for a, b in combinations(judged, 2)]
        elif kind == "mos":
            made += [(clip, (one,), one in always, name) for name, one in judged.items()]
        else:
            made.append((clip, tuple(judged.values()), False, ""))
    where = {one.id: one.clip for one in stimuli}
    for check in checks:
        if kind == "ab":
            made.append((where[check.worse], (check.better, check.worse), True, ""))
        else:
            alone = (check.worse,) if roles[reference] == "reference" else (check.worse, check.better)
            made += [(where[one], (one,), True, "") for one in alone]
    random.Random(f"{seed} trials").shuffle(made)  # noqa: S311 - an order, not a secret
    groups = {name: str(place) for place, name in enumerate(dict.fromkeys(group for *_, group in made))}
    trials = [
        Trial(f"t{i:03d}", clip, parts, check, groups[group]) for i, (clip, parts, check, group) in enumerate(made)
    ]
    return Trials(tuple(trials), tuple(checks))
