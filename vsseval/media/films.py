"""The frames of the video that was decoded last: several networks that want its pictures have it decoded once.

Each makes its own pictures of them, by the same steps as from a file: the bits are the same. Runs in the decoder.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

__all__ = ["MOST", "Film", "Films"]

MOST = 256 << 20
"""Bytes of frames that are kept: ten seconds of 640x360 at 60 a second. Longer or larger videos are decoded anew."""


class Film(NamedTuple):
    """What is decoded of a video."""

    zero: float
    """Time stamp at which t = 0, in seconds."""
    moved: Fraction
    """Seconds that its frames are late by their time stamps."""
    time_base: Fraction
    frames: Iterable[Any]
    """PyAV's, in order of presentation."""


class _Kept(NamedTuple):
    path: Path
    state: tuple[int, ...] | None
    film: Film


class Films:
    """Keeps one film, whole."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None
        self.size = 0
        """Bytes of the frames that are held."""

    def find(self, path: Path) -> Film | None:
        """Return the film of a file, if it is kept and the file is as it was."""
        kept = self._kept
        return kept.film if kept is not None and (kept.path, kept.state) == (path, _state(path)) else None

    def forget_others(self, path: Path) -> None:
        """Let go of another file's film."""
        if self._kept is not None and self._kept.path != path:
            self._forget()

    def keep(self, path: Path, film: Film) -> Film:
        """Return a film that is kept once its last frame was taken, if it is small enough."""
        self._forget()
        return film._replace(frames=self._collected(path, film))

    def _forget(self) -> None:
        self._kept, self.size = None, 0

    def _collected(self, path: Path, film: Film) -> Iterator[Any]:
        state = _state(path)
        held: list[Any] = []
        fits = whole = False
        try:
            for frame in film.frames:
                self.size += sum(plane.buffer_size for plane in frame.planes)
                fits = self.size <= MOST
                held.append(frame)
                if not fits:
                    break
                yield frame
            whole = fits
        finally:
            if not whole:
                self.size = 0
        if fits:
            self._kept = _Kept(path, state, film._replace(frames=tuple(held)))
            return
        last = held[-1:]
        held.clear()
        yield from last
        yield from film.frames


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what changes with a file's content; None where it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116 - as the decoder was asked, links and all
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
