"""Turns the media of chosen clips into data URIs, within a budget of bytes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from vsseval.errors import Unmeasurable
from vsseval.media import load_audio, media_limits, usable_seconds
from vsseval.media.web import small_mp3, small_mp4
from vsseval.report.figures import spectrogram

if TYPE_CHECKING:
    from pathlib import Path

    from vsseval.types import Medium


class MediaBudget:
    """Holds as many embedded media as fit a budget, and counts what was left out."""

    def __init__(self, budget: int) -> None:
        """Start empty.

        Args:
            budget: bytes of the page that media may take; 0 embeds nothing.
        """
        self.budget = budget
        self.used = 0
        self.embedded = 0
        self.left_out = 0
        self.unreadable: list[str] = []

    @property
    def full(self) -> bool:
        """Whether nothing more fits; encoding further media would be of no use."""
        return self.left_out > 0 or self.budget == 0

    def video(self, medium: Medium) -> str | None:
        """Embed a small silent copy of a video, of its segment alone; None if it does not fit or cannot be read."""
        if self.full:
            self.left_out += 1
            return None
        try:
            return self._keep(small_mp4(medium.path, medium.start, medium.seconds), "video/mp4")
        except Unmeasurable as problem:
            self.unreadable.append(str(problem))
            return None

    def sound(self, path: Path, seconds: float | None = None) -> tuple[str | None, str | None]:
        """Embed a sound and its spectrogram; None for what does not fit or cannot be read.

        Args:
            path: of the sound.
            seconds: of the clip that it was made for, where it is known: no more than is scored is decoded.
        """
        if self.full:
            self.left_out += 1
            return None, None
        try:
            audio = load_audio(path, seconds=media_limits().seconds if seconds is None else usable_seconds(seconds))
        except Unmeasurable as problem:
            self.unreadable.append(str(problem))
            return None, None
        return self._keep(small_mp3(audio), "audio/mpeg"), self._keep(spectrogram(audio), "image/webp")

    def _keep(self, data: bytes, kind: str) -> str | None:
        text = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        if self.used + len(text) > self.budget:
            self.left_out += 1
            return None
        self.used += len(text)
        self.embedded += 1
        return text
