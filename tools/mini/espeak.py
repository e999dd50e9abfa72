"""Text into speech and phones by the library of eSpeak NG: formant synthesis with a hundred speakers of its own.

Only the training split is spoken so. The library is opened at the first sentence (`apt-get install libespeak-ng1`).
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vsseval.errors import EnvironmentFault, UsageError

LIBRARY = "libespeak-ng.so.1"
TIMEOUT_SECONDS = 60.0
ROOT = Path(__file__).parents[2]
_MARK = "eSpeak NG: "
SPEAKERS = (
    "Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael Mike Nguyen adam "
    "anika antonio aunty belinda benjamin boris caleb david ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa gustave "
    "iven iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 klatt6 linda m1 m2 m3 m4 m5 m6 m7 m8 "
    "marcelo max michel miguel norbert pablo paul pedro quincy rob robert sandro shelby steph steph2 steph3 travis "
    "victor zac"
).split()
"""Variants that sound like somebody; those of robots and whisperers are left out."""

_PHONES = {
    "b": "b", "d": "d", "D": "dh", "dZ": "jh", "f": "f", "g": "g", "h": "hh", "j": "y", "k": "k", "l": "l", "m": "m",
    "n": "n", "N": "ng", "p": "p", "r": "r", "r-": "r", "s": "s", "S": "sh", "t": "t", "t#": "dx", "t2": "dx",
    "T": "th", "tS": "ch", "v": "v", "w": "w", "z": "z", "z#": "z", "Z": "zh", "?": "t", "n-": "en", "x": "k",
    "L": "l", "0": "aa", "0#": "aa", "3": "axr", "3:": "er", "@": "ax", "@2": "ax", "@5": "ax", "@L": "ax l",
    "a": "ae", "aa": "ae", "a#": "ax", "A:": "aa", "A@": "aa r", "aI": "ay", "aI@": "ay ax", "aI3": "ay er",
    "aU": "aw", "aU@": "aw ax", "e": "eh", "E": "eh", "E2": "eh", "eI": "ey", "e@": "eh r", "i": "iy", "i:": "iy",
    "I": "ih", "I2": "ih", "I#": "ix", "i@": "iy ax", "i@3": "ih er", "O": "ao", "O2": "aa", "O:": "ao", "O@": "ao r",
    "o@": "ao r", "oU": "ow", "OI": "oy", "u:": "uw", "U": "uh", "U@": "uh r", "V": "ah", "_:": "pau", "_": "pau",
    "_!": "pau", "_|": "pau", "||": "pau",
}  # fmt: skip
"""eSpeak's phones in flite's alphabet; where there are two, each has half of the time."""
_GOES_ON = frozenset({";", "*", "-", ":"})
"""Marks of articulation, which prolong the phone before them."""

_RETRIEVAL, _PHONEME_EVENTS = 1, 1
_UTF8, _PHONEME = 1, 7
_RATE, _PITCH, _RANGE = 1, 3, 4


class Speech(NamedTuple):
    """What the library returns."""

    samples: np.ndarray
    """float32, (n,)."""
    rate: int
    """Samples a second."""
    phones: tuple[tuple[str, float, float], ...]
    """Name in flite's alphabet, start and end in seconds."""


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text", ctypes.c_int), ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Library:
    """The opened library of this process, and what it has said."""

    def __init__(self) -> None:
        try:
            self.code = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise EnvironmentFault(
                f"{LIBRARY}, which speaks a part of the training split, is not there ({error}): "
                "apt-get install libespeak-ng1 espeak-ng-data"
            ) from error
        self.pieces: list[np.ndarray] = []
        self.begun: list[tuple[str, int]] = []
        self.rate = self.code.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS)
        if self.rate <= 0:
            raise EnvironmentFault("eSpeak NG finds no data of its voices: apt-get install espeak-ng-data")
        self.callback = _CALLBACK(self._hear)  # kept: the library holds no reference
        self.code.espeak_SetSynthCallback(self.callback)

    def _hear(self, samples: object, count: int, events: object) -> int:
        if samples and count:
            self.pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        place = 0
        while events[place].type:  # type: ignore[index]
            event = events[place]  # type: ignore[index]
            if event.type == _PHONEME:
                self.begun.append((event.id.string.decode("utf-8", "replace"), event.sample))
            place += 1
        return 0

    def say(self, text: str, speaker: str, stretch: float, pitch: float) -> None:
        """Say a text; what is heard is in `pieces` and `begun`."""
        # the library itself takes its ordinary voice for a speaker that it does not know
        if speaker not in SPEAKERS or self.code.espeak_SetVoiceByName(f"en-us+{speaker}".encode()):
            raise UsageError(
                f"eSpeak NG has no speaker {speaker!r} here; there is {', '.join(SPEAKERS[:6])} and others"
            )
        for parameter, value in ((_RATE, 175 / stretch), (_PITCH, pitch), (_RANGE, 40)):
            self.code.espeak_SetParameter(parameter, round(value), 0)
        written = text.encode() + b"\0"
        self.code.espeak_Synth(written, len(written), 0, 1, 0, _UTF8, None, None)
        self.code.espeak_Synchronize()
        if not self.pieces or all(_PHONES.get(name) == "pau" for name, _ in self.begun):
            raise UsageError(f"eSpeak NG finds nothing to say in {text!r}")


