"""Festival says the transcript with an HTS voice, at the pace that fills the speech window; a process a sentence."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from vsseval_worker import Refusal, serve

VOICE = "cmu_us_slt_arctic_hts"
SLOWEST, FASTEST, SECONDS = 1.8, 0.55, 60
"""Factors on the duration beyond which speech is no longer understood; time for a sentence."""


def load(hello):
    program = shutil.which("festival")
    if program is None:
        raise OSError("the program festival is not on the path: apt-get install festival festvox-us-slt-hts")

    def say(text, stretch):
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder, "heard.wav")
            # Scheme takes \ and " in a string as such only behind a \.
            told = text.encode("ascii", "ignore").decode().replace("\\", " ").replace('"', " ")
            orders = (
                f"(voice_{VOICE})"
                f"(Parameter.set 'Duration_Stretch {stretch:.4f})"
                f'(set! said (utt.synth (Utterance Text "{told}")))'
                f'(utt.save.wave said "{heard}" \'riff)'
            )
            command = [program, "--pipe"]
            done = subprocess.run(command, input=orders.encode(), capture_output=True, timeout=SECONDS, check=False)
            if done.returncode != 0 or not heard.is_file():
                raise Refusal(f"Festival fails: {done.stderr.decode(errors='replace')[-200:]}")
            return samples(heard)

    def generate(request):
        text, (start, end) = request["transcript"], request["speech_window"] or (0.0, None)
        speech, rate = say(text, 1.0)
        if not speech.size:
            raise Refusal("Festival finds nothing to say in the transcript")
        if end is not None:
            stretch = float(np.clip(max(0.1, end - start) * rate / speech.size, FASTEST, SLOWEST))
            speech, rate = say(text, stretch)
        track = np.zeros(max(1, round(request["duration"] * rate)), np.float32)
        first = min(round(start * rate), track.size)
        kept = speech[: track.size - first]
        track[first : first + kept.size] = kept
        return track, rate

    return generate


def samples(path):
    """Return the sound of a WAV file without silence at its ends, and its rate."""
    with wave.open(str(path)) as file:
        whole = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        rate = file.getframerate()
    loud = np.flatnonzero(np.abs(whole) > 0.01)
    return (whole[loud[0] : loud[-1] + 1] if loud.size else whole[:0]), rate


serve(load)
