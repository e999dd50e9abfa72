"""The engines that can speak, each in a process of its own: one call, one process, no state in between."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata, util
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from vsseval.errors import EnvironmentFault, MissingExtra, Unmeasurable, UsageError

__all__ = ["Engine", "Speech", "engine"]

TIMEOUT_SECONDS = 60.0
_WORKER = Path(__file__).with_name("worker.py")
_WORDS = 175
"""Words a minute at speed 1: espeak-ng's own pace."""
_EXTRA = "espeak-ng is not installed: pip install espeakng-loader==0.2.4"


class Speech(NamedTuple):
    """What an engine said: float32 (n,) in [-1, 1], and its sample rate."""

    samples: np.ndarray
    rate: int


class Engine(Protocol):
    """A speech synthesiser."""

    family: str
    """Whose voices it has, "espeak" or "flite": the part of the voice table that it can use."""
    name: str
    """For people."""
    version: str
    speeds: tuple[float, float]
    """Slowest and fastest, as factors on its own pace."""

    def say(self, text: str, voice: str, speed: float, pitch: int) -> Speech:
        """Say a text.

        Args:
            text: words.
            voice: of the voice table.
            speed: factor on the pace; the duration is about, but not just, inverse to it.
            pitch: of the voice table: 0..99 to espeak, hertz to flite.

        Raises:
            Unmeasurable: the engine fails at this text.
            EnvironmentFault: the engine is gone or hangs.
        """
        ...


def engine(argument: str | None) -> Engine:
    """Return the engine that is asked for: None is the wheel.

    Raises:
        UsageError: no engine of that name is known.
        EnvironmentFault: the engine is not installed.
    """
    if argument is None:
        return Wheel()
    if argument == "flite":
        return Flite()
    raise UsageError(
        f"tts_dub knows no engine {argument!r}: write --model tts_dub for espeak-ng from the wheel, "
        "or --model tts_dub:flite for the program flite of this machine"
    )


class Wheel:
    """espeak-ng from the wheel espeakng-loader, which brings its library and data along."""

    family = "espeak"
    name = "espeak-ng (wheel espeakng-loader)"
    speeds = (80 / _WORDS, 450 / _WORDS)

    def __init__(self) -> None:
        """Find the wheel without importing it.

        Raises:
            MissingExtra: it is not installed.
        """
        if util.find_spec("espeakng_loader") is None:
            raise MissingExtra(_EXTRA)
        self.version = f"espeakng-loader-{metadata.version('espeakng-loader')}"

    def say(self, text: str, voice: str, speed: float, pitch: int) -> Speech:
        """Say a text; see `Engine`."""
        job = {"text": text.replace("\0", " "), "voice": voice, "words": round(_WORDS * speed), "pitch": pitch}
        # -P keeps this folder out of the worker's path: its modules are none of the worker's business.
        done = _run([sys.executable, "-P", str(_WORKER)], json.dumps(job).encode(), self.name)
        line, _, sound = done.stdout.partition(b"\n")
        if done.returncode != 0 or not line:
            raise Unmeasurable(f"espeak-ng dies on {_short(text)} with status {done.returncode}: {_tail(done.stderr)}")
        told = json.loads(line)
        if "error" in told:
            raise EnvironmentFault(f"{told['error']}: pip install --force-reinstall espeakng-loader==0.2.4")
        return Speech(np.frombuffer(sound, np.int16).astype(np.float32) / 32768.0, int(told["rate"]))


class Flite:
    """The program flite of this machine."""

    family = "flite"
    name = "flite (program of this machine)"
    speeds = (0.4, 3.0)

    def __init__(self) -> None:
        """Find the program and ask its version.

        Raises:
            EnvironmentFault: it is not installed.
        """
        self._path = _found("flite")
        self.version = f"flite-{_number(_run([self._path, '--version'], b'', self.name).stdout)}"

    def say(self, text: str, voice: str, speed: float, pitch: int) -> Speech:
        """Say a text; see `Engine`."""
        import soundfile

        with tempfile.TemporaryDirectory(prefix="tts-dub-") as folder:
            path = Path(folder) / "speech.wav"
            options = ["--setf", f"duration_stretch={1.0 / speed:.4f}", "--setf", f"int_f0_target_mean={pitch}"]
            done = _run(
                [self._path, "-voice", voice, *options, "-t", text.replace("\0", " "), "-o", str(path)], b"", self.name
            )
            if done.returncode != 0 or not path.is_file():
                raise Unmeasurable(f"flite fails on {_short(text)}: {_tail(done.stderr)}")
            samples, rate = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32")
        return Speech(samples, int(rate))


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise EnvironmentFault(f"the program {program} is not installed: apt-get install {program}")
    return path


def _run(command: list[str], given: bytes, name: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - our own arguments, no shell
            command, input=given, capture_output=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired as slow:
        raise EnvironmentFault(f"{name} has not answered in {TIMEOUT_SECONDS:.0f} s") from slow
    except OSError as fault:
        raise EnvironmentFault(f"{name} cannot be started: {fault}") from fault


def _number(told: bytes) -> str:
    found = re.search(r"\d+(?:\.\d+)+", told.decode(errors="replace"))
    return found.group() if found else "unknown"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _tail(told: bytes) -> str:
    return told.decode(errors="replace").strip()[-200:] or "no message"
