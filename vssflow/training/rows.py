"""The authors' training data: one clip a line, with paths of its media and of features that were computed before.

Seven fields between bars: media with the sound | CLIP features | RawNet3 embedding | AV-HuBERT features |
Synchformer features | phone ids | phones. Clips without one of these name a shared file of zeros, or no phones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vsseval.errors import Unmeasurable, UsageError
from vsseval.media import load_audio
from vssflow.conditions import ConditionConfig
from vssflow.prompt import SAMPLE_RATE
from vssflow.reference.phonemes.stretch import stretch_index
from vssflow.training.mixing import Clip, Rates

SECONDS = 10
"""Length of every training clip, cut or padded."""
FIELDS = ("media", "CLIP", "RawNet3", "AV-HuBERT", "Synchformer", "phone ids", "phones")
SILENT = frozenset({0, 59})
"""Phone ids that nobody speaks: no speech, and the blank."""
SYNC_ROWS, SCENE_ROWS = Rates().sync * SECONDS, Rates().scene * SECONDS


class ReferenceRow(NamedTuple):
    """One clip."""

    place: str
    """File and line, for messages."""
    media: Path
    scene: Path
    speaker: Path
    lip: Path
    sync: Path
    phones: tuple[int, ...]

    @property
    def speaks(self) -> bool:
        """Whether anything is said."""
        return not SILENT.issuperset(self.phones)


def read_rows(path: Path) -> tuple[ReferenceRow, ...]:
    """Read a file of rows; relative paths start at its folder.

    Raises:
        UsageError: no such file, no row, a row without seven fields, phone ids that are no numbers, or a file that
            a row names is missing; the message names file and line.
    """
    if not path.is_file():
        raise UsageError(f"--rows {path}: no such file")
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    rows = tuple(_row(line, f"{path}, line {number}", path.parent) for number, line in lines if line.strip())
    if not rows:
        raise UsageError(f"{path} holds no row")
    there: dict[Path, bool] = {}
    for row in rows:
        for file in row[1:6]:
            # missing modalities share a few files: each is looked for once
            if not there.setdefault(file, file.is_file()):
                raise UsageError(f"{row.place}: {file} is not there")
    return rows


def _row(line: str, place: str, folder: Path) -> ReferenceRow:
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != len(FIELDS):
        raise UsageError(f"{place}: {len(fields)} fields; a row has {len(FIELDS)}: {' | '.join(FIELDS)}")
    try:
        phones = tuple(int(number) for number in fields[5].split())
    except ValueError:
        raise UsageError(f"{place}: the phone ids are numbers with spaces between, not {fields[5][:40]!r}") from None
    media, scene, speaker, lip, sync = (folder / field for field in fields[:5])
    return ReferenceRow(place, media, scene, speaker, lip, sync, phones)


def load_row(row: ReferenceRow, config: ConditionConfig) -> Clip:
    """Read one clip, all of it brought to ten seconds but phones and lips, which are as long as the sound.

    Raises:
        UsageError: a file cannot be read, or is of another shape; the message names the row and the file.
    """
    sound = _sound(row)
    if row.phones and max(row.phones) >= config.phones:
        raise UsageError(f"{row.place}: phone id {max(row.phones)}; there are {config.phones}")
    return Clip(
        scene=_fitted(_array(row, row.scene, config.scene), SCENE_ROWS),
        sync=_fitted(_array(row, row.sync, config.sync), SYNC_ROWS),
        lip=_array(row, row.lip, config.lip)[: SECONDS * Rates().lip],
        phones=stretched(row.phones, phone_rows(len(sound)))[: SECONDS * Rates().phones],
        speaker=_array(row, row.speaker, config.speaker)[0],
        sound=_fitted(sound, SECONDS * SAMPLE_RATE),
    )


class Durations(Sequence[float]):
    """Seconds of the sound of rows, at most ten; measured when they are asked for."""

    def __init__(self, rows: Sequence[ReferenceRow]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> float:  # type: ignore[override]
        return min(float(SECONDS), len(_sound(self.rows[place])) / SAMPLE_RATE)


def phone_rows(samples: int) -> int:
    """Rows of phones of a sound: its length, rounded to a hundredth of a second, at 25 a second."""
    return int(round(samples / SAMPLE_RATE, 2) * Rates().phones)


def stretched(phones: Sequence[int], rows: int) -> Tensor:
    """Give every phone about equal time over `rows` rows; zeros where there is none."""
    if not phones or not rows:
        return torch.zeros(rows, dtype=torch.long)
    return torch.tensor(phones)[stretch_index(len(phones), rows)]


def _sound(row: ReferenceRow) -> Tensor:
    try:
        return torch.from_numpy(load_audio(row.media).mono(SAMPLE_RATE))
    except Unmeasurable as reason:
        raise UsageError(f"{row.place}: {reason}") from reason


def _array(row: ReferenceRow, path: Path, width: int) -> Tensor:
    """Read an array whose last axis is `width`; what lies before it becomes one axis."""
    try:
        array = np.load(path, allow_pickle=False)
    except Exception as error:  # a damaged array can fail in any way
        raise UsageError(f"{row.place}: {path} cannot be read as an array ({error})") from error
    if not isinstance(array, np.ndarray) or array.ndim == 0 or array.shape[-1] != width or not array.size:
        shape = array.shape if isinstance(array, np.ndarray) else "several arrays"
        raise UsageError(f"{row.place}: {path} holds {shape}; its last axis should be {width}")
    return torch.from_numpy(array.reshape(-1, width).astype(np.float32))


def _fitted(rows: Tensor, count: int) -> Tensor:
    rows = rows[:count]
    return F.pad(rows, (*[0, 0] * (rows.ndim - 1), 0, count - len(rows)))
