"""Decides whose answers count: attention checks, the hidden reference, and how far a rater agrees with the others."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from vsseval.statistics.rank_correlation import of_rows
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.listening.answers import Rater
    from vsseval.listening.key import TestKey

__all__ = ["HIDDEN", "HIDDEN_SHARE", "MOST_FAILED", "Judgement", "Screened", "judgements", "screen"]

MOST_FAILED = 0.25
"""Share of attention checks that a rater may fail. Who answers four by chance passes three in one case of nine."""
HIDDEN, HIDDEN_SHARE = 90.0, 0.15
"""Points that the hidden reference must have, and the share of trials in which it may have fewer (ITU-R BS.1534-3,
section 4.1.2)."""
FEWEST = 5
"""Sounds that a rater has in common with others, below which nothing is said of their agreement."""


class Judgement(Record, frozen=True):
    """One thing that was said, put so that raters can be compared."""

    rater: str
    clip: str
    systems: tuple[str, ...]
    """One that has a score, or two in order of name."""
    value: float
    """The score; of a pair 1 where the first is better, -1 where the second is, 0 for a tie."""
    left: bool | None = None
    """Of a pair with a winner: whether that stood left."""


class Screened(Record, frozen=True):
    """What is known of one rater."""

    rater: str
    answers: int
    failed: int = 0
    checks: int = 0
    low_reference: float | None = None
    """Share of trials in which the hidden reference had fewer than 90 points."""
    agreement: float | None = None
    """Spearman's correlation with the mean of the others, over what they have in common."""
    minutes: float = 0.0
    out: str = ""
    """Why their answers do not count; empty where they do."""
    doubt: str = ""
    """What is odd about them, without being a reason to leave them out."""


def judgements(raters: Sequence[Rater], key: TestKey) -> list[Judgement]:
    """Return everything that was said of what is judged; attention checks are not among it."""
    stimuli = {one.id: one for one in key.stimuli}
    roles = {system.name: system.role for system in key.systems}
    made = []
    for rater in raters:
        for answer in rater.answers:
            ids = answer.stimuli if {*answer.stimuli} == {*_trial(key)[answer.trial]} else _trial(key)[answer.trial]
            if key.kind == "ab":
                one, other = sorted((stimuli[i] for i in ids), key=lambda found: found.system)
                if "check" in {roles[one.system], roles[other.system]}:
                    continue
                said = {one.id: 1.0, other.id: -1.0}.get(answer.better or "", 0.0)
                left = answer.better == ids[0] if said else None
                made.append(Judgement(rater.name, one.clip, (one.system, other.system), said, left))
                continue
            for i, score in answer.scores.items():
                if roles[stimuli[i].system] != "check":
                    made.append(Judgement(rater.name, stimuli[i].clip, (stimuli[i].system,), float(score)))
    return made


def screen(raters: Sequence[Rater], said: Sequence[Judgement], key: TestKey) -> list[Screened]:
    """Judge the raters, in the order given."""
    values: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for one in said:
        values[one.rater][(one.clip, *one.systems)] = one.value
    made = []
    for rater in raters:
        failed, checks = _checks(rater, key)
        low = _low_reference(rater, key)
        agreement, common = _agreement(rater.name, values)
        out = ""
        if checks and failed / checks > MOST_FAILED:
            out = f"failed {failed} of {checks} attention checks"
        elif low is not None and low > HIDDEN_SHARE:
            out = f"gave the hidden reference less than {HIDDEN:.0f} in {low:.0%} of trials"
        opposes = agreement is not None and agreement < -1.96 / (common - 1) ** 0.5
        doubt = "opposes the others" if opposes else ""
        minutes = sum(max(0.0, min(answer.seconds, 600.0)) for answer in rater.answers) / 60
        made.append(Screened(rater.name, len(rater.answers), failed, checks, low, agreement, minutes, out, doubt))
    return made


def _trial(key: TestKey) -> Mapping[str, tuple[str, ...]]:
    return {trial.id: trial.stimuli for trial in key.trials}


def _checks(rater: Rater, key: TestKey) -> tuple[int, int]:
    """Return how many checks a rater failed, and how many there were among their trials."""
    failed = total = 0
    scores: dict[str, float] = {i: s for answer in rater.answers for i, s in answer.scores.items()}
    better = {frozenset(_trial(key)[answer.trial]): answer.better for answer in rater.answers}
    for check in key.checks:
        pair = frozenset({check.better, check.worse})
        if key.kind == "ab" and pair in better:
            total, failed = total + 1, failed + (better[pair] != check.better)
        elif key.kind == "mos" and pair <= {*scores}:
            total, failed = total + 1, failed + (scores[check.better] <= scores[check.worse])
    return failed, total


def _low_reference(rater: Rater, key: TestKey) -> float | None:
    if key.kind != "mushra":
        return None
    hidden = {one.id for one in key.stimuli if key.role(one.system) == "reference"}
    found = [score for answer in rater.answers for i, score in answer.scores.items() if i in hidden]
    return sum(score < HIDDEN for score in found) / len(found) if found else None


def _agreement(name: str, values: Mapping[str, Mapping[tuple[str, ...], float]]) -> tuple[float | None, int]:
    """Return the correlation with the mean of the others, and over how many things."""
    mine, others = [], []
    for what, value in values.get(name, {}).items():
        theirs = [found[what] for rater, found in values.items() if rater != name and what in found]
        if theirs:
            mine.append(value)
            others.append(sum(theirs) / len(theirs))
    if len(mine) < FEWEST:
        return None, len(mine)
    found = float(of_rows(np.array(mine), np.array(others)).spearman)
    return (found if np.isfinite(found) else None), len(mine)
