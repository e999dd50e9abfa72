"""`audio:DIR`: a folder of finished sound, one file per clip and named by it: the simplest model."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio, sha256
from vsseval.models.base import ModelCard, ModelOptions, Request, Take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["SUFFIXES", "AudioFolder", "audio_dir"]

SUFFIXES = frozenset(
    {
        ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".m4a", ".aac", ".mka",
        ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".avi",
    }
)  # fmt: skip
"""What counts as sound in the folder, in lower case; of a video it is the audio track."""

_VERSION = "1"
_EXAMPLE = "--model audio:outputs/my_system, where outputs/my_system/<clip id>.wav is the sound of a clip"
_SHOWN = 3

log = logging.getLogger("vsseval")


class AudioFolder:
    """A folder of finished sound.

    A file belongs to a clip if its name without the suffix is the clip's id, or becomes it when
    percent-decoded (`a%3Fb.wav` is the clip `a?b`). Nothing is guessed beyond that, and case counts.
    """

    def __init__(self, folder: Path) -> None:
        """List and hash the files.

        Raises:
            UsageError: there is no such folder, or it holds no sound.
        """
        self.folder = folder
        files = _sound_files(folder)
        self._unasked = {file.name for file in files}
        self._exact = _by_name(files, decode=False)
        self._decoded = _by_name(files, decode=True)
        self.card = ModelCard(
            name=f"audio:{folder.resolve().name}",
            version=_VERSION,
            tasks=("v2s", "vtts", "joint", "tts"),
            weights=_identity(files),
            argument=folder.resolve().name,
            note=f"Finished sound: {len(files)} files of the folder {folder.resolve().name}.",
            watches=False,
        )

    def generate(self, requests: Sequence[Request]) -> Iterator[Take]:
        """Yield the sound of each clip as the file has it: its own rate, length and channels.

        A clip without a file is `missing`; one with an unreadable file, or with two files, has an error.
        Where clips are missing while other files lie unused, the log says how many and which.
        """
        lacking: list[str] = []
        for request in requests:
            take = self._take(request.id)
            if take.missing:
                lacking.append(request.id)
            yield take
        if lacking and self._unasked:
            log.warning(
                "%d of %d clips have no file in %s (%s), while %d of its files belong to no clip "
                "so far (%s); a file must be named by the clip's id",
                len(lacking), len(requests), self.folder, _some(lacking),
                len(self._unasked), _some(sorted(self._unasked)),
            )  # fmt: skip

    def _take(self, clip: str) -> Take:
        files = self._exact.get(clip) or self._decoded.get(clip) or []
        self._unasked.difference_update(file.name for file in files)
        if not files:
            return Take(clip, None, 0, error=f"no file named {clip!r} in {self.folder}", missing=True)
        if len(files) > 1:
            names = " and ".join(file.name for file in files)
            return Take(clip, None, 0, error=f"more than one file for this clip: {names}; keep one")
        try:
            audio = load_audio(files[0])
        except Unmeasurable as reason:
            return Take(clip, None, 0, error=str(reason))
        return Take(clip, audio.samples, audio.sample_rate)


def audio_dir(options: ModelOptions) -> AudioFolder:
    """Return the model of `--model audio:DIR`.

    The card's `weights` is a hash of all names and contents, so that a run of other files is another run.

    Raises:
        UsageError: no folder is named, there is none of that name, or it holds no sound.
    """
    from pathlib import Path

    if not options.argument:
        raise UsageError(f"the model `audio` needs a folder: {_EXAMPLE}")
    return AudioFolder(Path(options.argument).expanduser())


def _sound_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {what}: write {_EXAMPLE}")
    files = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )
    if not files:
        raise UsageError(f"{folder} holds no sound files: write {_EXAMPLE}")
    return files


def _by_name(files: list[Path], *, decode: bool) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(unquote(file.stem) if decode else file.stem, []).append(file)
    return found


def _identity(files: list[Path]) -> str:
    """Return the sha256 of sorted names and file hashes; a file that cannot be read counts by its name."""
    digest = hashlib.sha256()
    for file in files:
        try:
            content = sha256(file)
        except Unmeasurable:
            content = "unreadable"
        digest.update(f"{content}  {file.name}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
