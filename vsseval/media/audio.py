"""Sound: decoded once, kept as float32 at its own rate, mixed down and resampled on request."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media.probe import (
    audio_stream,
    check_file,
    clock_zero,
    declared_end,
    decoded,
    opened,
    require_length,
)

__all__ = ["Audio", "check_samples", "load_audio"]

_SOUNDFILE = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64"})
_GAP = 0.1
"""Seconds. Time stamps that jump ahead by more are a hole, filled with zeros; less is rounding."""

_PADDING = 0.1
"""Seconds. A tail beyond the declared end that is shorter than this is the encoder's padding, and is cut."""


@dataclass(frozen=True, eq=False)
class Audio:
    """A piece of sound.

    Attributes:
        samples: float32, shape (channels, n), nominally in [-1, 1]; to be read only.
        sample_rate: samples per second.

    A one-dimensional array is taken as one channel.
    """

    samples: np.ndarray
    sample_rate: int
    _derived: dict[Hashable, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        samples = np.atleast_2d(np.asarray(self.samples, dtype=np.float32))
        if samples.ndim != 2:
            raise ValueError(f"samples must be (channels, n), not of shape {samples.shape}")
        if self.sample_rate <= 0:
            raise ValueError(f"a sample rate of {self.sample_rate} is impossible")
        object.__setattr__(self, "samples", samples)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.sample_rate)

    def mono(self, rate: int) -> np.ndarray:
        """Return the mean of all channels at `rate`: float32, shape (round(n * rate / sample_rate),).

        To be read only. Resampled by soxr at its high quality; computed once per rate.
        """

        def mix() -> np.ndarray:
            channels = self.samples
            mixed = channels[0] if len(channels) == 1 else channels.mean(axis=0, dtype=np.float64)
            return _resample(mixed.astype(np.float32, copy=False), self.sample_rate, rate)

        return self.derived(("mono", rate), mix)

    def derived(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what `make` makes of this sound, made once per key: extractors that share a recipe share its work.

        To be read only.

        Args:
            key: names the recipe and all that it depends on besides the sound.
            make: called where there is nothing under the key yet.
        """
        if key not in self._derived:
            self._derived[key] = make()
        return self._derived[key]


def load_audio(path: Path | str, start: float = 0.0, seconds: float | None = None) -> Audio:
    """Return the sound of an audio file or of a video's audio track, at its own rate, with all channels.

    wav, flac, ogg, opus and mp3 are read by libsndfile, everything else by PyAV. The sound of a container is
    put on the container's clock: a track that starts late is preceded by zeros, one that starts early is cut,
    and the padding that an AAC encoder leaves at the end is cut to the declared length.

    Args:
        path: the file.
        start: seconds at which to begin.
        seconds: how many to return at most; None for all that follow.

    Raises:
        Unmeasurable: the file is missing, empty, unreadable or without an audio track or samples, holds less
            than nine tenths of the seconds that it declares, or holds NaN or infinite samples.
    """
    path = Path(path)
    check_file(path)
    audio = _read_soundfile(path) if path.suffix.lower() in _SOUNDFILE else None
    if audio is None:
        audio = _read_container(path)
    audio = _stretch(audio, start, seconds)
    if audio.samples.size == 0:
        raise Unmeasurable(f"{path.name}: the audio holds no samples")
    check_samples(audio.samples, path.name)
    return audio


def _stretch(audio: Audio, start: float, seconds: float | None) -> Audio:
    if not start and seconds is None:
        return audio
    first = round(start * audio.sample_rate)
    last = None if seconds is None else first + round(seconds * audio.sample_rate)
    return Audio(audio.samples[:, first:last], audio.sample_rate)


def check_samples(samples: np.ndarray, name: str) -> None:
    """Raise Unmeasurable where samples are NaN or infinite.

    Args:
        samples: any shape.
        name: what to call them in the message.
    """
    bad = int(np.size(samples) - np.count_nonzero(np.isfinite(samples)))
    if bad:
        raise Unmeasurable(f"{name}: {bad} of {np.size(samples)} samples are NaN or infinite")


def _resample(samples: np.ndarray, have: int, want: int) -> np.ndarray:
    if have == want or samples.size == 0:
        return samples
    import soxr

    out = soxr.resample(samples, have, want)
    # soxr drops the last fraction of a sample, or gives one more: the length is a promise.
    length = round(samples.size * want / have)
    return np.pad(out[:length], (0, max(0, length - out.size)))


def _read_soundfile(path: Path) -> Audio | None:
    """Return the sound, or None where libsndfile does not know the format (an mp4 that is called .wav)."""
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            rate, declared = file.samplerate, _declared_frames(path, file)
            samples = file.read(dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    require_length(path, len(samples) / rate, declared / rate)
    return Audio(np.ascontiguousarray(samples.T), rate)


def _declared_frames(path: Path, file: Any) -> int:
    """Return the number of frames that the header states (libsndfile shortens that of a broken-off WAV)."""
    if file.format not in {"WAV", "WAVEX"}:
        return int(file.frames)
    with path.open("rb") as raw:
        raw.seek(12)
        while len(header := raw.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"data":
                per_frame = _bytes_per_frame(path)
                # A writer to a pipe cannot know the size, and states the greatest.
                return size // per_frame if per_frame and size < 0xFFFFF000 else int(file.frames)
            raw.seek(size + size % 2, 1)
    return int(file.frames)


def _bytes_per_frame(path: Path) -> int:
    with path.open("rb") as raw:
        raw.seek(12)
        while len(header := raw.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"fmt ":
                return int.from_bytes(raw.read(14)[12:14], "little")
            raw.seek(size + size % 2, 1)
    return 0


def _read_container(path: Path) -> Audio:
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            raise Unmeasurable(f"{path.name}: has no audio track")
        zero = clock_zero(container)
        declared = declared_end(container, stream)
        samples, rate = _decode(container, stream, zero)
    if not rate:
        raise Unmeasurable(f"{path.name}: the audio track holds no readable sound")
    require_length(path, samples.shape[1] / rate, declared)
    if declared and 0 < samples.shape[1] - round(declared * rate) <= _PADDING * rate:
        samples = samples[:, : round(declared * rate)]
    return Audio(np.ascontiguousarray(samples), rate)


def _decode(container: Any, stream: Any, zero: float) -> tuple[np.ndarray, int]:
    """Return a stream's samples on the container clock, float32 (channels, n), and their rate (0: none)."""
    import av

    to_float = av.AudioResampler(format="fltp")
    blocks: list[np.ndarray] = []
    written, rate = 0, 0
    for frame in decoded(container, stream):
        rate = rate or int(frame.sample_rate)
        at = None if frame.pts is None else round((float(frame.pts * frame.time_base) - zero) * rate)
        block = np.concatenate([part.to_ndarray() for part in to_float.resample(frame)], axis=1)
        if at is not None and at < 0 and not written:
            block = block[:, -at:]
        elif at is not None and at - written > (_GAP * rate if written else 0):
            blocks.append(np.zeros((len(block), at - written), np.float32))
            written = at
        blocks.append(block)
        written += block.shape[1]
    if not blocks:
        return np.zeros((1, 0), np.float32), 0
    return np.concatenate(blocks, axis=1), rate
