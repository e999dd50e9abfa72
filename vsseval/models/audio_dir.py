"""`audio:DIR`: a folder of finished sound, one file per clip and named by it: the simplest model."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Self

from vsseval.datasets.file_index import composed
from vsseval.datasets.own_files import Names, OwnFile, is_sound, own_files, tell
from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio, longest_read, look, sha256
from vsseval.media.facts import Kind
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request
from vsseval.store.known_files import known_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["AudioFolder", "audio_dir"]

_VERSION = "1"
_EXAMPLE = "--model audio:outputs/my_system, where outputs/my_system/<clip id>.wav is the sound of a clip"
_SHOWN = 3
BATCH = 64
"""What is missing is told once for so many clips."""

log = logging.getLogger("vsseval")


class Files(NamedTuple):
    """The files of a folder, listed and hashed once."""

    folder: Path
    exact: Names
    decoded: Names
    """By their names percent-decoded."""
    unasked: set[Path]
    """Those that belong to no clip so far."""
    card: ModelCard


class AudioFolder:
    """A folder of finished sound.

    A file belongs to a clip if its name without the suffix is the clip's id, in any Unicode form, or becomes it when
    percent-decoded (`a%3Fb.wav` is the clip `a?b`). Folders below are read by the rule of `own_files`. Nothing is
    guessed beyond that, and case counts. Where a sound and a video bear one name, as MMAudio's demo leaves them, the
    sound is taken.

    A clip without such a file may have several samples instead: `<id>_0`, `<id>_1` and so on, without a gap. A file
    that bears the id of a clip of the benchmark is that clip's own and no sample (`of_clips`).
    """

    preferred: Kind = "sound"
    """Which of a sound and a video of one name is taken."""

    def __init__(self, files: Files, clips: Sequence[str] | None = None) -> None:
        """Begin with nothing handed out.

        Args:
            files: of the folder.
            clips: ids of all clips of the benchmark; without them, no clip has more than one sample.
        """
        self._files = files
        self._clips = None if clips is None else frozenset(map(composed, clips))
        self._unasked = files.unasked
        if clips is not None:
            self._unasked = files.unasked - {file for clip in clips for found in self._sounds(clip) for file in found}
        self.card = files.card
        numbers = Counter(len(self._sounds(clip)) for clip in clips or ())
        self.samples = max(numbers.keys() - {0}, key=lambda number: (numbers[number], number), default=1)
        """What most clips have that have any; of two such numbers the larger."""

    def of_clips(self, clips: Sequence[str]) -> Self:
        """Return the same folder as it stands to the clips of one benchmark."""
        return type(self)(self._files, clips)

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield the sound of each clip as the file has it: its own rate, length and channels.

        A clip without a file is `missing`; one with an unreadable file, or with two files, has an error.
        Where clips are missing while other files lie unused, the log says how many and which.
        """
        lacking: list[str] = []
        more: list[str] = []
        for request in requests:
            output = self._output(request)
            if output.missing:
                lacking.append(request.id)
            if not request.sample and len(self._sounds(request.id)) > self.samples:
                more.append(request.id)
            yield output
        folder, unasked = self._files.folder, self._unasked
        if more:
            log.warning(
                "%d clips have more samples in %s than most clips, which have %d: the others are passed over (%s)",
                len(more), folder, self.samples, _some(more),
            )  # fmt: skip
        if lacking and unasked:
            log.warning(
                "%d of %d clips have no file in %s (%s), while %d of its files belong to no clip "
                "so far (%s); a file must be named by the clip's id",
                len(lacking), len(requests), folder, _some(lacking),
                len(unasked), _some(sorted(_name(file, folder) for file in unasked)),
            )  # fmt: skip

    def _output(self, request: Request) -> ModelOutput:
        clip, sample = request.id, request.sample
        sounds = self._sounds(clip)
        for files in sounds:
            self._unasked.difference_update(files)
        if sample >= len(sounds):
            there = f"only {len(sounds)} of {self.samples} samples of {clip!r}" if sounds else f"no file named {clip!r}"
            return ModelOutput(clip, None, 0, error=f"{there} in {self._files.folder}", missing=True)
        files = sounds[sample]
        if len(files) > 1:
            files = [file for file in files if look(file).kind == self.preferred] or files
        if len(files) > 1:
            names = " and ".join(_name(file, self._files.folder) for file in files)
            return ModelOutput(clip, None, 0, error=f"more than one file for this clip: {names}; keep one")
        try:
            return self.read(clip, files[0], request.duration)
        except Unmeasurable as reason:
            return ModelOutput(clip, None, 0, error=str(reason))

    def read(self, clip: str, file: Path, duration: float) -> ModelOutput:
        """Return what a file holds for a clip of some seconds.

        Raises:
            Unmeasurable: it cannot be read.
        """
        audio = load_audio(file, seconds=longest_read(duration))
        return ModelOutput(clip, audio.samples, audio.sample_rate)

    def _sounds(self, clip: str) -> list[list[Path]]:
        """Return the files of each sample of a clip; a file of its own name is the only one."""
        own = self._named(clip)
        if own or self._clips is None:
            return [own] if own else []
        found: list[list[Path]] = []
        while files := self._numbered(clip, len(found)):
            found.append(files)
        return found

    def _numbered(self, clip: str, number: int) -> list[Path]:
        name = f"{clip}_{number}"
        return [] if composed(name) in (self._clips or ()) else self._named(name)

    def _named(self, name: str) -> list[Path]:
        return [file.path for file in self._files.exact.find(name) or self._files.decoded.find(name)]


def audio_dir(options: ModelOptions) -> AudioFolder:
    """Return the model of `--model audio:DIR`.

    The card's `weights` is a hash of all names and contents, so that a run of other files is another run.

    Raises:
        UsageError: no folder is named, there is none of that name, or it holds no sound.
    """
    from pathlib import Path

    if not options.argument:
        raise UsageError(f"the model `audio` needs a folder: {_EXAMPLE}")
    return AudioFolder(listed(Path(options.argument).expanduser()))


def listed(folder: Path) -> Files:
    """List and hash the files of a folder; one that was hashed by an earlier command and has not changed is not read.

    Raises:
        UsageError: there is no such folder, or it holds no sound.
    """
    with known_files(folder):
        found = _sound_files(folder)
        files = [file.path for file in found]
        weights = _identity(folder, files)
    name = folder.resolve().name
    card = ModelCard(
        name=f"audio:{name}",
        version=_VERSION,
        tasks=("v2s", "vtts", "joint", "tts"),
        weights=weights,
        argument=name,
        note=f"Finished sound: {len(files)} files of the folder {name}.",
        uses_video=False,
        batch=BATCH,
    )
    return Files(folder, Names(found), Names(found, decode=True), set(files), card)


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
