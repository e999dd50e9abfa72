"""The exceptions of vsseval, each with the exit code that the command line gives it.

VssevalError                  1..4, always shown as a message, never as a traceback
├── UsageError           2    what was asked cannot be done: unknown name, bad manifest, bad option
│   └── NeedsArgument    2    a model that says nothing without the part after its colon
└── EnvironmentFault     4    the machine lacks something: a package, weights, room on the disk
    ├── MissingExtra     4    an optional part is not installed; nothing else needs it
    │   └── MissingEnvironment    a baseline whose own environment was not made yet
    │       └── ReportedOnly      a system of which neither code nor outputs are public: its numbers are quoted
    ├── MissingData      4    the data of a benchmark is not registered on this machine yet
    ├── ModelFault       4    a model says what it lacks when its first sound is asked for
    ├── MissingWeights   4    weights that are fetched, not shipped, are not on this machine yet
    └── Busy             4    another process holds the run

Unmeasurable                  not an error of the program: this clip has no such feature (silent audio,
                              a clip too short, a video without events); it becomes a row with a reason
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vsseval.types import BenchmarkCard, ModelCard


class VssevalError(Exception):
    """A fault that the user can mend; the message says what happened, to what, and the command that mends it."""

    exit_code = 2


class UsageError(VssevalError):
    """The request cannot be carried out as it was put."""

    exit_code = 2


class NeedsArgument(UsageError):
    """A model that needs an argument was given none; `card` describes it nevertheless."""

    def __init__(self, message: str, card: ModelCard) -> None:
        super().__init__(message)
        self.card = card


class EnvironmentFault(VssevalError):
    """The machine lacks something that the request needs."""

    exit_code = 4


class MissingExtra(EnvironmentFault):
    """An optional part is not installed; the message holds the command that installs it."""


class MissingEnvironment(MissingExtra):
    """A model that runs in an environment of its own, which is not there; `card` describes it nevertheless."""

    def __init__(self, message: str, card: ModelCard) -> None:
        super().__init__(message)
        self.card = card


class ReportedOnly(MissingEnvironment):
    """A system that nobody but its authors can run: only the numbers of its paper can be shown."""


class MissingData(EnvironmentFault):
    """The data of a benchmark is not registered; `card` describes it nevertheless."""

    def __init__(self, message: str, card: BenchmarkCard) -> None:
        super().__init__(message)
        self.card = card


class MissingWeights(EnvironmentFault):
    """Weights were not fetched yet; the message holds the command that fetches them."""


class ModelFault(EnvironmentFault):
    """A model says what it lacks, or refuses what was asked of it, when it is to make sound: no clip is to blame."""


class Busy(EnvironmentFault):
    """Another process is working on the same run."""


class Unmeasurable(Exception):
    """One medium has no such feature; the reason is shown in the clip's row."""


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that does not exist, with the nearest ones that do."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}."
    return UsageError(f"there is no {what} '{name}': {hint} See: vsseval list")
