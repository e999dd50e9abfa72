"""`av:DIR`: a folder of finished videos with sound, of a system that makes the picture too, one file per clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio, longest_read, look
from vsseval.models.audio_dir import AudioFolder, listed
from vsseval.models.base import ModelOptions, ModelOutput

if TYPE_CHECKING:
    from pathlib import Path

    from vsseval.media.facts import Kind

__all__ = ["VideoFolder", "av_dir"]

_EXAMPLE = "--model av:outputs/my_system, where outputs/my_system/<clip id>.mp4 is the video of a clip with its sound"


class VideoFolder(AudioFolder):
    """A folder of finished videos, found as in a folder of finished sound; one without a picture is refused."""

    preferred: Kind = "video"

    def read(self, clip: str, file: Path, duration: float) -> ModelOutput:
        """Return the sound and the picture of a file for a clip of some seconds.

        Raises:
            Unmeasurable: it cannot be read, or has no picture.
        """
        audio = load_audio(file, seconds=longest_read(duration))
        if look(file).kind != "video":
            raise Unmeasurable(f"{file.name}: holds sound and no picture; for such there is --model audio:DIR")
        return ModelOutput(clip, audio.samples, audio.sample_rate, picture=file.read_bytes())


def av_dir(options: ModelOptions) -> VideoFolder:
    """Return the model of `--model av:DIR`.

    Raises:
        UsageError: no folder is named, there is none of that name, or it holds no sound.
    """
    from pathlib import Path

    if not options.argument:
        raise UsageError(f"the model `av` needs a folder: {_EXAMPLE}")
    files = listed(Path(options.argument).expanduser())
    name = files.folder.resolve().name
    card = msgspec.structs.replace(
        files.card, name=f"av:{name}", own_picture=True,
        note=f"Finished videos with their own picture: {len(files.unasked)} files of the folder {name}.",
    )  # fmt: skip
    return VideoFolder(files._replace(card=card))
