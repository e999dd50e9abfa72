"""What LRS2 and LRS3 have in common: `<video>/<number>.mp4` with a sentence in `<number>.txt`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from vsseval.datasets.description import ClipEntry, DatasetSource
from vsseval.datasets.transcripts import lower_if_upper, transcript_or_reason

__all__ = ["Clip", "clip_of", "entries", "in_folder"]


class Clip(NamedTuple):
    """One sentence: its video's name, its number, and the number of the recording whose voice is the prompt."""

    video: str
    number: str
    voice: str | None = None


def clip_of(cells: list[str]) -> Clip:
    """Return the clip of a line such as `6330311066473698535/00018 NF` or `6330311066473698535_27418_00000`.

    Raises:
        ValueError: it names no clip.
    """
    name = cells[0].split()[0].removesuffix(".mp4").removesuffix(".txt")
    video, number = name.split("/")[-2:] if "/" in name else (name.rpartition("_")[0], name.rpartition("_")[2])
    if not video or not number.isdigit():
        raise ValueError(f"{cells[0]!r} is no <video>/<number> and no <video>_<number>")
    return Clip(video, number)


def in_folder(source: DatasetSource, split: str) -> list[Clip]:
    """Return all clips below folders named like the split, or below the root where there is no such folder."""
    paths = [path.relative_to(source.tree.root) for path in source.tree.media("video") if path.stem.isdigit()]
    chosen = [path for path in paths if split in path.parts[:-2]] or paths
    return sorted(Clip(path.parent.name, path.stem) for path in chosen)


def entries(source: DatasetSource, clips: Iterable[Clip]) -> list[ClipEntry]:
    """Return the entries of clips; sound and sentence lie beside the video, or in folders of the same name."""
    return [_entry(source, clip) for clip in clips]


def _entry(source: DatasetSource, clip: Clip) -> ClipEntry:
    names = (f"{clip.video}/{clip.number}", f"{clip.video}/{clip.video}_{clip.number}")
    video, sound = source.tree.pair("video", *names), source.tree.pair("audio", *names)
    text, silent = transcript_or_reason(*source.tree.pair("text", *names))
    prompt, lost = _prompt(source, clip, sound.path or video.path)
    return ClipEntry(
        id=f"{clip.video}_{clip.number}", cluster=clip.video, video=video.path, reference=sound.path,
        own_sound=sound.path is None, speaker_prompt=prompt, transcript=text and lower_if_upper(text),
        problem=video.problem or silent or lost,
    )  # fmt: skip


def _prompt(source: DatasetSource, clip: Clip, own: Path | None) -> tuple[Path | None, str | None]:
    mode = source.variant.reference_mode
    if mode == "none":
        return None, None
    if mode == "gt":
        return own, None
    name = f"{clip.video}/{clip.voice}"
    found: Sequence[Path | None] = (source.tree.pair("audio", name).path, source.tree.pair("video", name).path)
    prompt = next((path for path in found if path), None)
    return prompt, None if prompt else f"no speaker prompt: {name} is absent"
