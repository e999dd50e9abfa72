"""MP3 and Ogg files as the sounds that were joined in them: each has its own header, and its own start and end.

`cat a.mp3 b.mp3` and chained Ogg are files that players play to the end, while readers take the header of the first for
that of the whole: libsndfile (1.2) stops after the first link of an Ogg file and after as many frames as an MP3's Xing
header counts or its first bit rate suggests, FFmpeg (8) decodes the second header as sound and leaves the padding in.
So a file is cut at those headers, and each part is decoded as the file that it was.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from vsseval.errors import Unmeasurable
from vsseval.media.limits import require_within

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Part", "joined_parts", "mp3_parts", "ogg_parts"]

DECODER_DELAY = 529
"""Samples by which every MP3 decoder is late, counted in no header (528 of the filter bank and 1)."""

_LATER = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_BIT_RATES = {
    (3, True): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, True): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, False): _LATER,
    (2, False): _LATER,
}
"""kbit/s by layer, and by whether it is MPEG 1 and not 2 or 2.5 (ISO/IEC 11172-3, 13818-3)."""
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Hertz, by the two bits of the version: MPEG 1, 2 and 2.5."""
_ENCODERS = (b"LAME", b"Lavc", b"Lavf", b"L3.9")
"""Writers whose Xing header goes on with the delay and the padding of the encoder."""
_MOST_TRIES = 1_000_000
"""Bytes 255, with which frames begin, that begin none: tags of up to 250 MB have fewer."""
_LEAST_THERE = 0.9
"""Share of both frames and bytes that a Xing header counts below which the file is broken off, and not miscounted."""


class Part(NamedTuple):
    """One sound of a file."""

    data: bytes
    skipped: int = 0
    """Samples at the start that the encoder added."""
    length: int | None = None
    """Samples that remain in all, where the header says what was added at the end."""
    breaks_off: bool = False

    @property
    def form(self) -> str:
        """Name of the format."""
        return "ogg" if self.data.startswith(b"OggS") else "mp3"


class _Frame(NamedTuple):
    at: int
    size: int
    samples: int
    kind: tuple[int, int, int]
    """Version, layer and rate: what does not change from frame to frame."""


class _Tag(NamedTuple):
    """What the Xing header of an encoder says."""

    frames: int
    size: int
    delay: int
    padding: int


def joined_parts(path: Path, names: set[str], *, is_seen: bool) -> list[Part]:
    """Return the sounds that are joined in an MP3 or Ogg file; none of other files, and of Ogg with pictures.

    Args:
        path: the file.
        names: of its format.
        is_seen: whether it holds pictures.

    Raises:
        BeyondLimit: the file is larger than is allowed.
        Unmeasurable: an MP3 holds more that is no sound than any tag.
    """
    if names != {"mp3"} and ("ogg" not in names or is_seen):
        return []
    size = path.stat().st_size / 2**20
    require_within(path.name, "joined_mb", size, f"a file of {size:.0f} MB")
    return mp3_parts(path.read_bytes()) if names == {"mp3"} else ogg_parts(path.read_bytes())


def mp3_parts(data: bytes) -> list[Part]:
    """Return the sounds of an MPEG audio file of layer II or III, without their headers; none where no frame is found.

    Headers are Xing, Info and VBRI frames. Delay and padding are taken off where a header states them; a padding only
    where its frame count is right, since it belongs to the last frame that was counted.
    """
    frames, partial = _frames(data)
    starts = [i for i, frame in enumerate(frames) if _tag(data, frame) is not None]
    bounds = sorted({0, *starts, len(frames)})
    parts = []
    for first, last in pairwise(bounds):
        tag = _tag(data, frames[first])
        own = frames[first + (tag is not None) : last]
        if own:
            breaks_off = partial if last == len(frames) else False
            parts.append(_part(data, own, tag, frames[first].at, breaks_off=breaks_off))
    return parts


def _part(data: bytes, own: list[_Frame], tag: _Tag | None, start: int, *, breaks_off: bool) -> Part:
    sound = b"".join(data[frame.at : frame.at + frame.size] for frame in own)
    if tag is None:
        return Part(sound, breaks_off=breaks_off)
    length = None
    if tag.frames == len(own) and tag.padding:
        length = max(sum(frame.samples for frame in own) - tag.delay - tag.padding, 0)
    if tag.size:
        there = own[-1].at + own[-1].size - start
        breaks_off = len(own) < _LEAST_THERE * tag.frames and there < _LEAST_THERE * tag.size
    skipped = tag.delay + DECODER_DELAY if tag.delay or tag.padding else 0
    return Part(sound, skipped, length, breaks_off)


