"""Clips of mini_v2s: one sounding object in some surroundings, seen by a camera that may move.

`make_v2s` renders a whole clip. `make_event_layer` gives the object alone, as a `Layer` that draws itself onto any
region of a canvas; a clip with a speaking face beside a sounding object is made of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.mini.clip import FPS, Rendered
from tools.mini.draw import Canvas, Colour, mix, shade
from tools.mini.scenes import balls, glass, layer, music, steps, strikes, vehicles, water, weather
from vsseval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_MAKERS: dict[str, Callable[[np.random.Generator, float], layer.Layer]] = {
    "ball_bounce": balls.ball_bounce,
    "hammer": strikes.hammer,
    "drum": music.drum,
    "knock": strikes.knock,
    "bell": music.bell,
    "drip": water.drip,
    "glass_break": glass.glass_break,
    "footsteps": steps.footsteps,
    "engine": vehicles.engine,
    "rain": weather.rain,
    "wind": weather.wind,
    "siren": vehicles.siren,
}

LABELS: tuple[str, ...] = tuple(_MAKERS)
"""The event classes."""
EVENT_LABELS: tuple[str, ...] = LABELS[:8]
"""Those whose clips have contacts with known times; the others sound all the time."""


def make_event_layer(rng: np.random.Generator, label: str, seconds: float) -> layer.Layer:
    """A sounding object to be drawn by the caller.

    Typical use, for an object in the right half of a picture::

        thing = make_event_layer(rng, "drum", 4.0)
        for frame in range(100):
            region = canvas.view(0.5, 0.4, 0.5)
            thing.ground(region, 0.0)
            thing.draw(region, frame / FPS)

    Args:
        rng: Source of all randomness.
        label: One of `LABELS`.
        seconds: Length of the clip, at least 1.5; 3 to 5 are usual.

    Returns:
        The object with its sound of round(seconds * SAMPLE_RATE) samples, its events and its caption.

    Raises:
        UsageError: If the label is none of `LABELS`.
    """
    if label not in _MAKERS:
        raise UsageError(f"no event class is called {label!r}; there are {', '.join(LABELS)}")
    return _MAKERS[label](rng, seconds)


@dataclass(frozen=True)
class _Camera:
    x: float
    y: float
    scale: float
    pan: tuple[float, float]
    zoom: float
    shake: float
    phases: tuple[float, float]

    def view(self, canvas: Canvas, second: float) -> Canvas:
        scale = self.scale * (1.0 + self.zoom * second)
        x = self.x + self.pan[0] * second + self.shake * math.sin(5.1 * second + self.phases[0])
        y = self.y + self.pan[1] * second + self.shake * math.sin(4.3 * second + self.phases[1])
        return canvas.view(x - 0.5 * scale, y - 0.5 * scale, scale)


def _camera(rng: np.random.Generator, fills: bool) -> _Camera:
    moving = rng.random() < 0.5
    closeness = float(rng.uniform(1.12, 1.25) if fills else rng.uniform(0.8, 1.12))
    margin = 0.02 if fills else 0.07
    return _Camera(
        x=0.5 + float(rng.uniform(-margin, margin)),
        y=0.5 + float(rng.uniform(-margin, margin)) * 0.7,
        scale=closeness,
        pan=(float(rng.uniform(-0.01, 0.01)), float(rng.uniform(-0.005, 0.005))) if moving else (0.0, 0.0),
        zoom=float(rng.uniform(-0.01 if fills else -0.02, 0.02)) if rng.random() < 0.35 else 0.0,
        shake=float(rng.uniform(0.001, 0.005)) if rng.random() < 0.35 else 0.0,
        phases=(float(rng.uniform(0, 6.28)), float(rng.uniform(0, 6.28))),
    )


def _surroundings(rng: np.random.Generator, setting: layer.Setting) -> Callable[[Canvas, Canvas], None]:
    """A painter of the background: the gradient on the whole picture, the shapes through the camera."""
    if setting == "outdoor":
        top, bottom = layer.tint(rng, (110, 164, 222)), layer.tint(rng, (206, 220, 230))
    elif setting == "overcast":
        top, bottom = layer.tint(rng, (72, 80, 92), 10), layer.tint(rng, (150, 158, 166), 10)
    elif setting == "night":
        top, bottom = layer.tint(rng, (16, 18, 40), 8), layer.tint(rng, (50, 48, 78), 10)
    else:
        wall = mix(layer.vivid(rng), (205, 200, 192), float(rng.uniform(0.55, 0.9)))
        top, bottom = shade(wall, float(rng.uniform(0.85, 1.15))), shade(wall, float(rng.uniform(0.6, 0.9)))
    shapes: list[tuple[float, float, float, float, Colour]] = []
    for _ in range(int(rng.integers(1, 5))):
        width, height = float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.08, 0.35))
        x = float(rng.uniform(-0.2, 1.0))
        colour = mix(mix(top, bottom, 0.5), layer.vivid(rng), float(rng.uniform(0.08, 0.3)))
        y = float(rng.uniform(-0.05, 0.4)) if setting == "indoor" else 0.9 - height
        shapes.append((x, y, width, height, colour))

    def paint(whole: Canvas, seen: Canvas) -> None:
        whole.gradient(top, bottom)
        for x, y, width, height, colour in shapes:
            if setting == "indoor":
                seen.rectangle((x, y), (x + width, y + height), shade(colour, 0.75))
                seen.rectangle((x + 0.015, y + 0.015), (x + width - 0.015, y + height - 0.015), colour)
            elif setting != "night":
                seen.ellipse(x + 0.5 * width, 0.85, width, 0.6 * height, colour=mix(colour, (70, 120, 70), 0.5))
            else:
                seen.rectangle((x, y - 0.2), (x + width, 1.2), shade(colour, 0.7))
                seen.rectangle((x + 0.03, y - 0.12), (x + 0.06, y - 0.08), (230, 210, 130))

    return paint


def _light(rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast and warmth of a clip as a look-up table, uint8 (3, 256)."""
    level = np.arange(256) / 255.0
    warmth = rng.uniform(-0.06, 0.06)
    gains = rng.uniform(0.82, 1.1) * np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    table = np.clip(gains[:, None] * level ** rng.uniform(0.85, 1.15), 0.0, 1.0)
    return np.rint(255.0 * table).astype(np.uint8)


