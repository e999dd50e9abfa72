"""Sound of a file, decoded to its end and put on the container's clock: which reader reads what, and why.

Measured with libsndfile 1.2.2 and PyAV 18.1 (FFmpeg 8) on one known sound in every format that they write:

- WAV, AIFF, AU, W64, CAF: libsndfile, in WAV seventeen times as fast and the same samples. PyAV refuses AIFF and W64
  that were written to a pipe, and takes the remainder of an ALAC packet table in CAF off twice. PyAV where libsndfile
  refuses (GSM and G.721 in WAV: "non-seekable"; CAF from a pipe) or believes a length of zero that a writer to a pipe
  left behind. Both shorten what is broken off and say nothing: that is found by the header (see `sizes`).
- FLAC: PyAV; libsndfile asks for as much memory as the header counts, and stops there.
- Ogg: libsndfile, part by part (see `joined`); PyAV leaves the padding of a short part in, whose first page of sound is
  its last. PyAV where it breaks off, and for what libsndfile does not know (Speex).
- MP3: PyAV, part by part; libsndfile counts by the header, or guesses.
- all else: PyAV.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media.endings import share_there
from vsseval.media.joined import Part, joined_parts
from vsseval.media.limits import require_rate, require_within
from vsseval.media.opening import opened
from vsseval.media.placing import Piece, Placed, Stretch, join, require_size
from vsseval.media.probing import measured_end
from vsseval.media.sizes import sound_bytes
from vsseval.media.streams import (
    LEAST_READABLE,
    UNKNOWN_SOUND,
    audio_stream,
    clock_zero,
    declared_end,
    formats,
    is_known,
    require_length,
    video_stream,
    whole_end,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_sound"]

_PADDING = 0.1
"""Seconds. A tail beyond the end that MP4 declares that is shorter than this is the encoder's padding, and is cut."""

_SOUGHT = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"})
"""Codings in which libsndfile finds any sample at once, and the same as on the way there."""

_GREATEST_LOSS = 0.1
"""Share of packets that may be undecodable; with more, the sound is not what was recorded."""


class _Tally(NamedTuple):
    """How the decoding of a stream went."""

    ended: bool
    """Whether the stream was read to its end, and not just as far as was asked for."""
    breaks_off: bool
    """Whether its last packet is incomplete."""


def read_sound(path: Path, stretch: Stretch) -> Piece:
    """Return the sound of a file.

    Args:
        path: the file.
        stretch: what is wanted of it. Nothing behind it is decoded, and little before it kept.

    Raises:
        BeyondLimit: it is longer or larger than is allowed.
        Unmeasurable: no sound, none that can be decoded, or less than a header or the last packet promise.
    """
    size = sound_bytes(path)
    if size is None:
        return _by_pyav(path, stretch, is_sized=False)
    if size.declared == 0:
        raise Unmeasurable(f"{path.name}: the audio holds no samples")
    if size.declared is not None and size.there < LEAST_READABLE * size.declared:
        raise Unmeasurable(f"{path.name}: truncated: {size.there} of the declared {size.declared} bytes are there")
    return _by_libsndfile(path, path, stretch) or _by_pyav(path, stretch, is_sized=True)


def _by_libsndfile(path: Path, source: Path | BytesIO, stretch: Stretch) -> Piece | None:
    """Return what is wanted of a file, or of a part of it; None where libsndfile cannot read it, or finds none."""
    import soundfile

    try:
        with soundfile.SoundFile(source) as file:
            rate, until = int(file.samplerate), stretch.until
            require_rate(path.name, rate)
            require_within(path.name, "channels", file.channels, f"{file.channels} channels of sound")
            whole = file.frames if until is None else min(file.frames, round(until * rate))
            first = min(round(stretch.start * rate), whole) if file.subtype in _SOUGHT else 0
            require_size(path.name, (whole - first) * file.channels, stretch.within(whole / rate))
            file.seek(first)
            samples = file.read(whole - first, dtype="float32", always_2d=True)
            is_empty = file.frames <= 0
    except Unmeasurable:
        raise
    except Exception:  # noqa: BLE001 - PyAV reads it, or says why nobody can
        return None
    return None if is_empty else stretch.cut(Piece(np.ascontiguousarray(samples.T), rate), first)


