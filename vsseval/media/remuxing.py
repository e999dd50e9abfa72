"""Writing the pictures of one file into another: muted, with other sound, or a segment of them. Runs in the decoder.

Packets are copied as they are wherever the target's format and their times allow it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vsseval.errors import Unmeasurable
from vsseval.media.encode import encode_sound, sound_track, x264
from vsseval.media.limits import require_within
from vsseval.media.opening import opened
from vsseval.media.pictures import Pass
from vsseval.media.probing import read_probe
from vsseval.media.streams import clock_zero, require_video

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import numpy as np

__all__ = ["remux"]

_REORDERED = 64
"""Packets among which the picture that is shown first is looked for; codecs reorder by at most sixteen."""

_MUXERS = {".mov": "mov", ".mkv": "matroska", ".webm": "matroska"}

Segment = tuple[float, float | None]
"""Start and length in seconds; a length of None reaches to the end."""


def remux(
    source: Path,
    target: BinaryIO,
    suffix: str,
    segment: Segment,
    sound: np.ndarray | None,
    rate: int,
    codecs: Collection[str] | None,
) -> None:
    """Write the pictures of a file; see `vsseval.media.remux`.

    Args:
        source: the file.
        target: open for writing and seeking.
        suffix: of its name, which chooses the format.
        segment: (0, None) is all.
        sound: float32, shape (channels, n), at `rate`; None for none.
        rate: samples per second.
        codecs: names of those that are copied; None for all.
    """
    import av

    is_whole = segment == (0.0, None)
    timed = is_whole and _is_well_timed(source)
    with opened(source) as container:
        stream = require_video(container, source)
        with av.open(target, "w", format=_MUXERS.get(suffix.lower(), "mp4")) as out:
            codec = stream.codec_context.name
            copied = timed and codec in out.supported_codecs and (codecs is None or codec in codecs)
            # All streams must be declared before the first packet is written.
            video = out.add_stream_from_template(stream) if copied else _transcoded(stream, out)
            track = sound_track(out, sound, rate, source.name) if sound is not None else None
            if copied:
                _copy_video(container, stream, out, video)
            else:
                _transcode_video(source, segment, out, video)
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


def _copy_video(container: Any, stream: Any, out: Any, copy: Any) -> None:
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


def _transcode_video(source: Path, segment: Segment, out: Any, video: Any) -> None:
    tick, last = video.codec_context.time_base, -1
    found, (start, seconds) = read_probe(source), segment
    left = found.seconds - start
    if left <= 0:
        raise Unmeasurable(f"{source.name}: ends at {found.seconds:.2f} s, before {start:.2f} s")
    length = left if seconds is None else min(left, seconds)
    require_within(source.name, "seconds", length, f"{length:.0f} s of pictures")
    is_whole = segment == (0.0, None)
    for shown in Pass(source, start, length, whole=is_whole, own_fps=found.fps).each():
        picture = shown.frame.reformat(width=video.width, height=video.height, format="yuv420p")
        # The first is the picture that is on the screen at t = 0 (see `_begin_at_zero`).
        at = 0 if last < 0 else max(round(shown.seconds / tick), last + 1)
        picture.pts, picture.time_base, last = at, tick, at
        picture.pict_type = 0  # the encoder chooses its own key frames
        out.mux(video.encode(picture))
    out.mux(video.encode(None))
