"""What an engine is: something that carries out units, wherever there is room for them.

A unit reads and writes files, and doing it again changes nothing, so that units may run anywhere, in any order, and
again. What it returns are findings that no file holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Kept = dict[str, Any]
"""What the units of one process keep between them: networks that are loaded."""


class Unit(Protocol):
    """A piece of work that can be sent to another process: it is pickled."""

    def run(self, kept: Kept, tell: Callable[[int], None]) -> list[Any]:
        """Do what is not done yet.

        Args:
            kept: of the process that it runs in.
            tell: is called with each number of steps that are done.

        Returns:
            What was found that no file holds.

        Raises:
            VssevalError: the machine lacks something; what is done stays done.
        """
        ...

    def parts(self) -> Sequence[Unit]:
        """Return the smallest units that it is made of, to find out which of them kills its process."""
        ...

    def give_up(self, why: str) -> list[Any]:
        """Return what is found of a part that kills its process, and write what is to be written of it."""
        ...


class Work(Protocol):
    """All units of a command; which of them can be begun depends on those that are done."""

    def next(self) -> Unit | None:
        """Return another unit that can be begun, or None where there is none just now."""
        ...

    def tell(self, unit: Unit, steps: int) -> None:
        """Be told that more steps of a unit are done."""
        ...

    def take(self, unit: Unit, found: list[Any]) -> None:
        """Be told that a unit is done, and what it found."""
        ...

    def pulse(self) -> None:
        """Be called about once a second, while other processes are at work."""
        ...


class Engine(Protocol):
    """Carries out units until there are none left."""

    def run(self, work: Work) -> None:
        """Carry out all units of some work.

        Raises:
            VssevalError: whatever a unit raised; units that are done stay done.
        """
        ...
