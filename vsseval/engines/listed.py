"""Units that do not wait for each other."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vsseval.engines.base import Engine, Unit

__all__ = ["run_all"]


def run_all(engine: Engine, units: Iterable[Unit]) -> list[Any]:
    """Carry out some units, and return all that they found.

    Raises:
        VssevalError: as `Engine.run`.
    """
    work = _Listed(units)
    engine.run(work)
    return work.found


class _Listed:
    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = deque(units)
        self.found: list[Any] = []

    def next(self) -> Unit | None:
        return self._units.popleft() if self._units else None

    def tell(self, unit: Unit, steps: int) -> None:
        pass

    def take(self, unit: Unit, found: list[Any]) -> None:
        del unit
        self.found += found

    def pulse(self) -> None:
        pass
