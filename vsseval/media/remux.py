"""Writing the pictures of one file into another: muted, with other sound, or a segment of them alone.

The decoder writes into a file that is opened here, and renamed here once it is whole.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.media import wire
from vsseval.media.apart import ask, raw
from vsseval.media.audio import Audio, check_samples
from vsseval.media.encode import replacing
from vsseval.media.opening import check_file

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np

__all__ = ["dub", "mute"]


def mute(source: Path | str, target: Path | str, start: float = 0.0, seconds: float | None = None) -> None:
    """Write the video of `source`, or a segment of it, without audio, at the same times from its start.

    The stream is copied as it is. Only where the target's format cannot hold it (VP8 in MP4, the untimed
    packets of an AVI) is it encoded anew, as H.264, and so is a segment, whose first picture may lean on earlier
    ones. The format follows the target's suffix: mov, mkv, webm; others are MP4.

    Args:
        source: video.
        target: replaced if it exists.
        start: seconds from the start of the container at which the segment begins; they become t = 0.
        seconds: length of the segment; None reaches to the end.

    Raises:
        Unmeasurable: the source is unreadable or has no video.
        EnvironmentFault: the target cannot be written.
    """
    _remux(Path(source), Path(target), start, seconds)


def dub(
    source: Path | str, target: Path | str, samples: np.ndarray, rate: int, *, codecs: Collection[str] | None = None
) -> None:
    """Write the video of `source` with other sound, as AAC, in the place of its own.

    Args:
        source: video; copied as `mute` does.
        target: mp4, mov or mkv, replaced if it exists.
        samples: float, shape (n,) or (channels, n), from the start of the container.
        rate: samples per second of `samples`.
        codecs: names of the codecs that are copied, where a player knows no others; None for all.

    Raises:
        Unmeasurable: the source is unreadable or has no video, or samples are NaN or infinite.
        EnvironmentFault: the target cannot be written.
    """
    _remux(Path(source), Path(target), sound=Audio(samples, rate), codecs=codecs)


def _remux(
    source: Path,
    target: Path,
    start: float = 0.0,
    seconds: float | None = None,
    *,
    sound: Audio | None = None,
    codecs: Collection[str] | None = None,
) -> None:
    check_file(source)
    if sound is not None:
        check_samples(sound.samples, source.name)
    beside = wire.file_of([sound.samples]) if sound is not None else -1
    try:
        with replacing(target) as file:
            question = wire.AskRemux(
                path=raw(source), suffix=target.suffix, start=float(start), seconds=seconds,
                rate=sound.sample_rate if sound is not None else 0,
                channels=len(sound.samples) if sound is not None else 0,
                codecs=None if codecs is None else sorted(codecs),
            )  # fmt: skip
            ask(source, question, wire.Remuxed, (file.fileno(),) if sound is None else (file.fileno(), beside))
            file.seek(0, os.SEEK_END)
    finally:
        if beside >= 0:
            os.close(beside)
