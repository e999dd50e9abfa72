"""Runs that cannot be carried out on this machine: each costs itself, as long as another system is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vsseval.errors import ModelFault

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vsseval.errors import VssevalError
    from vsseval.records import RunSpec

__all__ = ["Losses", "model_of", "title_of"]


class Losses:
    """What was lost so far, and why."""

    def __init__(self, specs: Sequence[RunSpec], added_bounds: Collection[str] = ()) -> None:
        """Begin with nothing lost.

        Args:
            specs: all runs.
            added_bounds: models that nobody asked for, the bounds beside a system: without one they are worth nothing.
        """
        self.reasons: dict[str, str] = {}
        """`MODEL on BENCHMARK` -> why it could not be run here."""
        self._models: dict[tuple[object, ...], str] = {}
        self._left = [*dict.fromkeys(title_of(spec) for spec in specs if spec.model not in added_bounds)]

    def look(self, spec: RunSpec) -> None:
        """Make sure that the model of a run was not lost before.

        Raises:
            ModelFault: it was.
        """
        if model_of(spec) in self._models:
            raise ModelFault(self._models[model_of(spec)])

    def add(self, spec: RunSpec, error: VssevalError) -> None:
        """Keep why a run is lost.

        Raises:
            VssevalError: the error itself, where no system is left that was asked for.
        """
        title = title_of(spec)
        self.reasons[title] = str(error)
        if isinstance(error, ModelFault):
            self._models[model_of(spec)] = str(error)
        if title in self._left:
            self._left.remove(title)
            if not self._left:
                raise error.__cause__ if isinstance(error, ModelFault) and error.__cause__ else error


def model_of(spec: RunSpec) -> tuple[object, ...]:
    """Return what makes two runs use one model, with its weights in memory."""
    return spec.model, spec.checkpoint, spec.device


def title_of(spec: RunSpec) -> str:
    """Return what a run is called where it is lost."""
    return f"{spec.model} on {spec.benchmark}"
