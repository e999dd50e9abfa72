"""The engine of one machine: the shards one after another, in this process, where the model is loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Local:
    """Runs shards in their order."""

    def map(self, run_shard: Callable[[int], None], shards: Sequence[int]) -> None:
        """Carry out every shard once; see `Engine.map`."""
        for shard in shards:
            run_shard(shard)
