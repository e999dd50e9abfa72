"""What is known of a data set before its data is there: its card, its variants, the reader of its list and folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vsseval.datasets.clip_lists import ListText, Pin
from vsseval.datasets.file_index import FileIndex
from vsseval.datasets.speaker_prompts import ReferenceMode
from vsseval.errors import UsageError, unknown
from vsseval.types import Record, Task

__all__ = ["CUSTOM", "ClipEntry", "DatasetDescription", "DatasetSource", "ListText", "Pin", "Variant", "least_seconds"]

CUSTOM = "custom"
"""Variants of this name, or that begin with it and a hyphen, are lists of the user's own."""

_CUSTOM = re.compile(r"custom(-[A-Za-z0-9._-]+)?")


class ClipEntry(Record, frozen=True):
    """One clip as list and folder name it, before its media are opened."""

    id: str
    cluster: str
    """Source video or speaker: the unit of resampling."""
    video: Path | None = None
    reference: Path | None = None
    """Recording to compare with, where it is not the video's own track."""
    own_sound: bool = False
    """The video's own track is the reference; a video without one is a problem."""
    speaker_prompt: Path | None = None
    caption: str | None = None
    transcript: str | None = None
    language: str = "en"
    label: str | None = None
    subset: str = ""
    events: tuple[float, ...] = ()
    speech_window: tuple[float, float] | None = None
    start: float = 0.0
    """Seconds of the file at which the clip begins."""
    seconds: float | None = None
    """Length of the clip in the file; None reaches to its end. Of a prompt, the length that is asked for."""
    spread: tuple[int, int] | None = None
    """Which of how many cuts of `seconds`, from the first at the start of the file to the last at its end."""
    problem: str | None = None
    """Why the clip cannot be used: a short kind ("absent"), a colon, and the details."""


class Variant(Record, frozen=True):
    """One list or setting of a benchmark that papers use."""

    name: str
    version: str = "1"
    """Raised when the reader makes other clips of the same list."""
    description: str = ""
    size: int | None = None
    """Clips of the list, where it is public and was counted."""
    pin: Pin | None = None
    """The list; None where the folder itself says what there is."""
    optional: bool = False
    """The folder may stand in for the list."""
    seconds: float | None = None
    """Every clip is cut to this length from its beginning, and prompts ask for it; None leaves it whole."""
    reference_mode: ReferenceMode = "none"
    seed: int = 0
    """Of `same_speaker_random`."""


@dataclass(frozen=True)
class DatasetSource:
    """What a reader is given."""

    tree: FileIndex
    variant: Variant
    listed: ListText | None = None

    @property
    def list(self) -> ListText:
        """The list.

        Raises:
            UsageError: the variant has none, and none was given.
        """
        if self.listed is None:
            raise UsageError(f"the variant {self.variant.name} needs a list: add --list FILE")
        return self.listed


@dataclass(frozen=True)
class DatasetDescription:
    """A data set, and the reader that names its clips and finds their files; it opens none of them."""

    name: str
    task: Task
    description: str
    licence: str
    citation: str
    home: str
    """Where its makers offer the data."""
    layout: str
    """How the folder is expected to lie, in one line."""
    list_clips: Callable[[DatasetSource], Sequence[ClipEntry]]
    variants: tuple[Variant, ...]
    """The first is the default."""
    metrics: tuple[str, ...]
    profile: str
    protocol: str
    inputs: tuple[str, ...]
    known_losses: str
    prompts: bool = False
    """Clips are texts: no video is given, and the list, the variant or a recording says how long each is to be. What
    metrics see is the picture that a system makes itself; to those that make none they do not apply."""

    def variant(self, name: str | None = None) -> Variant:
        """Return a variant by name; without a name, the default.

        Raises:
            UsageError: there is none of that name.
        """
        if name is None:
            return self.variants[0]
        known = {variant.name: variant for variant in self.variants}
        if name in known:
            return known[name]
        listed = next((variant for variant in self.variants if variant.pin is not None), None)
        if listed is not None and _CUSTOM.fullmatch(name):
            # The user's list, read and cut like the first variant that has one.
            return msgspec.structs.replace(
                listed,
                name=name,
                size=None,
                pin=Pin(names=()),
                optional=False,
                description="A list of your own.",
            )
        raise unknown(f"variant of {self.name}", name, [*known, *([CUSTOM] if listed else [])])

    def command(self, variant: str | None = None) -> str:
        """Return the command that registers it."""
        option = f" --variant {variant}" if variant and variant != self.variants[0].name else ""
        return f"vsseval data add {self.name} --root DIR{option}"


def least_seconds(seconds: float) -> float:
    """Return how long a clip must be for a protocol of so many seconds.

    Clips of ten seconds lack frames at their ends: Synchformer's lists count those under nine as short. For less, as
    MMAudio's eight, a clip may lack one frame at 25 a second.
    """
    return 0.9 * seconds if seconds > 9 else seconds - 0.04