def utter(text: str, speaker: str, *, stretch: float, pitch: float) -> Speech:
    """Say a text in American English.

    In a process of its own, for the library's noise and oscillators go on where the last utterance left them, and a
    clip is to be the same whatever was said before it.

    Args:
        text: words.
        speaker: one of `SPEAKERS`.
        stretch: factor on durations.
        pitch: of the voice, 0 to 100; 50 is the speaker's own.

    Raises:
        EnvironmentFault: eSpeak NG is not installed.
        UsageError: there is no such speaker, nothing in the text is said, or a phone is new.
    """
    command = [sys.executable, "-m", __name__, text, speaker, repr(stretch), repr(pitch)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_SECONDS, cwd=ROOT)  # noqa: S603
    if done.returncode:
        kind, _, message = done.stderr.decode().rpartition(_MARK)[2].partition(":")
        raise {"UsageError": UsageError}.get(kind, EnvironmentFault)(message.strip() or "eSpeak NG fails")
    head, _, sound = done.stdout.partition(b"\n")
    rate, begun = json.loads(head)
    samples = np.frombuffer(sound, np.int16).astype(np.float32) / 32768
    return Speech(samples, rate, _phones([(name, start) for name, start in begun], len(samples), rate))


def main(text: str, speaker: str, stretch: str, pitch: str) -> None:
    """Write what is said to standard output: a line with rate and phones, then the samples."""
    library = _Library()
    library.say(text, speaker, float(stretch), float(pitch))
    sys.stdout.buffer.write(json.dumps([library.rate, library.begun]).encode() + b"\n")
    sys.stdout.buffer.write(np.concatenate(library.pieces).astype("<i2").tobytes())


def _phones(begun: list[tuple[str, int]], samples: int, rate: int) -> tuple[tuple[str, float, float], ...]:
    """Name and time phones; each lasts until the next one begins."""
    kept = [(name, start) for name, start in begun if name not in _GOES_ON and name]
    ends = [start for _, start in kept[1:]] + [samples]
    found: list[tuple[str, float, float]] = [("pau", 0.0, kept[0][1] / rate)]
    for (name, start), end in zip(kept, ends, strict=True):
        if name not in _PHONES:
            raise UsageError(f"eSpeak NG says a phone that is new, {name!r}: add it to {__name__}._PHONES")
        parts = _PHONES[name].split()
        step = (end - start) / len(parts)
        found += [(part, (start + k * step) / rate, (start + (k + 1) * step) / rate) for k, part in enumerate(parts)]
    return tuple(phone for phone in found if phone[2] > phone[1])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (UsageError, EnvironmentFault) as fault:
        sys.exit(f"{_MARK}{type(fault).__name__}: {fault}")
