"""How much of a medium is ever decoded: bounds that no clip of this field comes near, and that every bomb passes.

A file of a few kilobytes can unfold to hours of sound, to gigapixels, or to a hole of days between two time stamps.
What passes a bound is its clip's reason, which names the bound; `VSSEVAL_MEDIA_LIMITS` sets others, as
`VSSEVAL_MEDIA_LIMITS=seconds=3600,channels=128`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache

from vsseval.errors import Unmeasurable, UsageError

__all__ = [
    "LONGEST_FILE",
    "VARIABLE",
    "BeyondLimit",
    "MediaLimits",
    "longest_read",
    "media_limits",
    "require_rate",
    "require_within",
    "usable_seconds",
]

VARIABLE = "VSSEVAL_MEDIA_LIMITS"

LONGEST_FILE = 24 * 3600.0
"""Seconds of a file from which stretches are taken. What is longer by its time stamps has damaged ones."""
_RATES = (100, 1_536_000)
"""Samples per second between which a header may be believed: above the fastest converters, below telegraphy."""
_TWICE, _SPARE = 2.0, 10.0
"""Of `usable_seconds`."""
_MORE = 0.5
"""Seconds of `longest_read` beyond them."""


@dataclass(frozen=True)
class MediaLimits:
    """Bounds of what is decoded of one medium."""

    seconds: float = 600.0
    """Of sound, and of pictures, that one clip takes from a file: sixty times the usual clip."""
    gap: float = 60.0
    """Seconds between the end of one piece of sound or picture and the start of the next. A longer hole is no pause but
    a damaged time stamp."""
    pixels: float = 36e6
    """Of one picture: 8K has 33 million."""
    fps: float = 1000.0
    """Pictures per second of a file."""
    channels: float = 64.0
    """Of sound: seventh-order ambisonics."""
    sound_mb: float = 1024.0
    """Megabytes (2^20) of one sound as float32: ten minutes of eight channels at 48 kHz."""
    pictures_mb: float = 2048.0
    """The same of one array of pictures, as uint8; longer or larger videos are streamed."""
    joined_mb: float = 512.0
    """The same of an MP3 or Ogg file, which is read whole to find the sounds that are joined in it."""
    memory_mb: float = 4096.0
    """Megabytes (2^20) of memory that the process which decodes takes beyond its own: enough for any of the above."""
    work: float = 600.0
    """Seconds that one pass through a file may keep the decoder busy, a thousand times what a usual clip takes. What is
    done with the pictures meanwhile does not count."""

    @property
    def text(self) -> str:
        """Those that are not the defaults, as `VSSEVAL_MEDIA_LIMITS` has them; the same text for the same bounds."""
        own = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return ",".join(f"{name}={value!r}" for name, value, default in own if value != default)


class BeyondLimit(Unmeasurable):
    """A medium passes a bound. That is not stored as a property of the file: with another bound, it is read."""


def media_limits() -> MediaLimits:
    """Return the bounds that hold: the defaults, but for what the environment says.

    Raises:
        UsageError: the variable names no bound, or gives no positive number.
    """
    return _parsed(os.environ.get(VARIABLE, ""))


@cache
def _parsed(text: str) -> MediaLimits:
    known = {field.name for field in fields(MediaLimits)}
    given: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = (piece.strip() for piece in part.partition("="))
        try:
            given[name] = float(number)
        except ValueError:
            given[name] = 0.0
        if name not in known or not 0 < given[name] < float("inf"):
            raise UsageError(
                f"{VARIABLE}: {part!r} is no bound: write NAME=NUMBER, with commas between; "
                f"names: {', '.join(sorted(known))}"
            )
    return MediaLimits(**given)


def require_within(name: str, bound: str, there: float, what: str) -> None:
    """Raise where a medium passes a bound.

    Args:
        name: of the file.
        bound: name of a field of `MediaLimits`.
        there: what the medium has of it.
        what: says so; the allowed number follows.

    Raises:
        BeyondLimit: it is more than is allowed.
    """
    allowed: float = getattr(media_limits(), bound)
    if there > allowed:
        raise BeyondLimit(f"{name}: {what}, more than the {allowed:g} allowed (set {VARIABLE}={bound}=NUMBER for more)")


def require_rate(name: str, rate: float) -> None:
    """Raise Unmeasurable where a sample rate is none."""
    if not _RATES[0] <= rate <= _RATES[1]:
        raise Unmeasurable(f"{name}: states a sample rate of {rate:g} Hz")


def usable_seconds(clip: float) -> float:
    """Return how many seconds of a sound that was made for a clip are scored: twice the clip, and ten more.

    What is longer is not what was asked for; its start is scored, with a note.

    Args:
        clip: seconds that were asked for.
    """
    return min(_TWICE * clip + _SPARE, media_limits().seconds)


def longest_read(clip: float) -> float:
    """Return how many seconds of such a sound are decoded: a little more, which tells that it is longer."""
    return min(usable_seconds(clip) + _MORE, media_limits().seconds)
