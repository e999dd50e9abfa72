"""How much of the sound of a WAV, AIFF, AU, W64 or CAF file is there: what its header states, and what follows.

Readers shorten a broken-off file to what there is and say nothing; and a writer to a pipe, which cannot know the size,
states none, or the greatest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, Literal

__all__ = ["SoundBytes", "sound_bytes"]

PIPED_32, PIPED_64 = 0x7FFFF000, 1 << 62
"""From here on a size is none. SoX states the former in 32 bits, FFmpeg 2^32 - 1, and both -1 in 64."""


class SoundBytes(NamedTuple):
    """The bytes of sound in a file."""

    declared: int | None
    """How many its header states; None where the writer did not know, and the sound goes on to the file's end."""
    there: int
    """How many there are from where they begin to the end of the file."""


class _Layout(NamedTuple):
    """Where the chunks of a family begin, and how they are built."""

    begin: int
    name: bytes
    """How the name of the chunk that holds the sound begins."""
    name_size: int
    order: Literal["little", "big"]
    size_size: int
    counts_head: bool
    """Whether a size counts the chunk's own name and size in."""
    step: int
    """Bytes of which the start of every chunk is a multiple."""


_WAV = _Layout(12, b"data", 4, "little", 4, counts_head=False, step=2)
_AIFF = _Layout(12, b"SSND", 4, "big", 4, counts_head=False, step=2)
_CAF = _Layout(8, b"data", 4, "big", 8, counts_head=False, step=1)
_W64 = _Layout(40, b"data", 16, "little", 8, counts_head=True, step=8)


def sound_bytes(path: Path) -> SoundBytes | None:
    """Return how much sound is declared and there; None where the file is of no such family, or has no sound."""
    with path.open("rb") as file:
        head = file.read(40)
        whole = file.seek(0, 2)
        if head[:4] == b".snd":
            begin, size = int.from_bytes(head[4:8]), int.from_bytes(head[8:12])
            return SoundBytes(None if size >= PIPED_32 else size, max(whole - begin, 0))
        layout = _layout(head)
        found = _find(file, layout, layout.name) if layout else None
        if layout is None or found is None:
            return None
        at, size = found
        if head[:4] in {b"RF64", b"BW64"}:
            size = _size_apart(file, layout) or PIPED_64
        there = whole - at
        if size == 0 and there > 0 and not _is_chunked(file, layout, at, whole):
            return SoundBytes(None, there)
        return SoundBytes(None if size >= (PIPED_32 if layout.size_size == 4 else PIPED_64) else size, there)


def _layout(head: bytes) -> _Layout | None:
    kind, form = head[:4], head[8:12]
    if kind in {b"RIFF", b"RF64", b"BW64"} and form == b"WAVE":
        return _WAV
    if kind == b"FORM" and form in {b"AIFF", b"AIFC"}:
        return _AIFF
    if kind == b"riff":
        return _W64
    return _CAF if kind == b"caff" else None


def _chunk(file: BinaryIO, layout: _Layout, at: int) -> tuple[bytes, int, int] | None:
    """Return a chunk's name, where its content begins, and how long that is; None at the end of the file."""
    file.seek(at)
    head_size = layout.name_size + layout.size_size
    head = file.read(head_size)
    if len(head) < head_size:
        return None
    size = int.from_bytes(head[layout.name_size :], layout.order)
    return head[: layout.name_size], at + head_size, max(size - head_size, 0) if layout.counts_head else size


def _find(file: BinaryIO, layout: _Layout, wanted: bytes) -> tuple[int, int] | None:
    """Return where the content of a chunk begins, and its length."""
    at = layout.begin
    while (chunk := _chunk(file, layout, at)) is not None:
        name, begin, size = chunk
        if name.startswith(wanted):
            return begin, size
        at = -(-(begin + size) // layout.step) * layout.step
    return None


def _size_apart(file: BinaryIO, layout: _Layout) -> int:
    """Return the length of the sound that the chunk `ds64` of RF64 states (EBU Tech 3306), 0 where there is none."""
    found = _find(file, layout, b"ds64")
    if found is None:
        return 0
    file.seek(found[0] + 8)
    return int.from_bytes(file.read(8), "little")


def _is_chunked(file: BinaryIO, layout: _Layout, at: int, whole: int) -> bool:
    """Return whether from here to the end of the file there are chunks and nothing else."""
    while (chunk := _chunk(file, layout, at)) is not None and all(0x20 <= byte < 0x7F for byte in chunk[0][:4]):
        at = -(-(chunk[1] + chunk[2]) // layout.step) * layout.step
        if at >= whole:
            return at - whole < layout.step
    return False
