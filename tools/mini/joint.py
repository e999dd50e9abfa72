"""Clips of the joint benchmark: a speaking head beside a sounding object, both seen and both heard."""

from __future__ import annotations

import numpy as np

from tools.mini.clip import FPS, SAMPLE_RATE, Rendered
from tools.mini.draw import Canvas
from tools.mini.face import draw_appearance, draw_backdrop, draw_head, draw_pose
from tools.mini.speech import Voice
from tools.mini.vtts import say, supersample

SECONDS = (4.0, 5.0)
LEAD_SECONDS = (0.3, 1.6)
"""Speech starts anywhere here, so that the object is also heard alone."""
HEAD, OBJECT = 0.62, 0.42
"""Sides of the two regions of the picture."""
SPARSE_DB, STEADY_DB = -13.0, -24.0
"""Level of the object's sound below the speech (root mean squares where each sounds), for a sound of a moment and
for one without pause; others lie between. At 10 dB below, steady noise costs a recogniser most words."""
SPREAD_DB = 2.0
PEAK = 0.95


def make_joint(
    rng: np.random.Generator, label: str, text: str, voice: Voice, size: int, language: str = "en-grid"
) -> Rendered:
    """Render a head that says `text` beside an object of class `label`.

    Args:
        rng: source of all that varies.
        label: class of the object, one of `v2s.LABELS`.
        text: words, lower case.
        voice: who is heard.
        size: side of the picture in pixels.
        language: of the text, "en-grid" or "en".
    """
    from tools.mini.v2s import make_event_layer

    spoken = say(rng, text, voice, seconds=float(rng.uniform(*SECONDS)), lead=LEAD_SECONDS)
    thing = make_event_layer(rng, label, spoken.frames / FPS)
    offset = float(rng.uniform(-SPREAD_DB, SPREAD_DB))
    person, pose = draw_appearance(rng), draw_pose(rng, spoken.frames)
    left = bool(rng.random() < 0.5)
    backdrop = Canvas(size, supersample(size))
    draw_backdrop(backdrop, person)
    frames = np.empty((spoken.frames, size, size, 3), dtype=np.uint8)
    for i, shape in enumerate(spoken.track.shape):
        picture = backdrop.copy()
        beside = picture.view(0.57 if left else 0.01, 0.3, OBJECT)
        thing.ground(beside, 0.0)
        thing.draw(beside, i / FPS)
        draw_head(picture.view(-0.05 if left else 0.43, 1.0 - HEAD, HEAD), person, pose, shape, i)
        frames[i] = picture.array()
    return Rendered(
        frames=frames,
        audio=_mixed(spoken.audio, thing.audio, offset, spoken.window),
        caption=thing.caption,
        label=label,
        events=thing.events,
        transcript=text,
        language=language,
        voice=voice.name,
        speech_window=spoken.window,
        viseme=spoken.track.viseme,
        mouth=spoken.track.curves,
        phones=spoken.phones,
        notes=dict(thing.notes),
    )


def _mixed(speech: np.ndarray, other: np.ndarray, offset: float, window: tuple[float, float]) -> np.ndarray:
    """Add the object's sound below the speech, `offset` dB from its usual level."""
    first, last = (round(second * SAMPLE_RATE) for second in window)
    loud = float(np.sqrt(np.mean(speech[first:last] ** 2)))
    power = np.convolve(other.astype(np.float64) ** 2, np.full(800, 1 / 800), mode="same")
    heard = power > 0.01 * power.max()
    level = SPARSE_DB + (STEADY_DB - SPARSE_DB) * float(heard.mean()) + offset
    gain = loud * 10 ** (level / 20) / max(float(np.sqrt(power[heard].mean())), 1e-9) if heard.any() else 0.0
    mixed = speech + gain * other[: len(speech)]
    return np.asarray(mixed * min(1.0, PEAK / float(np.abs(mixed).max())), dtype=np.float32)
