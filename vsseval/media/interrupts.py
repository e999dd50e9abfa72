"""Keeps Ctrl-C out of the functions that FFmpeg calls to read and write: PyAV would lose it there, and the bytes too.

An exception that is none of `Exception` cannot leave such a function: Python prints it as ignored, FFmpeg goes on as if
the bytes were written, and what results is a damaged file that looks finished.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["uninterrupted"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[Callable[[], None]]:
    """Put off an interrupt until the end of the `with` block, or until the function that it gives is called.

    Only signals whose handler raises KeyboardInterrupt are put off, and only in the main thread, where handlers run.

    Yields:
        What raises KeyboardInterrupt, where one was put off: to be called where it does no harm.
    """
    there = [one for one in SIGNALS if signal.getsignal(one) is signal.default_int_handler]
    if threading.current_thread() is not threading.main_thread() or not there:
        yield _nothing
        return
    put_off: list[int] = []

    def check() -> None:
        if put_off:
            put_off.clear()
            raise KeyboardInterrupt

    for one in there:
        signal.signal(one, lambda number, _: put_off.append(number))
    try:
        yield check
    finally:
        for one in there:
            signal.signal(one, signal.default_int_handler)
    check()


def _nothing() -> None:
    pass
