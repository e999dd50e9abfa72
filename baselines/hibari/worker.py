"""hibari says the transcript: at once and at its own pace, or in the span in which the mouth is seen to move."""

from __future__ import annotations

import av
import numpy as np
from hibari import SAMPLE_RATE, Hibari

from vsseval_worker import Refusal, serve

SLOWEST, FASTEST = 0.6, 1.8
"""Factors on the pace beyond which speech is no longer understood."""
SIDE, MOUTH, ACTIVE = 64, 0.05, 0.2
"""Pixels of a side; the share of them that moves most; the share of its usual motion from which a mouth speaks."""


def load(hello):
    voice = Hibari(model=hello["checkpoint"])
    fitted = hello["variant"] != "plain"

    def say(text, speed, seed):
        speech = trimmed(voice(text, speed=speed, seed=seed))
        if not speech.size:
            raise Refusal("hibari finds nothing to say in the transcript")
        return speech

    def generate(request):
        text, seed, start = request["transcript"], request["seed"], 0.0
        speech = say(text, 1.0, seed)
        span = moving(request["video"]) if fitted and request["video"] else None
        if span is not None:
            start, end = span
            speed = float(np.clip(speech.size / SAMPLE_RATE / max(0.1, end - start), SLOWEST, FASTEST))
            speech = say(text, speed, seed)
        track = np.zeros(max(1, round(request["duration"] * SAMPLE_RATE)), np.float32)
        first = min(round(start * SAMPLE_RATE), track.size)
        kept = speech[: track.size - first]
        track[first : first + kept.size] = kept
        return track, SAMPLE_RATE

    return generate


def trimmed(samples):
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples[:0]


def moving(path):
    """Return the seconds between which the part of the picture that moves most moves, or None if nothing does."""
    with av.open(path) as container:
        seen = [
            (frame.time, frame.reformat(SIDE, SIDE, "gray").to_ndarray().astype(np.float32))
            for frame in container.decode(video=0)
        ]
    if len(seen) < 3:
        return None
    times = np.array([at for at, _ in seen]) - seen[0][0]
    change = np.abs(np.diff(np.stack([picture for _, picture in seen]), axis=0)).reshape(len(seen) - 1, -1)
    most = np.argsort(change.mean(axis=0))[-round(MOUTH * SIDE * SIDE) :]
    motion = np.convolve(change[:, most].mean(axis=1), np.ones(3) / 3, mode="same")
    usual = np.percentile(motion, 95)
    active = np.flatnonzero(motion > ACTIVE * usual) if usual > 0.5 else np.zeros(0, int)
    return (float(times[active[0]]), float(times[active[-1] + 1])) if active.size else None


if __name__ == "__main__":
    serve(load)
