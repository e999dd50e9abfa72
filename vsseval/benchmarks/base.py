"""What a benchmark is: a fixed manifest of samples, and a card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vsseval.types import BenchmarkCard, Sample

__all__ = ["Benchmark", "BenchmarkCard", "Sample"]


class Benchmark(Protocol):
    """Built by the factory that its entry point names: `factory(argument: str | None) -> Benchmark`.

    `argument` is the part after the colon of `--benchmark name:argument`.
    """

    card: BenchmarkCard

    def samples(self) -> Sequence[Sample]:
        """Return every clip of the benchmark, in a fixed order.

        Raises:
            UsageError: the manifest itself is unreadable. A clip whose media are unreadable is no error:
                it is returned with `problem` set, and stays in N.
        """
        ...
