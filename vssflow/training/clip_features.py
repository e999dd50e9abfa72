"""Features of clips on disk, and the rows that training reads: what is there is not computed again.

In the folder: `recipe.json` says how features are kept, `<kind>/recipe.json` of which weights those of one network are,
so that a network may join later; `<kind>/<key>.npy` holds one array of one stretch of a file, under the hash of what it
was made from, so that lists may overlap and shards be computed anywhere;
`failed/<name>.txt` says why a clip has no row; `rows.csv` names them all when every clip is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio, write_flac
from vssflow.prompt import SAMPLE_RATE
from vssflow.reference.lips import read_lips
from vssflow.training.encoders import VERSION, ClipEncoders
from vssflow.training.recipe import require_same_training
from vssflow.training.registered import SECONDS, Stretch, TrainingClip
from vssflow.training.rows import FIELDS, phone_rows
from vssflow.training.spoken import spoken_ids, spoken_names

ROWS = "rows.csv"
NOTHING = {"scene": (100, 768), "voice": (256,), "lips": (250, 1024), "motion": (30, 8, 768)}
"""Shapes of the shared arrays of zeros: no picture, no voice, no lips, no motion. The authors' release of their
sound-only training says that such columns are tensors of zeros."""
_KINDS = {"clip": "scene", "synchformer": "motion", "rawnet3": "voice"}
"""What each network makes."""
_UNSAFE = ("|", "\n", "\r")
"""What a row cannot hold in a path."""


class Prepared(NamedTuple):
    """What became of the clips."""

    rows: int
    failed: tuple[str, ...]
    """A line each: clip and reason."""
    waiting: int
    """Clips of other shards that are not there yet."""


@dataclass(frozen=True)
class FeatureFolder:
    """Features of training clips below one folder."""

    root: Path
    encoders: ClipEncoders
    lips: dict[str, Path]
    """AV-HuBERT features, by the clips' ids."""
    alignments: Path | None = None
    """Folder of TextGrids, `<id>.TextGrid`, of the Montreal Forced Aligner."""
    half: bool = False
    """Keep them in half precision: half the room, and a relative error of 5e-4."""

    def begin(self) -> None:
        """Note what the features are made with, and write the arrays of zeros.

        Raises:
            UsageError: the folder was begun in another precision, or a network's features are of other weights.
        """
        require_same_training({"version": VERSION, "half": self.half}, self.root / "recipe.json")
        for network, weights in self.encoders.weights.items():
            require_same_training({"weights": weights}, self.root / _KINDS[network] / "recipe.json")
        for kind, shape in NOTHING.items():
            self._save(self._file(kind, None), torch.zeros(shape))

    def make(self, clip: TrainingClip) -> None:
        """Compute what is missing of one clip; a reason is written where it cannot be had."""
        if clip.problem is not None:
            return
        reason = self.root / "failed" / f"{_name(clip)}.txt"
        try:
            self._make(clip)
        except (Unmeasurable, UsageError) as error:
            reason.parent.mkdir(parents=True, exist_ok=True)
            partial = _partial(reason)
            partial.write_text(str(error) + "\n", encoding="utf-8")
            partial.replace(reason)
        else:
            reason.unlink(missing_ok=True)

    def write_rows(self, clips: Sequence[TrainingClip]) -> Prepared:
        """Write `rows.csv` if every clip has either its features or a reason."""
        lines, failed, waiting = [], [], 0
        for clip in clips:
            reason = clip.problem or self._reason(clip)
            if reason is not None:
                failed.append(f"{clip.name}: {reason}")
            elif self._missing(clip):
                waiting += 1
            else:
                lines.append(self._row(clip))
        if not waiting:
            partial = _partial(self.root / ROWS)
            partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            partial.replace(self.root / ROWS)
        return Prepared(len(lines), tuple(failed), waiting)

    def _make(self, clip: TrainingClip) -> None:
        encoders, sound = self.encoders, clip.sound
        assert sound is not None
        video = clip.video
        heard: Tensor | None = None
        for kind in self._missing(clip):
            target = self._target(kind, clip)
            if kind == "scene" and video is not None and encoders.scene is not None:
                self._save(target, encoders.scene(video))
            elif kind == "motion" and video is not None and encoders.motion is not None:
                self._save(target, encoders.motion(video))
            elif kind == "lips":
                self._save(target, read_lips(self.lips[clip.id]))
            else:
                heard = _hear(sound) if heard is None else heard
                self._save_heard(kind, target, heard, clip)
        if clip.transcript is not None:
            self._phones(clip)  # a word that cannot be said is this clip's failure

    def _save_heard(self, kind: str, target: Path, heard: Tensor, clip: TrainingClip) -> None:
        if kind == "voice" and self.encoders.voice is not None:
            self._save(target, self.encoders.voice(heard))
        elif kind == "sound":
            target.parent.mkdir(parents=True, exist_ok=True)
            write_flac(target, heard.numpy(), SAMPLE_RATE)
        elif kind == "ids":
            count = phone_rows(len(heard))
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = _partial(target)
            partial.write_text(f"{count}\n")
            partial.replace(target)
        else:
            raise UsageError(f"{clip.name}: the weights for its {kind} are missing")

    def _row(self, clip: TrainingClip) -> str:
        sound = clip.sound
        assert sound is not None
        media = self._target("sound", clip) if _needs_own_file(sound) else sound.path.resolve()
        scene = self._target("scene", clip) if clip.video is not None else self._file("scene", None)
        motion = self._target("motion", clip) if clip.video is not None else self._file("motion", None)
        voice = self._target("voice", clip) if clip.transcript is not None else self._file("voice", None)
        lips = self._target("lips", clip) if clip.id in self.lips else self._file("lips", None)
        ids, names = self._phones(clip) if clip.transcript is not None else ((), ())
        files = (media, *(path.relative_to(self.root) for path in (scene, voice, lips, motion)))
        if media.is_relative_to(self.root):
            files = (media.relative_to(self.root), *files[1:])
        row = (*map(str, files), " ".join(map(str, ids)), " ".join(names))
        assert len(row) == len(FIELDS)
        return "|".join(row)

    def _phones(self, clip: TrainingClip) -> tuple[tuple[int, ...], tuple[str, ...]]:
        assert clip.transcript is not None
        names = spoken_names(clip.transcript, self._grid(clip.id))
        if clip.window is None:
            return spoken_ids(names), names
        rows = int(self._target("ids", clip).read_text())
        return spoken_ids(names, clip.window, rows), names

    def _grid(self, clip: str) -> Path | None:
        path = None if self.alignments is None else self.alignments / f"{clip}.TextGrid"
        return path if path is not None and path.is_file() else None

    def _kinds(self, clip: TrainingClip) -> list[str]:
        sound = clip.sound
        assert sound is not None
        return [
            *(["scene", "motion"] if clip.video is not None else []),
            *(["voice"] if clip.transcript is not None else []),
            *(["lips"] if clip.id in self.lips else []),
            *(["sound"] if _needs_own_file(sound) else []),
            *(["ids"] if clip.transcript is not None and clip.window is not None else []),
        ]

    def _missing(self, clip: TrainingClip) -> list[str]:
        return [kind for kind in self._kinds(clip) if not self._target(kind, clip).is_file()]

    def _target(self, kind: str, clip: TrainingClip) -> Path:
        if kind == "lips":
            file = self.lips[clip.id]
            state = file.stat()
            mark = f"{file.resolve()} {state.st_size} {state.st_mtime_ns}"
            return self._file(kind, hashlib.sha256(mark.encode("utf-8", "surrogateescape")).hexdigest())
        stretch = clip.video if kind in {"scene", "motion"} else clip.sound
        assert stretch is not None
        suffix = {"sound": ".flac", "ids": ".frames"}.get(kind, ".npy")
        return self._file(kind, stretch.key, suffix)

    def _file(self, kind: str, key: str | None, suffix: str = ".npy") -> Path:
        return self.root / kind / (f"{key[:2]}/{key}{suffix}" if key is not None else f"none{suffix}")

    def _save(self, path: Path, array: Tensor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path)
        numbers = array.detach().cpu().numpy().astype(np.float16 if self.half else np.float32)
        with partial.open("wb") as file:
            np.save(file, numbers)
        partial.replace(path)

    def _reason(self, clip: TrainingClip) -> str | None:
        reason = self.root / "failed" / f"{_name(clip)}.txt"
        return reason.read_text(encoding="utf-8").strip() if reason.is_file() else None


def _partial(path: Path) -> Path:
    """Name what becomes `path` when it is whole; two shards may be at the same file."""
    return path.with_name(f".{path.name}.{uuid4().hex[:12]}")


def _hear(sound: Stretch) -> Tensor:
    seconds = SECONDS if sound.seconds is None else sound.seconds
    return torch.from_numpy(load_audio(sound.path, sound.start, seconds).mono(SAMPLE_RATE))


def _needs_own_file(sound: Stretch) -> bool:
    return not sound.whole or any(sign in str(sound.path) for sign in _UNSAFE)


def _name(clip: TrainingClip) -> str:
    return hashlib.sha256(clip.name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
