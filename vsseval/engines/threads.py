"""How many threads libraries may use in this process and in those that it starts: one, unless somebody asks for more.

Sums of another number of threads differ in their last bits, and on a machine that is not idle threads that wait for
each other cost many times what they bring. Processes do neither.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What libraries read when they are loaded."""


def thread_variables(count: int = 1) -> dict[str, str]:
    """Return the environment variables that give a process this many threads."""
    return dict.fromkeys(VARIABLES, str(count))


@contextmanager
def thread_environment(count: int = 1) -> Iterator[None]:
    """Give libraries and processes that are loaded and started meanwhile this many threads."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(thread_variables(count))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def threads(count: int = 1) -> Iterator[None]:
    """Give torch this many threads meanwhile, be it loaded already or not yet, and so whatever is started from here."""
    torch = sys.modules.get("torch")
    with thread_environment(count):
        if torch is None:
            yield
            return
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)
