"""Sound: decoded once, kept as float32 at its own rate, mixed down and resampled on request."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media import wire
from vsseval.media.apart import Died, raw, talk
from vsseval.media.opening import check_file

__all__ = ["Audio", "check_samples", "load_audio"]


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

    It is decoded to its end, whatever a header counts; which reader reads what stands in `vsseval.media.sound`. The
    sound of a container is put on the container's clock: a track that starts late is preceded by zeros. What the
    encoder added at the start and the end is cut where the container says how much it is. A stream whose rate or number
    of channels changes keeps those it begins with.

    Args:
        path: the file.
        start: seconds at which to begin, from t = 0 (see `vsseval.media.streams`).
        seconds: how many to return at most; None for all that follow. What comes behind is not decoded.

    Raises:
        BeyondLimit: it is longer, has more channels, a longer hole or more samples than is allowed
            (see `vsseval.media.limits`).
        Unmeasurable: the file is missing, empty, unreadable or without an audio track or samples, breaks off (less
            than nine tenths of the seconds that it declares are there, or its last packet is incomplete), or holds
            NaN or infinite samples.
    """
    path = Path(path)
    check_file(path)
    question = wire.AskSound(path=raw(path), start=float(start), seconds=None if seconds is None else float(seconds))
    try:
        audio = _heard(path, question)
    except Died:
        audio = _heard(path, question)
    if audio.samples.size == 0:
        raise Unmeasurable(f"{path.name}: the audio holds no samples")
    check_samples(audio.samples, path.name)
    return audio


def _heard(path: Path, question: wire.AskSound) -> Audio:
    with talk(path) as talking:
        answer, file = talking.ask(question, wire.Sounds)
        try:
            return Audio(wire.array_of(file, (answer.channels, -1), np.float32), answer.rate)
        except (OSError, ValueError) as error:
            raise Died(f"{path.name}: the decoder gave sound that is none: {error}") from error


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
