"""A command says each warning once, though a folder is read for its card and again for its clips."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from vsseval.text.saying import say

__all__ = ["warned_once"]


@contextmanager
def warned_once() -> Iterator[None]:
    """Let no message of the library's log through twice, while a command runs."""
    log, once, said = logging.getLogger("vsseval"), _Once(), _Said(logging.WARNING)
    log.addFilter(once)
    log.addHandler(said)
    try:
        yield
    finally:
        log.removeHandler(said)
        log.removeFilter(once)


class _Said(logging.Handler):
    """Says what nobody else does, such as a progress bar that it would run into."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger("vsseval").handlers == [self]:
            say(record.getMessage(), err=True)


class _Once(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        new = message not in self._said
        self._said.add(message)
        return new
