"""`audio:DIR`: a folder of finished sound, one file per clip and named by it: the simplest model."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from vsseval.datasets.own_files import Names, OwnFile, is_sound, own_files, tell
from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio, look, sha256
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["AudioFolder", "audio_dir"]

_VERSION = "1"
_EXAMPLE = "--model audio:outputs/my_system, where outputs/my_system/<clip id>.wav is the sound of a clip"
_SHOWN = 3

log = logging.getLogger("vsseval")


class AudioFolder:
    """A folder of finished sound.

    A file belongs to a clip if its name without the suffix is the clip's id, in any Unicode form, or becomes it when
    percent-decoded (`a%3Fb.wav` is the clip `a?b`). Folders below are read by the rule of `own_files`. Nothing is
    guessed beyond that, and case counts. Where a sound and a video bear one name, as MMAudio's demo leaves them, the
    sound is taken.
    """

    def __init__(self, folder: Path) -> None:
        """List and hash the files.

        Raises:
            UsageError: there is no such folder, or it holds no sound.
        """
        self.folder = folder
        found = _sound_files(folder)
        files = [file.path for file in found]
        self._unasked = set(files)
        self._exact = Names(found)
        self._decoded = Names(found, decode=True)
        self.card = ModelCard(
            name=f"audio:{folder.resolve().name}",
            version=_VERSION,
            tasks=("v2s", "vtts", "joint", "tts"),
            weights=_identity(folder, files),
            argument=folder.resolve().name,
            note=f"Finished sound: {len(files)} files of the folder {folder.resolve().name}.",
            uses_video=False,
        )

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield the sound of each clip as the file has it: its own rate, length and channels.

        A clip without a file is `missing`; one with an unreadable file, or with two files, has an error.
        Where clips are missing while other files lie unused, the log says how many and which.
        """
        lacking: list[str] = []
        for request in requests:
            output = self._output(request.id)
            if output.missing:
                lacking.append(request.id)
            yield output
        if lacking and self._unasked:
            log.warning(
                "%d of %d clips have no file in %s (%s), while %d of its files belong to no clip "
                "so far (%s); a file must be named by the clip's id",
                len(lacking), len(requests), self.folder, _some(lacking),
                len(self._unasked), _some(sorted(_name(file, self.folder) for file in self._unasked)),
            )  # fmt: skip

    def _output(self, clip: str) -> ModelOutput:
        files = [file.path for file in self._exact.find(clip) or self._decoded.find(clip)]
        self._unasked.difference_update(files)
        if not files:
            return ModelOutput(clip, None, 0, error=f"no file named {clip!r} in {self.folder}", missing=True)
        if len(files) > 1:
            files = [file for file in files if look(file).kind == "sound"] or files
        if len(files) > 1:
            names = " and ".join(_name(file, self.folder) for file in files)
            return ModelOutput(clip, None, 0, error=f"more than one file for this clip: {names}; keep one")
        try:
            audio = load_audio(files[0])
        except Unmeasurable as reason:
            return ModelOutput(clip, None, 0, error=str(reason))
        return ModelOutput(clip, audio.samples, audio.sample_rate)


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


def _sound_files(folder: Path) -> list[OwnFile]:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {what}: write {_EXAMPLE}")
    passed: dict[Path, str] = {}
    every = own_files(folder, passed, results=True)
    files = [file for file in every if is_sound(file.path)]
    if not files:
        raise UsageError(f"{folder} holds no sound files: write {_EXAMPLE}")
    kept = {file.path for file in files}
    tell(folder, passed | {file.path: "no sound" for file in every if file.path not in kept})
    return files


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _identity(folder: Path, files: list[Path]) -> str:
    """Return the sha256 of sorted names and file hashes; a file that cannot be read counts by its name."""
    digest = hashlib.sha256()
    for file in files:
        try:
            content = sha256(file)
        except Unmeasurable:
            content = "unreadable"
        digest.update(f"{content}  {_name(file, folder)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
