"""How much of the sound of a WAV file is there, by its chunks: what its header states, and what follows in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["WaveData", "wave_data"]

PIPED = 0x7FFFF000
"""From here on a size is none: a writer to a pipe cannot know it, and states the greatest (SoX this, FFmpeg 2^32 - 1)."""


class WaveData(NamedTuple):
    """The `data` chunk of a WAV file."""

    declared: int | None
    """Bytes that its header states; None where the writer did not know, and the sound goes on to the file's end."""
    there: int
    """Bytes from its start to the end of the file."""
    is_zero: bool
    """Whether the header states no bytes at all although sound follows."""


def wave_data(path: Path) -> WaveData | None:
    """Return the data chunk of a RIFF WAVE file; None where it is no such file, or has no such chunk."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        whole = file.seek(0, 2)
        at = 12
        while (chunk := _chunk(file, at)) is not None:
            name, size = chunk
            at += 8
            if name == b"data":
                there = whole - at
                is_zero = size == 0 and there > 0 and not _is_chunked(file, at, whole)
                return WaveData(None if size >= PIPED or is_zero else size, there, is_zero)
            at += size + size % 2
    return None


def _chunk(file: BinaryIO, at: int) -> tuple[bytes, int] | None:
    file.seek(at)
    head = file.read(8)
    return (head[:4], int.from_bytes(head[4:], "little")) if len(head) == 8 else None


def _is_chunked(file: BinaryIO, at: int, whole: int) -> bool:
    """Return whether from here to the end of the file there are chunks and nothing else."""
    while (chunk := _chunk(file, at)) is not None and all(0x20 <= byte < 0x7F for byte in chunk[0]):
        at += 8 + chunk[1] + chunk[1] % 2
        if at >= whole:
            return at - whole <= 1
    return False