def make_v2s(rng: np.random.Generator, label: str, seconds: float, size: int) -> Rendered:
    """Render one clip.

    Args:
        rng: Source of all randomness: the same generator state gives the same clip at any `size`.
        label: One of `LABELS`.
        seconds: Length; a whole number of frames is made of it.
        size: Side of the pictures in pixels.

    Returns:
        Frames, sound, caption and, for the labels of `EVENT_LABELS`, 1 to 10 contact times. The picture of frame i
        is that at i / FPS seconds; each contact lies within 8 ms of a frame.

    Raises:
        UsageError: If the label is none of `LABELS`.
    """
    count = max(1, round(seconds * FPS))
    thing = make_event_layer(rng, label, count / FPS)
    camera, paint, light = _camera(rng, thing.fills), _surroundings(rng, thing.setting), _light(rng)
    mirrored = rng.random() < 0.5
    canvas = Canvas(size)
    frames = np.empty((count, size, size, 3), np.uint8)
    for index in range(count):
        seen = camera.view(canvas, index / FPS)
        paint(canvas, seen)
        thing.ground(seen, 0.6)
        thing.draw(seen, index / FPS)
        picture = canvas.array()
        for channel in range(3):
            frames[index, :, :, channel] = light[channel][picture[:, :, channel]]
    if mirrored:
        frames = np.ascontiguousarray(frames[:, :, ::-1])
    return Rendered(
        frames=frames,
        audio=thing.audio,
        caption=thing.caption,
        label=label,
        events=thing.events,
        notes=dict(thing.notes),
    )
