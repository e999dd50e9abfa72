"""Reads the files that raters send back, which are strangers': what is wrong with one is named, and ends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vsseval.store import codec
from vsseval.text.readers import file_bytes
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vsseval.listening.key import Kind, TestKey, Trial

__all__ = ["Answer", "Collected", "Rater", "collect"]

MOST_BYTES = 5_000_000
LONGEST = 80
"""Characters of a name that are kept."""
RANGES = {"mos": (1, 5), "mushra": (0, 100)}


class Answer(Record, frozen=True):
    """What was said in one trial."""

    trial: str
    stimuli: tuple[str, ...] = ()
    """In the order in which the rater had them."""
    better: str | None = None
    """Of a pair: an id, or "tie"."""
    scores: dict[str, float] = msgspec.field(default_factory=dict)
    heard: dict[str, float] = msgspec.field(default_factory=dict)
    """Seconds of each sound."""
    seconds: float = 0.0
    skipped: str | None = None


class _File(Record, frozen=True):
    """What the page saves; what else is in it is of no interest here."""

    schema: int
    test: str
    rater: str
    session: str
    started: str
    answers: list[Answer]
    listener: dict[str, str] = msgspec.field(default_factory=dict)
    comment: str = ""


class Rater(NamedTuple):
    """One rater, and all that can be used of what they said."""

    name: str
    answers: tuple[Answer, ...]
    listener: dict[str, str]
    comment: str
    session: str
    started: str
    path: Path


class Collected(NamedTuple):
    """All raters, and everything that was wrong with their files."""

    raters: tuple[Rater, ...]
    problems: tuple[str, ...]


def collect(paths: Sequence[Path], key: TestKey) -> Collected:
    """Read files of answers to one test.

    A file that cannot be used, an answer that cannot be, and a rater who comes twice are each told in `problems`. Of
    one session saved several times the file with most answers is used, of two sessions of one name the earlier.

    Args:
        paths: the files.
        key: of the test.
    """
    found: list[Rater] = []
    problems: list[str] = []
    for path in sorted(dict.fromkeys(paths)):
        read = _read(path, key)
        if isinstance(read, str):
            problems.append(f"{path}: {read}")
            continue
        good, faults = _usable(read.answers, key)
        problems += [f"{path}: {fault}" for fault in faults]
        name = plain(read.rater)
        if good:
            listener = {plain(k): plain(v) for k, v in [*read.listener.items()][:20]}
            found.append(
                Rater(name, good, listener, plain(read.comment, 2000), read.session, read.started, path)
            )  # fmt: skip
        else:
            problems.append(f"{path}: it holds no answer that can be used")
    return Collected(*_once_each(found, problems))


def plain(text: str, longest: int = LONGEST) -> str:
    """Return text without what a terminal would obey, in one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest]


def _read(path: Path, key: TestKey) -> _File | str:
    try:
        if path.stat().st_size > MOST_BYTES:
            return f"{path.stat().st_size / 1e6:.0f} MB are more than answers can take: passed over"
        read = codec.decode(file_bytes(path), _File)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"no file of answers, or broken off: {plain(str(error), 200)}. Ask for it to be saved again"
    if read.test != key.test:
        return f"answers to another test ({plain(read.test, 16)}), not to this one ({key.test}): passed over"
    if not plain(read.rater):
        return "it names no rater: passed over"
    return read


def _usable(answers: Sequence[Answer], key: TestKey) -> tuple[tuple[Answer, ...], list[str]]:
    trials = {trial.id: trial for trial in key.trials}
    good: dict[str, Answer] = {}
    faults: dict[str, int] = {}
    for answer in answers:
        trial = trials.get(answer.trial)
        fault = "trials that this test does not have" if trial is None else _fault(answer, trial, key.kind)
        if not fault and trial is not None and _unheard(answer, trial, key):
            fault = "sounds that were not heard"
        if fault:
            faults[fault] = faults.get(fault, 0) + 1
        else:
            good[answer.trial] = answer
    told = [f"{number} answer{'s' if number > 1 else ''} left out: {fault}" for fault, number in faults.items()]
    return tuple(good.values()), told


def _fault(answer: Answer, trial: Trial, kind: Kind) -> str:
    if answer.skipped is not None:
        return "the browser could not play a sound"
    if kind == "ab":
        return "" if answer.better in {*trial.stimuli, "tie"} else "neither of the sounds, nor a tie"
    low, high = RANGES[kind]
    if {*answer.scores} != {*trial.stimuli}:
        return "scores of other sounds than the trial's"
    if not all(low <= score <= high and (kind == "mushra" or score == int(score)) for score in answer.scores.values()):
        return f"scores that are not from {low} to {high}"
    return ""


def _unheard(answer: Answer, trial: Trial, key: TestKey) -> bool:
    """Say whether a sound was not heard at all, where the page asks for some seconds of it."""
    return key.least_heard > 0 and not all(answer.heard.get(one, 0.0) > 0 for one in trial.stimuli)


def _once_each(found: Sequence[Rater], problems: list[str]) -> tuple[tuple[Rater, ...], tuple[str, ...]]:
    sessions: dict[str, Rater] = {}
    for rater in found:
        other = sessions.get(rater.session)
        if other is None:
            sessions[rater.session] = rater
            continue
        more, less = (rater, other) if len(rater.answers) > len(other.answers) else (other, rater)
        problems.append(f"{less.path}: the same session as {more.path}, which holds no fewer answers: passed over")
        sessions[rater.session] = more
    names: dict[str, Rater] = {}
    for rater in sorted(sessions.values(), key=lambda one: (one.started, one.path)):
        first = names.setdefault(rater.name.casefold(), rater)
        if first is not rater:
            problems.append(
                f"{rater.path}: {rater.name} answered before, in {first.path}: passed over. If these are two people, "
                "give one of them another name in the file"
            )
    return tuple(names.values()), tuple(problems)
