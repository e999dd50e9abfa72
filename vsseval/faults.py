"""The faults that a recording can be given on purpose: names, levels from mild to severe, units, fitting tasks."""

from __future__ import annotations

from typing import NamedTuple

from vsseval.types import Task

MODEL = "degraded"
"""Name of the model that makes them: `degraded:KIND=LEVEL`."""

_ALL: tuple[Task, ...] = ("v2s", "vtts", "joint", "tts")
_SPEECH: tuple[Task, ...] = ("vtts", "joint", "tts")


class Fault(NamedTuple):
    """One kind of fault."""

    name: str
    levels: tuple[tuple[float, ...], ...]
    """One tuple for each direction, from mild to severe."""
    unit: str
    """Of the levels; empty where they are shares."""
    description: str
    """What a level does, with `{level}`."""
    minimum: float
    maximum: float
    tasks: tuple[Task, ...] = _ALL
    needs_other: bool = False
    """It takes another clip's recording."""

    def model(self, level: float) -> str:
        """Return the name of the model that makes it, as `--model` takes it."""
        return f"{MODEL}:{self.name}={level:g}"


_SHIFTS = (0.04, 0.1, 0.2, 0.5, 1.0, 2.0)

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("shift", (tuple(-x for x in _SHIFTS), _SHIFTS), "s", "moved by {level:+g} s", -10, 10),
        Fault("noise", ((40, 30, 20, 10, 0, -10),), "dB", "white noise at {level:g} dB", -60, 100),
        Fault("band", ((6000, 4000, 2000, 1000, 500, 250),), "Hz", "nothing above {level:g} Hz", 50, 24_000),
        Fault("clipped", ((6, 12, 24, 36),), "dB", "driven {level:g} dB into clipping", 0, 60),
        Fault("mixed", ((20, 10, 0, -10),), "dB", "another clip's sound {level:g} dB below", -60, 100,
              needs_other=True),
        Fault("replaced", ((0.1, 0.25, 0.5, 1.0),), "", "another clip's sound in {level:.0%} of the clips", 0, 1,
              needs_other=True),
        Fault("words_dropped", ((0.1, 0.25, 0.5, 1.0),), "", "{level:.0%} of the words silenced", 0, 1, _SPEECH),
        Fault("words_swapped", ((0.25, 0.5, 1.0),), "",
              "{level:.0%} of the words changed places with their neighbours", 0, 1, _SPEECH),
        Fault("voice", ((0.5, 1, 2, 4, 8),), "semitones", "the voice {level:g} semitones higher", -24, 24, _SPEECH),
    )
}  # fmt: skip


def parse(model: str) -> tuple[Fault, float] | None:
    """Return the fault and level of `degraded:KIND=LEVEL`, or None for any other model."""
    name, _, argument = model.partition(":")
    kind, equals, level = argument.partition("=")
    if name != MODEL or kind not in FAULTS or not equals:
        return None
    try:
        return FAULTS[kind], float(level)
    except ValueError:
        return None
