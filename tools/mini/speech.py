"""Text into speech with phone timings, by flite (BSD-like licence) as a subprocess, or by eSpeak NG.

Four voices of the benchmarks are flite's own; two more are made from them by scaling the vocal tract: speech
synthesised slower by a factor s and resampled to play s times faster has its duration back, while formants and pitch
rise by s. The training split has two hundred more of these, and eighty of eSpeak NG's speakers.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tools.mini import espeak
from tools.mini.clip import SAMPLE_RATE
from vsseval.errors import EnvironmentFault, UsageError

TIMEOUT_SECONDS = 60.0
PEAK = 0.8
COLOUR_HERTZ = (150.0, 7500.0)
"""Range over which a voice's colour is given; beyond it the end values hold."""
LEVEL = 0.07
"""Root mean square of an utterance between its pauses; the voices of flite differ by 10 dB as they come."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A speaker of the benchmark."""

    name: str
    speaker: str
    """Name of flite's voice, or of eSpeak NG's."""
    described: str
    """Who is heard, for captions."""
    synthesiser: Literal["flite", "espeak"] = "flite"
    scale: float = 1.0
    """Factor on formants and pitch."""
    pitch: float | None = None
    """Mean pitch before scaling: in hertz for flite, 0 to 100 for eSpeak NG; None leaves the speaker's own."""
    rate: float = 1.0
    """Factor on durations that brings the voices to about the same speaking rate."""
    colour: tuple[float, ...] = ()
    """Gain in dB at frequencies equally spaced on a logarithmic axis from `COLOUR_HERTZ[0]` to `[1]`; none is flat."""


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Speech at `SAMPLE_RATE` and its phones."""

    audio: np.ndarray
    """float32 (n,)"""
    phones: tuple[tuple[str, float, float], ...]
    """Name, start and end in seconds; covers the whole of `audio`, pauses ("pau") at both ends."""


SEEN_VOICES = (
    Voice(name="rms", speaker="rms", described="a man", rate=0.95),
    Voice(name="slt", speaker="slt", described="a woman"),
    Voice(name="awb", speaker="awb", described="a man with a Scottish accent"),
    Voice(name="young", speaker="awb", described="a young person", scale=1.16, pitch=150.0),
    Voice(name="deep", speaker="rms", described="a man with a deep voice", scale=0.91, rate=0.95),
)
"""Voices of the benchmarks' seen half; the training split holds them too."""
UNSEEN_VOICES = (Voice(name="kal", speaker="kal16", described="a man", rate=1.1),)
"""Voices that only the benchmarks hold."""


def _derived_voices(count: int) -> Iterator[Voice]:
    """Draw voices that are nobody's: another vocal tract, pitch and colour on each of flite's three."""
    rng = np.random.default_rng(20260924)
    ranges = {"rms": (0.84, 1.2), "awb": (0.82, 1.2), "slt": (0.76, 1.1)}
    for k in range(count):
        speaker = ("rms", "awb", "slt")[k % 3]
        yield Voice(
            name=f"derived-{k:03d}",
            speaker=speaker,
            described="a person",
            scale=round(float(rng.uniform(*ranges[speaker])), 3),
            # before scaling; two octaves' worth of speakers
            pitch=round(float(np.exp(rng.uniform(np.log(80.0), np.log(220.0)))), 1),
            rate=0.97,
            colour=_drawn_colour(rng),
        )


def _espeak_voices() -> Iterator[Voice]:
    """Yield each of eSpeak NG's speakers, a little larger or smaller and in a colour that is drawn."""
    rng = np.random.default_rng(20261129)
    for speaker in espeak.SPEAKERS:
        yield Voice(
            name=f"espeak-{speaker}",
            speaker=speaker,
            synthesiser="espeak",
            described="a person",
            scale=round(float(rng.uniform(0.92, 1.08)), 3),
            pitch=round(float(rng.uniform(30.0, 70.0)), 1),
            colour=_drawn_colour(rng),
        )