def _frames(data: bytes) -> tuple[list[_Frame], bool]:
    """Return the frames in a file, past tags and garbage, and whether it breaks off within one."""
    frames: list[_Frame] = []
    at, in_step, tries = 0, False, 0
    while at + 4 <= len(data):
        if data[at : at + 3] == b"ID3" and at + 10 <= len(data):
            a, b, c, d = (byte & 0x7F for byte in data[at + 6 : at + 10])
            at += 10 + (a << 21 | b << 14 | c << 7 | d)
            continue
        frame = _frame(data, at)
        if frame is None or not (in_step or _follows(data, frame)):
            in_step, tries = False, tries + 1
            if tries > _MOST_TRIES:
                raise Unmeasurable(f"damaged: {tries} times what begins like sound is none")
            at = data.find(b"\xff", at + 1)
            if at < 0:
                break
            continue
        if at + frame.size > len(data):
            return frames, bool(frames) and frame.kind == frames[-1].kind
        frames.append(frame)
        at, in_step = at + frame.size, True
    return frames, False


def _follows(data: bytes, frame: _Frame) -> bool:
    """Return whether a frame of the same kind, or the end of the file, comes where this one ends."""
    end = frame.at + frame.size
    after = _frame(data, end)
    return end == len(data) or (after is not None and after.kind == frame.kind)


def _frame(data: bytes, at: int) -> _Frame | None:
    """Return the frame of layer II or III that begins here, if one does; those of free bit rate are not known."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = 4 - (head[1] >> 1 & 3)
    version, rate_index, speed_index = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if layer not in {2, 3} or version == 1 or rate_index == 3 or speed_index in {0, 15}:
        return None
    rate = _RATES[version][rate_index]
    samples = 1152 if version == 3 or layer == 2 else 576
    speed = 1000 * _BIT_RATES[layer, version == 3][speed_index]
    size = samples // 8 * speed // rate + (head[2] >> 1 & 1)
    return _Frame(at, size, samples, (version, layer, rate))


def _tag(data: bytes, frame: _Frame) -> _Tag | None:
    """Return what a frame says that is a header and no sound; None where it is sound."""
    if frame.kind[1] != 3:
        return None
    body = data[frame.at : frame.at + frame.size]
    if body[36:40] == b"VBRI":
        return _Tag(int.from_bytes(body[50:54]), int.from_bytes(body[46:50]), 0, 0)
    mono = body[3] >> 6 == 3
    side = (17 if mono else 32) if frame.samples == 1152 else (9 if mono else 17)
    for at in (4 + side, 6 + side):  # with a checksum of two bytes, some count it in
        if body[at : at + 4] in {b"Xing", b"Info"}:
            return _xing(body, at)
    return None


def _xing(body: bytes, at: int) -> _Tag:
    flags, at = int.from_bytes(body[at + 4 : at + 8]), at + 8
    frames = size = delay = padding = 0
    if flags & 1:
        frames, at = int.from_bytes(body[at : at + 4]), at + 4
    if flags & 2:
        size, at = int.from_bytes(body[at : at + 4]), at + 4
    at += 100 * bool(flags & 4) + 4 * bool(flags & 8)
    if body[at : at + 4] in _ENCODERS and len(body) >= at + 24:
        both = int.from_bytes(body[at + 21 : at + 24])
        delay, padding = both >> 12, both & 0xFFF
    return _Tag(frames, size, delay, padding)


def ogg_parts(data: bytes) -> list[Part]:
    """Return the links of a chained Ogg file (RFC 3533, section 4); one where it is not chained.

    A link breaks off where a page is incomplete, or a stream has no page that is marked as its last.
    """
    starts: list[int] = []
    running: set[bytes] = set()
    at, heading, whole = data.find(b"OggS"), False, True
    while at >= 0:
        size = _page_size(data, at)
        if at + size > len(data):
            whole = False
            break
        kind, serial = data[at + 5], data[at + 14 : at + 18]
        if kind & 2:  # the first page of a stream
            if not heading:
                starts.append(at)
                running = set()
            running.add(serial)
        heading = bool(kind & 2)
        if kind & 4:  # the last page of a stream
            running.discard(serial)
        at = data.find(b"OggS", at + size)
    ends = [*starts[1:], len(data)]
    last = len(starts) - 1
    return [
        Part(data[start:end], breaks_off=i == last and (bool(running) or not whole))
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _page_size(data: bytes, at: int) -> int:
    """Return the bytes of the page that begins here; more than there are, where even its header is incomplete."""
    if at + 27 > len(data) or at + 27 + data[at + 26] > len(data):
        return len(data) + 1
    return 27 + data[at + 26] + sum(data[at + 27 : at + 27 + data[at + 26]])
