"""The key of a listening test: what stands behind the numbers of its page. It stays with whoever runs the test."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from vsseval.errors import UsageError
from vsseval.store import atomic, codec
from vsseval.text.readers import file_bytes
from vsseval.types import Record

__all__ = ["KEY", "PAGE", "Check", "Kind", "Role", "Stimulus", "System", "TestKey", "Trial", "read_key", "write_key"]

KEY, PAGE = "key.json", "test.html"
SCHEMA = 1

Kind = Literal["ab", "mushra", "mos"]
Role = Literal["system", "reference", "anchor", "check"]


class System(Record, frozen=True):
    """One thing that is judged, or that others are judged against."""

    name: str
    """As tables have it, one of a kind."""
    role: Role
    """What is there for attention checks alone is in no result."""
    run: Path | None = None
    """Its run directory; None for what the test itself made."""


class Stimulus(Record, frozen=True):
    """One sound of one clip."""

    id: str
    clip: str
    system: str
    lufs: float | None
    """As it was, ITU-R BS.1770; None for silence."""
    gain: float
    """Decibels that it was made louder."""


class Trial(Record, frozen=True):
    """What is judged at once."""

    id: str
    clip: str
    stimuli: tuple[str, ...]
    """Ids, in no order: every rater gets one of their own."""
    always: bool = False
    """Whether every rater gets it, beyond their number: attention checks are made of such."""
    group: str = ""
    """Trials of which a rater gets as many as of the others."""


class Check(Record, frozen=True):
    """An attention check: whoever listens finds the one sound better."""

    better: str
    worse: str


class TestKey(Record, frozen=True, kw_only=True):
    """Everything about a listening test but its sounds."""

    __test__ = False

    schema: int
    test: str
    """Identity of the test; answers carry it."""
    kind: Kind
    question: str
    instructions: str
    seed: int
    benchmark: str
    created: str
    target_lufs: float
    least_heard: float
    """Seconds of each sound that the page asks for."""
    practice: int
    """Trials that come first and do not count."""
    per_rater: int
    """Trials that a rater gets at most, checks not counted."""
    systems: tuple[System, ...]
    stimuli: tuple[Stimulus, ...]
    trials: tuple[Trial, ...]
    checks: tuple[Check, ...] = ()
    clusters: dict[str, str] = msgspec.field(default_factory=dict)
    """Clip -> what it was cut from, or who speaks: the unit that is drawn."""
    without: tuple[str, ...] = ()
    """What the test could not have, and why."""

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of what results speak of: systems, then reference and anchors."""
        return tuple(s.name for s in self.systems if s.role != "check")

    def role(self, name: str) -> str:
        """Return the role of a system by its name."""
        return next(s.role for s in self.systems if s.name == name)


def write_key(folder: Path, key: TestKey) -> None:
    """Write the key beside its page."""
    atomic.write_bytes(folder / KEY, codec.pretty(key))


def read_key(folder: Path) -> TestKey:
    """Read the key of a listening test.

    Raises:
        UsageError: there is none, or one that this version cannot read.
    """
    path = folder / KEY if folder.is_dir() else folder
    try:
        data = file_bytes(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}. Answers mean nothing without the {KEY} that `vsseval listen` "
            "wrote beside its page: name that folder with --test"
        ) from error
    try:
        key = codec.decode(data, TestKey)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no key of a listening test, or damaged: {error}") from error
    if key.schema != SCHEMA:
        raise UsageError(f"{path} has layout {key.schema}, this vsseval reads {SCHEMA}")
    ids, names = {one.id for one in key.stimuli}, {system.name for system in key.systems}
    pairs = [(check.better, check.worse) for check in key.checks]
    named = {one for parts in (*(trial.stimuli for trial in key.trials), *pairs) for one in parts}
    if not (named <= ids and {one.system for one in key.stimuli} <= names and all(t.stimuli for t in key.trials)):
        raise UsageError(f"{path} is damaged: it has trials of sounds, or sounds of systems, that it does not name")
    return key
