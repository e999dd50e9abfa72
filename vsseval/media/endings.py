"""How much of a Matroska, WebM, AVI, MPEG-TS or fragmented MP4 is there: where it breaks off, readers say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["share_there"]

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_LONGEST_ID, _LONGEST_SIZE = 4, 8
_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"sidx"})
"""What a fragmented MP4 begins with."""
_TS_PACKETS = ((188, 0), (192, 4))
"""Bytes of a packet of MPEG-TS, on discs with a time stamp of four before it, and where its mark stands."""
_TS_MARK = 0x47


def share_there(path: Path) -> float:
    """Return how much of a file is there, 0 to 1; 1 for whole files, and for all other formats.

    A file whose writer did not know its size, and which ends within an element, a box or a packet, has lost an unknown
    share: 0.
    """
    with path.open("rb") as file:
        head = file.read(12)
        whole = file.seek(0, 2)
        if head[:4] == b"RIFF" and head[8:] == b"AVI ":
            size = 8 + int.from_bytes(head[4:8], "little")
            return min(whole / size, 1.0) if size < 1 << 31 else 1.0  # to a pipe: nothing, or the greatest
        if head[4:8] in _BOXES:
            return _share_of_fragments(file, whole)
        if head[:4] == _EBML:
            return _share_of_elements(file, whole)
        return 0.0 if _breaks_off_in_packet(file, whole) else 1.0


def _share_of_fragments(file: BinaryIO, whole: int) -> float:
    """Walk the boxes (ISO/IEC 14496-12) at the top; of a file without fragments the header says what is missing."""
    at, fragmented = 0, False
    while at + 8 <= whole:
        file.seek(at)
        head = file.read(16)
        size, fragmented = int.from_bytes(head[:4]), fragmented or head[4:8] == b"moof"
        if size == 0:
            return 1.0  # to the end of the file
        size = int.from_bytes(head[8:]) if size == 1 else size
        if size < 8:
            return 1.0  # no box: something else was appended
        at += size
    return 0.0 if fragmented and at > whole else 1.0


def _breaks_off_in_packet(file: BinaryIO, whole: int) -> bool:
    """Return whether a file is MPEG-TS (ISO/IEC 13818-1) whose last packet is incomplete."""
    for size, mark in _TS_PACKETS:
        file.seek(0)
        marks = file.read(4 * size)[mark::size]
        if len(marks) == 4 and set(marks) == {_TS_MARK}:
            return whole % size != 0
    return False


def _share_of_elements(file: BinaryIO, whole: int) -> float:
    """Walk the elements (RFC 8794) at the top, in a segment and in clusters of unknown size."""
    at = 0
    while at < whole:
        name = _number(file, at, _LONGEST_ID, keeps_marker=True)
        size = _number(file, at + name[1], _LONGEST_SIZE, keeps_marker=False) if name else None
        if name is None or size is None:
            return 0.0
        at += name[1] + size[1]
        if size[0] != (1 << 7 * size[1]) - 1:
            if name[0] == _SEGMENT:
                return min(whole / (at + size[0]), 1.0)
            at += size[0]
        elif name[0] not in {_SEGMENT, _CLUSTER}:
            return 1.0  # an element whose end nothing tells
    return 0.0 if at > whole else 1.0


def _number(file: BinaryIO, at: int, longest: int, *, keeps_marker: bool) -> tuple[int, int] | None:
    """Return a number of variable length and its bytes; None where the file ends in it, or it is none."""
    file.seek(at)
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    if length > longest or len(rest) < length - 1:
        return None
    lead = first[0] if keeps_marker else first[0] & (0xFF >> length)
    return lead << 8 * (length - 1) | int.from_bytes(rest), length
