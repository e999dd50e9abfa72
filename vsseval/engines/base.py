"""What an engine is: something that carries out a function over the shards of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Engine(Protocol):
    """Local, or an adapter of an existing scheduler.

    `run_shard` reads and writes files and returns nothing, so shards may run anywhere, in any order, and again.
    """

    def map(self, run_shard: Callable[[int], None], shards: Sequence[int]) -> None:
        """Carry out every shard once.

        Raises:
            VssevalError: whatever a shard raised; shards that are done stay done.
        """
        ...
