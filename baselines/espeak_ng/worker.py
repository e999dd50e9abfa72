"""espeak-ng says the transcript, at the pace that fills the window in which the face speaks.

The library keeps noise and flutter from one utterance to the next, so each is said in a fresh process.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

WORDS, SLOWEST, FASTEST = 175, 80, 450
"""Words a minute: espeak-ng's own pace, and its limits."""
SECONDS = 60.0
SYNCHRONOUS, UTF8, RATE = 2, 1, 1
LEVEL = 0.1
"""Root mean square of the speech."""


def load(hello):
    from vsseval_worker import Refusal

    def say(text, words):
        job = json.dumps({"text": text, "words": words})
        done = subprocess.run(
            [sys.executable, __file__, "speak"],
            input=job.encode(),
            stdout=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
        head, _, sound = done.stdout.partition(b"\n")
        if done.returncode != 0 or not sound:
            raise Refusal("espeak-ng finds nothing to say in the transcript")
        return np.frombuffer(sound, "<i2").astype(np.float32) / 32768.0, int(head)

    def generate(request):
        text = request["transcript"]
        speech, rate = trimmed(*say(text, WORDS))
        start, end = request["speech_window"] or (0.0, speech.size / rate)
        words = int(np.clip(round(WORDS * speech.size / rate / max(0.1, end - start)), SLOWEST, FASTEST))
        if words != WORDS:
            speech, rate = trimmed(*say(text, words))
        track = np.zeros(max(1, round(request["duration"] * rate)), np.float32)
        first = min(round(start * rate), track.size)
        kept = speech[: track.size - first]
        track[first : first + kept.size] = kept * min(1.0 / np.abs(kept).max(initial=1e-9), LEVEL / rms(kept))
        return track, rate

    return generate


def trimmed(samples, rate):
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    return (samples[loud[0] : loud[-1] + 1], rate) if loud.size else (samples, rate)


def rms(samples):
    return max(1e-9, float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))) if samples.size else 1.0


def speak():
    import espeakng_loader

    job = json.loads(sys.stdin.buffer.read())
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 500, str(Path(espeakng_loader.get_data_path())).encode(), 0)
    if rate <= 0 or library.espeak_SetVoiceByName(b"en-us") != 0:
        sys.exit("espeak-ng does not start")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    blocks = []

    def receive(samples, count, _events):
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, 2 * count))
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)(receive)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetParameter(RATE, job["words"], 0)
    said = job["text"].encode() + b"\0"
    if library.espeak_Synth(said, ctypes.c_size_t(len(said)), 0, 1, 0, UTF8, None, None) != 0:
        sys.exit("espeak-ng fails to speak")
    library.espeak_Synchronize()
    sys.stdout.buffer.write(b"%d\n" % rate + b"".join(blocks))


if __name__ == "__main__":
    if sys.argv[1:] == ["speak"]:
        speak()
    else:
        from vsseval_worker import serve

        serve(load)
