"""Units that wait, as those do whose work is on a card or on another machine: several go on at once on any machine."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 1.0


@dataclass(frozen=True)
class Waiting:
    """Waits, then writes a file whose bytes are its number's; returns when it began and ended, and in which process."""

    number: int
    folder: Path
    seconds: float = SECONDS
    loads: bool = False
    """Whether it loads what networks need."""

    def run(self, kept: Any, tell: Any) -> list[tuple[float, float, int]]:
        del kept
        begun = time.time()
        if self.loads:
            import scipy.signal  # noqa: F401
            import torch  # noqa: F401
        time.sleep(self.seconds)
        (self.folder / f"{self.number}.bin").write_bytes(self.number.to_bytes(4, "big") * 256)
        tell(1)
        return [(begun, time.time(), os.getpid())]

    def parts(self) -> list[Waiting]:
        return [self]

    def give_up(self, why: str) -> list[Any]:
        raise RuntimeError(why)


def wait_in_turn(units: list[Waiting]) -> list[tuple[float, float, int]]:
    """Carry out the units of one task of an array."""
    return [found for unit in units for found in unit.run({}, lambda _: None)]
