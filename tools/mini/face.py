"""A talking head in a head shot: who it is, how it holds itself, and its picture for one mouth shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tools.mini.clip import FPS
from tools.mini.draw import Canvas, Colour, mix, shade

_SKINS: tuple[Colour, ...] = (
    (255, 224, 196), (241, 194, 155), (224, 172, 125), (198, 134, 90), (150, 98, 62), (110, 70, 48), (250, 210, 180),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (30, 24, 20), (66, 42, 26), (120, 78, 40), (206, 168, 96), (150, 60, 30), (150, 150, 150), (225, 225, 220),
)  # fmt: skip
_EYES: tuple[Colour, ...] = ((80, 50, 30), (60, 100, 150), (70, 120, 80), (90, 90, 90))
_STYLES = ("short", "long", "bald", "parted", "curly")
_CAVITY: Colour = (45, 8, 12)
_TEETH: Colour = (250, 248, 240)
_TONGUE: Colour = (205, 88, 96)


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """Who is seen; drawn independently of who is heard."""

    skin: Colour
    lips: Colour
    hair: Colour
    style: str
    eyes: Colour
    shirt: Colour
    background: tuple[Colour, Colour]
    stripes: Colour | None
    beard: bool
    glasses: bool
    broad: float
    """Factor on the width of the face."""
    mouth_y: float
    mouth_size: float
    lip: float
    """Thickness of the lips."""
    brow: float
    zoom: float
    """Factor on the whole head."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Where the head is and what the eyes do, frame by frame; each array has shape (T,)."""

    x: np.ndarray
    y: np.ndarray
    lids: np.ndarray
    """0 open .. 1 shut."""
    brows: np.ndarray
    gaze: np.ndarray


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...], spread: float) -> Colour:
    base = colours[rng.integers(len(colours))]
    red, green, blue = (int(np.clip(c + rng.normal(0.0, spread), 0, 255)) for c in base[:3])
    return red, green, blue


def _any_colour(rng: np.random.Generator, low: int, high: int) -> Colour:
    red, green, blue = (int(c) for c in rng.integers(low, high, 3))
    return red, green, blue


def draw_appearance(rng: np.random.Generator) -> Appearance:
    """Draw a person and a place."""
    skin = _pick(rng, _SKINS, 6.0)
    top = _any_colour(rng, 40, 235)
    return Appearance(
        skin=skin,
        lips=mix(shade(skin, 0.72), (196, 42, 58), float(rng.uniform(0.55, 0.95))),
        hair=_pick(rng, _HAIRS, 8.0),
        style=_STYLES[rng.integers(len(_STYLES))],
        eyes=_pick(rng, _EYES, 8.0),
        shirt=_any_colour(rng, 20, 235),
        background=(top, shade(top, float(rng.uniform(0.55, 0.95)))),
        stripes=_any_colour(rng, 60, 220) if rng.random() < 0.35 else None,
        beard=bool(rng.random() < 0.12),
        glasses=bool(rng.random() < 0.2),
        broad=float(rng.uniform(0.92, 1.06)),
        mouth_y=float(rng.uniform(0.72, 0.75)),
        mouth_size=float(rng.uniform(0.92, 1.08)),
        lip=float(rng.uniform(0.8, 1.2)),
        brow=float(rng.uniform(0.012, 0.022)),
        zoom=float(rng.uniform(0.96, 1.06)),
    )


