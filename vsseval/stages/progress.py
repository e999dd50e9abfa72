"""What the stages tell whoever watches them."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from one thread, often; whoever implements it decides what is shown."""

    def run(self, title: str) -> None:
        """Tell that the work on one run (a model on a benchmark) begins."""
        ...

    def stage(self, name: str, total: int) -> None:
        """Tell that a stage of `total` steps begins; the one before is over."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Tell that steps of the stage are done."""
        ...

    def note(self, text: str) -> None:
        """Tell something that a person wants to know."""
        ...

    def left(self, seconds: float | None) -> None:
        """Tell how long the whole command still takes, as it is foretold now; None while that is not known."""
        ...


class NoProgress:
    """Shows nothing."""

    def run(self, title: str) -> None:
        """Show nothing."""

    def stage(self, name: str, total: int) -> None:
        """Show nothing."""

    def advance(self, steps: int = 1) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def left(self, seconds: float | None) -> None:
        """Show nothing."""
