"""The process in which espeak-ng lives: one utterance, then it ends. Run by `engines.Wheel`, never imported by it.

espeak-ng is GPL-3 and keeps global state that runs on from one utterance to the next (its flutter and noise), so
each utterance gets a fresh process. A job comes as JSON on standard input; standard output answers with a line of
JSON and, if that says `rate`, 16-bit samples to the end. This file imports nothing of vsseval.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

_SYNCHRONOUS = 2
_UTF8 = 1
_RATE, _PITCH = 1, 3
_BUFFER_MS = 500
_SEED = 1
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main() -> None:
    """Read the job, speak, answer."""
    job = json.loads(sys.stdin.buffer.read())
    try:
        rate, sound = speak(job["text"], job["voice"], job["words"], job["pitch"])
    except (OSError, RuntimeError, ImportError) as fault:
        answer(json.dumps({"error": str(fault)}), b"")
        return
    answer(json.dumps({"rate": rate}), sound)


def answer(line: str, sound: bytes) -> None:
    """Write the answer."""
    sys.stdout.buffer.write(line.encode() + b"\n" + sound)
    sys.stdout.buffer.flush()


def speak(text: str, voice: str, words: int, pitch: int) -> tuple[int, bytes]:
    """Return the sample rate and the samples, 16 bits, of `text` at `words` a minute.

    Raises:
        RuntimeError: espeak-ng refuses.
        OSError: the library cannot be loaded.
        ImportError: espeakng_loader is not installed.
    """
    import espeakng_loader

    data = Path(espeakng_loader.get_data_path())
    variant = voice.partition("+")[2]
    # An unknown variant is no error to espeak-ng, and an unknown voice leaves the one before: both are checked.
    if variant and not (data / "voices" / "!v" / variant).is_file():
        raise RuntimeError(f"espeak-ng has no voice variant {variant!r}")
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = int(library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, str(data).encode(), 0))
    if rate <= 0:
        raise RuntimeError(f"espeak-ng does not start (code {rate}) with the data of {data}")
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise RuntimeError(f"espeak-ng has no voice {voice!r}")
    # The noise of some voices is seeded by the clock otherwise.
    library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
    blocks: list[bytes] = []

    def receive(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, 2 * count))
        return 0

    callback = _CALLBACK(receive)
    library.espeak_SetSynthCallback(callback)
    for parameter, value in ((_RATE, words), (_PITCH, pitch)):
        if library.espeak_SetParameter(parameter, value, 0) != 0:
            raise RuntimeError(f"espeak-ng refuses the value {value} for parameter {parameter}")
    said = text.encode() + b"\0"
    code = library.espeak_Synth(said, ctypes.c_size_t(len(said)), 0, 1, 0, _UTF8, None, None)
    if code != 0 or library.espeak_Synchronize() != 0:
        raise RuntimeError(f"espeak-ng fails to speak (code {code})")
    return rate, b"".join(blocks)


if __name__ == "__main__":
    main()
