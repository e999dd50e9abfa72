"""What comes back from a unit that was carried out in another process: all of it can be pickled."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from vsseval.errors import EnvironmentFault, VssevalError

if TYPE_CHECKING:
    from vsseval.engines.base import Kept, Unit

__all__ = ["Answer", "answer", "heard", "plain_fault"]

log = logging.getLogger("vsseval")


class Answer(NamedTuple):
    """What a unit found, or the fault that it raised; and the warnings that were logged meanwhile."""

    found: list[Any]
    notes: list[str]
    fault: VssevalError | None = None


def answer(unit: Unit, kept: Kept) -> Answer:
    """Carry out a unit in a process that nobody watches."""
    notes: list[str] = []
    handler = _Notes(notes)
    log.addHandler(handler)
    try:
        return Answer(unit.run(kept, _untold), notes)
    except VssevalError as error:
        return Answer([], notes, plain_fault(error))
    finally:
        log.removeHandler(handler)


def heard(given: Answer) -> list[Any]:
    """Say here what was said in another process, and return what was found there.

    Raises:
        VssevalError: what the unit raised.
    """
    for note in given.notes:
        log.warning("%s", note)
    if given.fault is not None:
        raise given.fault
    return given.found


def plain_fault(error: VssevalError) -> VssevalError:
    """Return a fault of the same message, of the nearest kind that is made of a message alone."""
    for kind in type(error).__mro__:
        if issubclass(kind, VssevalError) and "__init__" not in vars(kind):
            try:
                return kind(str(error))
            except TypeError:
                continue
    return EnvironmentFault(str(error))


class _Notes(logging.Handler):
    def __init__(self, notes: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = notes

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(record.getMessage())


def _untold(steps: int) -> None:
    """Tell nobody: whoever watches counts what lies in the files."""