def _wander(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Three slow sines, of about unit size."""
    course = np.zeros(len(times))
    for _ in range(3):
        size, pace, phase = float(rng.uniform(0.3, 1.0)), float(rng.uniform(0.1, 0.6)), float(rng.random())
        course += size * np.sin(2 * math.pi * (pace * times + phase))
    return course


def draw_pose(rng: np.random.Generator, frames: int) -> Pose:
    """Draw slight head motion, blinks and glances."""
    times = np.arange(frames) / FPS
    sway = [amplitude * _wander(rng, times) for amplitude in (0.006, 0.005, 0.25)]
    lids = np.zeros(frames)
    blink = float(rng.uniform(0.2, 2.0))
    while blink < frames / FPS:
        lids = np.maximum(lids, np.clip(1.25 - np.abs(times - blink) / 0.08, 0.0, 1.0))
        blink += float(rng.uniform(1.2, 3.5))
    lift = np.clip(np.sin(2 * math.pi * (float(rng.uniform(0.2, 0.5)) * times + rng.random())) * 2 - 1, 0, 1)
    return Pose(x=sway[0] + rng.normal(0, 0.01), y=sway[1] + rng.normal(0, 0.008), lids=lids, brows=lift, gaze=sway[2])


def draw_backdrop(canvas: Canvas, person: Appearance) -> None:
    """Cover the canvas with what stands behind the head."""
    canvas.gradient(*person.background)
    if person.stripes is not None:
        for i in range(5):
            canvas.rectangle((0.04 + 0.22 * i, 0.0), (0.08 + 0.22 * i, 1.0), person.stripes)


def draw_head(canvas: Canvas, person: Appearance, pose: Pose, shape: np.ndarray, frame: int) -> None:
    """Draw head and shoulders into the unit square of the canvas.

    Args:
        canvas: picture or view of one; the backdrop is there already.
        person: who.
        pose: of the whole clip.
        shape: mouth of this frame, (6,), see `visemes.MouthTrack`.
        frame: index into `pose`.
    """
    head = canvas.view(
        0.5 + float(pose.x[frame]) - 0.5 * person.zoom,
        0.5 + float(pose.y[frame]) - 0.5 * person.zoom,
        person.zoom,
    )
    drop = 0.035 * float(shape[0])
    _draw_body(head, person)
    _draw_skull(head, person, drop)
    for side in (-1.0, 1.0):
        _draw_eye(head, person, side, float(pose.lids[frame]), float(pose.brows[frame]), float(pose.gaze[frame]))
    _draw_nose(head, person)
    _draw_mouth(head, person, shape, drop)


def _draw_body(canvas: Canvas, person: Appearance) -> None:
    canvas.ellipse(0.5, 1.12, 0.52, 0.2, colour=person.shirt)
    canvas.rectangle((0.38, 0.8), (0.62, 0.99), shade(person.skin, 0.82))
    canvas.ellipse(0.5, 0.98, 0.12, 0.05, colour=shade(person.skin, 0.82))


def _draw_skull(canvas: Canvas, person: Appearance, drop: float) -> None:
    wide = 0.35 * person.broad
    if person.style == "long":
        canvas.ellipse(0.5, 0.5, wide + 0.09, 0.47, colour=shade(person.hair, 0.8))
        canvas.rectangle((0.41 - wide, 0.5), (0.59 + wide, 0.97), shade(person.hair, 0.8), radius=0.08)
    for side in (-1.0, 1.0):
        canvas.ellipse(0.5 + side * (wide + 0.005), 0.5, 0.035, 0.07, colour=shade(person.skin, 0.86))
    jaw = shade(person.skin, 0.97)
    if person.beard:
        jaw = mix(person.skin, person.hair, 0.75)
    canvas.ellipse(0.5, 0.6 + drop, wide * 0.88, 0.345, colour=jaw)
    canvas.ellipse(0.5, 0.46, wide, 0.4, colour=person.skin)
    canvas.ellipse(0.5, 0.6 + drop * 0.8, wide * 0.8, 0.31, colour=jaw if person.beard else person.skin)
    if person.beard:
        canvas.ellipse(0.5, 0.5, wide, 0.2, colour=person.skin)
    _draw_hair(canvas, person, wide)


def _draw_hair(canvas: Canvas, person: Appearance, wide: float) -> None:
    if person.style == "bald":
        return
    edge = 0.27 if person.style != "parted" else 0.24
    angles = np.linspace(math.pi, 2 * math.pi, 24)
    outer = [(0.5 + (wide + 0.03) * math.cos(a), 0.42 + 0.41 * math.sin(a)) for a in angles]
    inner = [(0.5 + (wide - 0.05) * math.cos(a), 0.42 + (0.42 - edge) * math.sin(a)) for a in angles[::-1]]
    if person.style == "parted":
        inner = [(x, y - 0.08 * max(0.0, x - 0.42)) for x, y in inner]
    canvas.polygon(outer + inner, person.hair)
    if person.style == "curly":
        for x, y in outer[::2]:
            canvas.ellipse(x, y, 0.07, colour=person.hair)


def _draw_eye(canvas: Canvas, person: Appearance, side: float, lid: float, lift: float, gaze: float) -> None:
    x, y = 0.5 + side * 0.145 * person.broad, 0.44
    tall = 0.034 * (1.0 - lid)
    canvas.ellipse(x, y, 0.062, 0.042, colour=shade(person.skin, 0.88))
    if tall > 0.004:
        canvas.ellipse(x, y, 0.055, tall, colour=(250, 250, 250))
        canvas.ellipse(x + 0.012 * gaze, y, min(0.026, tall), min(0.026, tall), colour=person.eyes)
        canvas.ellipse(x + 0.012 * gaze, y, min(0.012, tall), min(0.012, tall), colour=(10, 10, 10))
    else:
        canvas.line([(x - 0.05, y + 0.01), (x, y + 0.018), (x + 0.05, y + 0.01)], shade(person.skin, 0.5), 0.01)
    brow = y - 0.085 - 0.015 * lift
    dark = shade(person.hair, 0.7) if person.style != "bald" else shade(person.skin, 0.45)
    canvas.line([(x - 0.065, brow + 0.012), (x, brow - 0.006), (x + 0.065, brow + 0.01)], dark, person.brow)
    if person.glasses:
        canvas.ellipse(x, y, 0.085, 0.075, outline=(30, 30, 35), width=0.012)
        canvas.line([(0.5 + side * 0.06, y), (0.5, y - 0.01)], (30, 30, 35), 0.012)


def _draw_nose(canvas: Canvas, person: Appearance) -> None:
    dark = shade(person.skin, 0.78)
    canvas.line([(0.52, 0.46), (0.545, 0.585), (0.5, 0.605)], dark, 0.012)
    for side in (-1.0, 1.0):
        canvas.ellipse(0.5 + side * 0.028, 0.603, 0.012, 0.008, colour=shade(person.skin, 0.5))


_ACROSS = np.linspace(-1.0, 1.0, 17)


def _draw_mouth(canvas: Canvas, person: Appearance, shape: np.ndarray, drop: float) -> None:
    """Lips, the dark inside, upper teeth and tongue, from the curves of the upper and the lower lip."""
    opening, width, teeth, tongue, tuck, press = (float(v) for v in shape)
    half = (0.066 + 0.088 * width) * person.mouth_size
    gap = 0.15 * opening * person.mouth_size
    lip = 0.032 * person.lip * (1.0 - 0.45 * press) * (1.0 + 0.25 * (1.0 - width))
    y = person.mouth_y + 0.35 * drop
    bow = 1.0 - _ACROSS**2
    xs = 0.5 + half * _ACROSS
    upper, lower = y - 0.4 * gap * np.sqrt(bow), y + 0.6 * gap * np.sqrt(bow)
    cupid = lip * (bow**0.6 - 0.22 * np.exp(-((_ACROSS / 0.12) ** 2)))
    below = lip * 1.25 * (1.0 - 0.75 * tuck) * bow**0.6
    wider = 0.5 + (half + 0.012) * _ACROSS

    def band(top: np.ndarray, bottom: np.ndarray, left: np.ndarray, right: np.ndarray) -> list[tuple[float, float]]:
        return [
            *zip(left.tolist(), top.tolist(), strict=True),
            *zip(right[::-1].tolist(), bottom[::-1].tolist(), strict=True),
        ]

    if gap > 0.004:
        canvas.polygon(band(upper, lower, xs, xs), _CAVITY)
        if tongue > 0.05:
            reach = np.clip(1.0 - (_ACROSS / 0.75) ** 2, 0.0, 1.0) * gap * (0.25 + 0.5 * tongue) * min(1.0, tongue * 3)
            canvas.polygon(band(np.maximum(lower - reach, upper), lower, xs, xs), _TONGUE)
        if teeth > 0.05:
            edge = np.minimum(upper + (0.012 + 0.028 * teeth) * min(1.0, teeth * 2), lower)
            canvas.polygon(band(upper, edge, xs, xs), _TEETH)
    canvas.polygon(band(upper - cupid, upper, wider, xs), person.lips)
    canvas.polygon(band(lower, lower + below, xs, wider), shade(person.lips, 1.08))
    if gap <= 0.012:
        canvas.line([(0.5 - half, y), (0.5, y + 0.003), (0.5 + half, y)], shade(person.lips, 0.4), 0.01)
