"""Writing the pictures of one file into another: muted, with other sound, or a segment of them alone.

Packets are copied as they are wherever the target's format and their times allow it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsseval.media.audio import Audio
from vsseval.media.encode import encode_sound, replacing, sound_track, x264
from vsseval.media.interrupts import uninterrupted
from vsseval.media.opening import opened
from vsseval.media.streams import clock_zero, require_video
from vsseval.media.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import numpy as np

__all__ = ["dub", "mute"]

_REORDERED = 64
"""Packets among which the picture that is shown first is looked for; codecs reorder by at most sixteen."""

_MUXERS = {".mov": "mov", ".mkv": "matroska", ".webm": "matroska"}


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
    segment = None if not start and seconds is None else (start, seconds)
    _remux(Path(source), Path(target), None, None, segment)


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
    _remux(Path(source), Path(target), Audio(samples, rate), codecs)


Segment = tuple[float, float | None]
"""Start and length in seconds; a length of None reaches to the end."""


def _remux(
    source: Path, target: Path, sound: Audio | None, codecs: Collection[str] | None, segment: Segment | None = None
) -> None:
    import av

    timed = segment is None and _is_well_timed(source)
    with uninterrupted() as check, opened(source) as container, replacing(target) as file:
        stream = require_video(container, source)
        with av.open(file, "w", format=_MUXERS.get(target.suffix.lower(), "mp4")) as out:
            codec = stream.codec_context.name
            copied = timed and codec in out.supported_codecs and (codecs is None or codec in codecs)
            # All streams must be declared before the first packet is written.
            video = out.add_stream_from_template(stream) if copied else _transcoded(stream, out)
            track = sound_track(out, sound.samples, sound.sample_rate, source.name) if sound is not None else None
            if copied:
                _copy_video(container, stream, out, video, check)
            else:
                _transcode_video(source, segment or (0.0, None), out, video, check)
            if track is not None:
                encode_sound(out, *track)


def _is_well_timed(source: Path) -> bool:
    """Return whether the packets can be copied with their times: all present, decoded in rising order."""
    with opened(source) as container:
        stream = require_video(container, source)
        packets = [(packet.pts, packet.dts, packet.is_discard) for packet in container.demux(stream) if packet.size]
    if any(left_out for _, _, left_out in packets):
        return False  # an edit list leaves out pictures on which others lean: the copy would begin with them
    if any(pts is None or dts is None for pts, dts, _ in packets):
        return False
    # The first two may coincide: programme streams do not say that the first is decoded a frame earlier.
    order = [dts for _, dts, _ in packets[1:]]
    return all(before < after for before, after in pairwise(order))


def _copy_video(container: Any, stream: Any, out: Any, copy: Any, check: Callable[[], None]) -> None:
    zero = round(clock_zero(container) / stream.time_base)

    def on_clock() -> Iterator[Any]:
        for packet in container.demux(stream):
            if packet.size:
                packet.pts -= zero
                packet.dts -= zero
                yield packet

    packets = on_clock()
    head = list(islice(packets, _REORDERED))
    _begin_at_zero(head)
    for packet in chain(head, packets):
        check()
        packet.stream = copy
        out.mux(packet)


def _begin_at_zero(packets: list[Any]) -> None:
    """Show the first picture from t = 0 on, as before its time stamp it is what there is to be seen.

    A file without sound starts with its first picture: left where it is, it would move t = 0 and all that follows.
    """
    first = min(packets, key=lambda packet: packet.pts, default=None)
    if first is None:
        return
    if first.pts > 0:
        first.duration = (first.duration or 0) + first.pts
        first.pts = 0
        # no packet may be decoded after it is shown, and those before it are decoded earlier still
        late = max(first.dts, 0)
        for packet in packets[: packets.index(first) + 1]:
            packet.dts -= late
    if len(packets) > 1 and packets[0].dts >= packets[1].dts:
        packets[0].dts = packets[1].dts - (packets[0].duration or 1)


def _transcoded(stream: Any, out: Any) -> Any:
    size = (stream.height + stream.height % 2, stream.width + stream.width % 2)
    video = x264(out, size, stream.average_rate or stream.guessed_rate or Fraction(25), crf=16)
    video.codec_context.time_base = stream.time_base
    return video


def _transcode_video(source: Path, segment: Segment, out: Any, video: Any, check: Callable[[], None]) -> None:
    tick, last = video.codec_context.time_base, -1
    for shown in Video(source, *segment).each():
        check()
        picture = shown.frame.reformat(width=video.width, height=video.height, format="yuv420p")
        # The first is the picture that is on the screen at t = 0 (see `_begin_at_zero`).
        at = 0 if last < 0 else max(round(shown.seconds / tick), last + 1)
        picture.pts, picture.time_base, last = at, tick, at
        picture.pict_type = 0  # the encoder chooses its own key frames
        out.mux(video.encode(picture))
    out.mux(video.encode(None))
