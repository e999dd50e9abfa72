"""The shipped data: weights in `onset_foley.npz`, sounds in one FLAC per class, both made by `build`."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vsseval.errors import EnvironmentFault, Unmeasurable
from vsseval.media import load_audio
from vsseval.models.onset_foley.recognise import FACE, Weights
from vsseval.models.onset_foley.sounds import RATE, Event, Texture

__all__ = ["FOLDER", "WEIGHTS", "Bank", "digest", "load"]

FOLDER = Path(__file__).parents[1] / "sounds"
WEIGHTS = "onset_foley.npz"


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Everything that is trained or recorded."""

    weights: Weights
    events: dict[str, tuple[Event, ...]]
    """By class; the classes of single events."""
    textures: dict[str, tuple[Texture, ...]]
    """By class; the continuous classes."""


def digest(folder: Path = FOLDER) -> str:
    """Return the sha256 of all shipped data: of the sha256 of each file, in order of their names.

    Raises:
        EnvironmentFault: a file is gone.
    """
    whole = hashlib.sha256()
    for path in [folder / WEIGHTS, *sorted(folder.glob("*.flac"))]:
        try:
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as fault:
            raise EnvironmentFault(
                f"the data that ships with onset_foley is gone ({fault}): reinstall vsseval"
            ) from None
    return whole.hexdigest()


def load(folder: Path = FOLDER) -> Bank:
    """Read weights and sounds.

    Raises:
        EnvironmentFault: a file is gone or unreadable.
    """
    try:
        with np.load(io.BytesIO((folder / WEIGHTS).read_bytes()), allow_pickle=False) as stored:
            weights = {name: stored[name] for name in stored.files}
        labels = [str(name) for name in weights["labels"] if name != FACE]
        sounds = {label: load_audio(folder / f"{label}.flac").mono(RATE) for label in labels}
    except (OSError, ValueError, KeyError, Unmeasurable) as fault:
        raise EnvironmentFault(
            f"the data that ships with onset_foley is unreadable ({fault}): reinstall vsseval"
        ) from None
    continuous = {label for label in labels if f"intensity/{label}" in weights}
    return Bank(
        weights=weights,
        events={label: _events(weights, label, sounds[label]) for label in labels if label not in continuous},
        textures={label: _textures(weights, label, sounds[label]) for label in labels if label in continuous},
    )


def _events(weights: Weights, label: str, samples: np.ndarray) -> tuple[Event, ...]:
    cuts, spectra = weights[f"bank/{label}/cuts"], weights[f"bank/{label}/spectra"]
    return tuple(
        Event(
            cuts=tuple(samples[start:stop] for source, start, stop in cuts if source == index), spectrum=spectra[index]
        )
        for index in range(len(spectra))
    )


def _textures(weights: Weights, label: str, samples: np.ndarray) -> tuple[Texture, ...]:
    cuts, spectra = weights[f"bank/{label}/cuts"], weights[f"bank/{label}/spectra"]
    course = weights[f"bank/{label}/intensity"]
    found, frame = [], 0
    for index, start, stop in cuts:
        frames = (stop - start) * 25 // RATE
        found.append(
            Texture(samples=samples[start:stop], intensity=course[frame : frame + frames], spectrum=spectra[index])
        )
        frame += frames
    return tuple(found)