def _by_pyav(path: Path, stretch: Stretch, *, is_sized: bool) -> Piece:
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise Unmeasurable(f"{path.name}: has no audio track")
        if not is_known(stream):
            raise Unmeasurable(f"{path.name}: {UNKNOWN_SOUND}")
        parts = joined_parts(path, formats(container), is_seen=video_stream(container) is not None)
        if not parts:
            return _whole(path, container, stream, stretch, is_sized=is_sized)
    return stretch.cut(join(list(_part_by_part(path, parts, stretch)), path.name))


def _part_by_part(path: Path, parts: list[Part], stretch: Stretch) -> Iterator[Piece]:
    done, samples, until = 0.0, 0, stretch.until
    for part in parts:
        require_size(path.name, samples, stretch.within(done))
        left = None if until is None else until - done
        if left is not None and left <= 0:
            return
        by_pages = part.form == "ogg" and not part.breaks_off
        piece = _by_libsndfile(path, BytesIO(part.data), Stretch(0.0, left)) if by_pages else None
        if piece is not None:
            done, samples = done + piece.seconds, samples + piece.samples.size
            yield piece
            continue
        with opened(path, BytesIO(part.data), part.form) as container:
            stream = audio_stream(container)
            if stream is None or not is_known(stream):
                raise Unmeasurable(f"{path.name}: holds a part without readable sound")
            ahead = max(stretch.start - done, 0.0)
            placed = Placed(path.name, clock_zero(container), Stretch(ahead, left and left + 1 - ahead))
            tally = _decode(path, container, stream, placed, None if left is None else left + 1)
            pieces = placed.pieces
        if part.skipped or part.length is not None:
            end = None if part.length is None else part.skipped + part.length
            pieces = [Piece(pieces[0].samples[:, part.skipped : end], pieces[0].rate), *pieces[1:]] if pieces else []
        done += sum(piece.seconds for piece in pieces)
        samples += sum(piece.samples.size for piece in pieces)
        if tally.ended and part.breaks_off:
            raise Unmeasurable(f"{path.name}: truncated: the sound breaks off after {done:.2f} s")
        yield from pieces


def _whole(path: Path, container: Any, stream: Any, stretch: Stretch, *, is_sized: bool) -> Piece:
    placed = Placed(path.name, clock_zero(container), stretch, has_holes="avi" not in formats(container), drops=True)
    declared, whole = declared_end(container, stream), whole_end(container)
    tally = _decode(path, container, stream, placed, stretch.until)
    if not placed.pieces:
        require_length(path, 0, declared)
        cut = "truncated: it breaks off before its first samples" if tally.breaks_off else "the audio holds no samples"
        raise Unmeasurable(f"{path.name}: {cut}")
    found = join(placed.pieces, path.name)
    if not tally.ended:
        return stretch.cut(found, placed.dropped)
    there = found.seconds + placed.dropped / found.rate
    require_length(path, there, declared)
    if whole and there < LEAST_READABLE * whole:
        measured_end(path)  # the sound may end before the pictures do; all streams together may not
    breaks_off = tally.breaks_off and not (is_sized or declared or (whole and there >= LEAST_READABLE * whole))
    if breaks_off or share_there(path) < LEAST_READABLE:
        raise Unmeasurable(f"{path.name}: truncated: the sound breaks off after {there:.2f} s")
    if declared and formats(container) & {"mov", "mp4"}:
        length = round(declared * found.rate) - placed.dropped
        if 0 < found.samples.shape[1] - length <= _PADDING * found.rate:
            found = Piece(found.samples[:, : max(length, 0)], found.rate)
    return stretch.cut(found, placed.dropped)


def _decode(path: Path, container: Any, stream: Any, placed: Placed, until: float | None) -> _Tally:
    """Decode a stream into `placed`; packets that are damaged leave a hole of their length."""
    import av

    count = lost = 0
    breaks_off = False
    try:
        for packet in container.demux(stream):
            count += bool(packet.size)
            breaks_off = packet.is_corrupt if packet.size else breaks_off
            try:
                for frame in packet.decode():
                    placed.add(frame)
            except av.error.FFmpegError:
                if packet.size:
                    lost, breaks_off = lost + 1, True
                    placed.lose()
            if until is not None and placed.seconds >= until:
                return _Tally(ended=False, breaks_off=False)
    except (av.error.InvalidDataError, av.error.EOFError):
        breaks_off = True
    if lost > max(_GREATEST_LOSS * count, 1):
        raise Unmeasurable(f"{path.name}: damaged: {lost} of {count} packets of its sound cannot be decoded")
    return _Tally(ended=True, breaks_off=breaks_off)