def _drawn_colour(rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(round(float(gain), 1) for gain in rng.uniform(-7.0, 7.0, 7))


DERIVED_VOICES = (*_derived_voices(200), *_espeak_voices())
"""Voices that only the training split holds, so that a model learns to follow a prompt and not to name a speaker."""


_LETTER_A = re.compile(r"\ba(?= (?:zero|one|two|three|four|five|six|seven|eight|nine)\b)")
"""The letter of a GRID command, which flite would read as the article."""


def voices() -> tuple[Voice, ...]:
    """Every voice of the benchmarks, those of the training split first."""
    return SEEN_VOICES + UNSEEN_VOICES


@functools.cache
def _flite() -> str:
    found = shutil.which("flite")
    if found is None:
        raise EnvironmentFault("flite, which speaks the benchmark's sentences, is not installed: apt-get install flite")
    return found


def speak(text: str, voice: Voice, *, rate: float = 1.0, pitch: float = 1.0) -> Utterance:
    """Say a text.

    Args:
        text: words; single letters are spelled.
        voice: who says it.
        rate: factor on durations (1.2 is slower).
        pitch: factor on the vocal tract on top of the voice's own; 0.97 .. 1.03 varies a speaker a little.

    Raises:
        EnvironmentFault: the synthesiser is not installed, or fails.
        UsageError: the text holds nothing that can be said.
    """
    import soxr

    scale = voice.scale * pitch
    said = _by_flite if voice.synthesiser == "flite" else _by_espeak
    samples, rate_found, phones = said(_LETTER_A.sub("ay", text), voice, voice.rate * rate * scale)
    audio = soxr.resample(samples, rate_found * scale, SAMPLE_RATE, quality="HQ").astype(np.float32)
    scaled = tuple((name, start / scale, end / scale) for name, start, end in phones)
    return _trimmed(_coloured(audio, voice.colour), scaled)


def _by_espeak(text: str, voice: Voice, stretch: float) -> espeak.Speech:
    return espeak.utter(text, voice.speaker, stretch=stretch, pitch=50.0 if voice.pitch is None else voice.pitch)


def _by_flite(text: str, voice: Voice, stretch: float) -> espeak.Speech:
    import soundfile

    pitched = [] if voice.pitch is None else ["--setf", f"int_f0_target_mean={voice.pitch:.1f}"]
    with tempfile.TemporaryDirectory(prefix="flite-") as folder:
        path = Path(folder) / "speech.wav"
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [
                _flite(), "-psdur", "-voice", voice.speaker, "--setf", f"duration_stretch={stretch:.4f}", *pitched,
                "-t", text, "-o", str(path),
            ],
            capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS,
        )  # fmt: skip
        if done.returncode != 0 or not path.is_file():
            raise EnvironmentFault(
                f"flite failed on {text!r} ({done.stderr.strip()[-200:]}): apt-get install --reinstall flite"
            )
        samples, rate = soundfile.read(path, dtype="float32")
    phones = _phones(done.stdout)
    if len(phones) <= 1:
        raise UsageError(f"flite finds nothing to say in {text!r}")
    return espeak.Speech(samples, rate, phones)


def _coloured(audio: np.ndarray, colour: tuple[float, ...]) -> np.ndarray:
    """Filter a whole utterance with the voice's gains, without delay."""
    if not colour:
        return audio
    spectrum = np.fft.rfft(audio)
    hertz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    low, high = (float(np.log(end)) for end in COLOUR_HERTZ)
    gain = np.interp(np.log(np.maximum(hertz, 1.0)), np.linspace(low, high, len(colour)), colour)
    return np.fft.irfft(spectrum * 10 ** (gain / 20), len(audio)).astype(np.float32)


def _phones(printed: str) -> tuple[tuple[str, float, float], ...]:
    """Read `name:end ...` as flite prints it, in seconds."""
    phones, start = [], 0.0
    for item in printed.split():
        name, _, end = item.rpartition(":")
        phones.append((name, start, float(end)))
        start = float(end)
    return tuple(phones)


MARGIN_SECONDS = 0.03
FADE_SECONDS = 0.015


def _trimmed(audio: np.ndarray, phones: tuple[tuple[str, float, float], ...]) -> Utterance:
    """Leave `MARGIN_SECONDS` of pause at both ends, and bring the speech to `LEVEL`."""
    spoken = [phone for phone in phones if phone[0] != "pau"]
    first = max(0.0, spoken[0][1] - MARGIN_SECONDS)
    last = min(len(audio) / SAMPLE_RATE, spoken[-1][2] + MARGIN_SECONDS)
    cut = audio[round(first * SAMPLE_RATE) : round(last * SAMPLE_RATE)].astype(np.float64)
    inside = np.concatenate(
        [cut[round((a - first) * SAMPLE_RATE) : round((b - first) * SAMPLE_RATE)] for _, a, b in spoken]
    )
    gain = LEVEL / max(float(np.sqrt(np.mean(inside**2))), 1e-9)
    gain = min(gain, PEAK / max(float(np.abs(cut).max()), 1e-9))
    ramp = np.ones(len(cut))
    fade = round(FADE_SECONDS * SAMPLE_RATE)
    ramp[:fade] = np.linspace(0.0, 1.0, fade)
    ramp[-fade:] = np.linspace(1.0, 0.0, fade)
    seconds = len(cut) / SAMPLE_RATE
    timed = tuple(
        (name, max(0.0, a - first), min(seconds, b - first)) for name, a, b in phones if b > first and a < last
    )
    return Utterance(audio=(cut * gain * ramp).astype(np.float32), phones=timed)
