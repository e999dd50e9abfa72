"""A command says each warning once, though a folder is read for its card and again for its clips."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["warned_once"]


@contextmanager
def warned_once() -> Iterator[None]:
    """Let no message of the library's log through twice, while a command runs."""
    log, once = logging.getLogger("vsseval"), _Once()
    log.addFilter(once)
    try:
        yield
    finally:
        log.removeFilter(once)


class _Once(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        new = message not in self._said
        self._said.add(message)
        return new
