"""Reads `gates.toml`: which metric may be how much worse than the baseline, and what it may never be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import UsageError
from vsseval.text.readers import Unreadable, file_text, toml_tables
from vsseval.types import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANY = "*"
"""Stands for every benchmark that has no rule of its own for a metric."""

LEARN = "vsseval gate --learn RUN RUN RUN"


class GateRule(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of one metric, in the unit that tables show (per cent, seconds)."""

    margin: float | None = None
    """How much worse than the baseline it may be: the far end of the interval has to lie within."""
    floor: float | None = None
    ceiling: float | None = None
    """What the value itself may be at least and at most, whatever the baseline has."""
    shift: dict[str, float] = {}  # noqa: RUF012 - msgspec copies it
    """Signed detail of the scores (`offset`, in its own unit) -> by how much its median may move, to either side."""


class Gates(Record, frozen=True):
    """The rules of one file."""

    source: str
    rules: dict[str, dict[str, GateRule]]
    """Benchmark, or "*" -> metric id -> rule."""

    def of(self, benchmark: str) -> dict[str, GateRule]:
        """Return the rules by metric; those that name the benchmark replace those for any."""
        return {**self.rules.get(ANY, {}), **self.rules.get(benchmark, {})}

    def named(self, benchmark: str) -> set[str]:
        """Return the metrics that have a rule for this very benchmark, and so must be measured on it."""
        return {*self.rules.get(benchmark, {})}


def load_gates(path: Path) -> Gates:
    """Read the rules.

    Raises:
        UsageError: the file is missing, is no TOML, or holds something that is no rule; the message names the place.
    """
    try:
        data = toml_tables(file_text(path))
    except FileNotFoundError:
        raise UsageError(
            f"there are no margins: {path} does not exist. Name a file with --margins, or propose one from reruns: "
            f"{LEARN} > {path}; of finished sounds, which have no seeds, from their clips: "
            "vsseval gate --learn --from-clips RUN"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. Name another file with --margins") from error
    except (Unreadable, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}. Mend that line, or begin anew: {LEARN} > {path}") from error
    try:
        rules = msgspec.convert(data, dict[str, dict[str, GateRule]])
    except msgspec.ValidationError as error:
        raise UsageError(
            f'{path}: {error}. A rule reads: ["mini_vtts"."wer@sphinx-grid"] and below it margin = 4.0, and floor, '
            "ceiling and shift = { offset = 0.02 } where they are wanted"
        ) from error
    gates = Gates(str(path), rules)
    for benchmark, metrics in rules.items():
        for metric, rule in metrics.items():
            _check(f"{path}, [{benchmark}.{metric}]", rule)
    return gates


def _check(place: str, rule: GateRule) -> None:
    numbers: Mapping[str, float | None] = {
        "margin": rule.margin, "floor": rule.floor, "ceiling": rule.ceiling,
        **{f"shift.{name}": value for name, value in rule.shift.items()},
    }  # fmt: skip
    given = {name: value for name, value in numbers.items() if value is not None}
    if not given:
        raise UsageError(f"{place} asks for nothing: give it a margin, a floor or a ceiling, or take it out")
    for name, value in given.items():
        if not math.isfinite(value):
            raise UsageError(f"{place}: {name} is {value}, which is no bound. Give a finite number")
        if value < 0 and (name == "margin" or name.startswith("shift.")):
            raise UsageError(f"{place}: {name} is {value:g}, but is a width. Give 0 or more")
    if rule.floor is not None and rule.ceiling is not None and rule.floor > rule.ceiling:
        raise UsageError(f"{place}: the floor {rule.floor:g} lies above the ceiling {rule.ceiling:g}")
