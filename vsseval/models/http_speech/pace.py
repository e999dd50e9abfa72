"""Keeps the processes of one machine below a number of requests a minute, together."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from pathlib import Path

__all__ = ["Pace"]


class Pace:
    """A turn for each request; processes that ask the same address take turns by a small file."""

    def __init__(self, url: str, per_minute: float) -> None:
        """Take the limit.

        Args:
            url: of the endpoint.
            per_minute: requests at most; 0 for no limit.
        """
        self._gap = 60.0 / per_minute if per_minute else 0.0
        name = f"vsseval-pace-{os.getuid()}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
        self._file = Path(tempfile.gettempdir()) / name

    def wait(self) -> None:
        """Wait for a turn."""
        if not self._gap:
            return
        place = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX)
            now = time.time()
            turn = max(now, min(self._next(place), now + 60.0))
            os.ftruncate(place, 0)
            os.pwrite(place, f"{turn + self._gap:.6f}".encode(), 0)
        finally:
            os.close(place)
        time.sleep(max(0.0, turn - now))

    @staticmethod
    def _next(place: int) -> float:
        """Return when the next turn is, as whoever was here last has noted it; 0 where nobody has."""
        try:
            return float(os.pread(place, 64, 0) or b"0")
        except ValueError:
            return 0.0
