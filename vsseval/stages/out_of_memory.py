"""A batch that is too large for a device's memory is made smaller, and not lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["free_memory", "halves", "out_of_memory"]

T = TypeVar("T")


def out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory was lacking: `MemoryError`, or what torch raises for a device, also as a cause."""
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return True
        error = error.__cause__
    return False


def halves(batch: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the two halves of a batch; a batch of one as it is."""
    middle = len(batch) // 2
    for half in (batch[:middle], batch[middle:]):
        if half:
            yield half


def free_memory() -> None:
    """Give back what torch keeps of a device's memory for the next batch of the size that did not fit."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
