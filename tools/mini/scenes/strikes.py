"""A hammer and a knocking fist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.draw import rotate_points, shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour, Point

_WOOD = (150, 104, 62)


def _anvil(canvas: Canvas, top: float, block: Colour) -> None:
    canvas.polygon([(0.1, top), (0.74, top), (0.6, 0.8), (0.68, 1.0), (0.2, 1.0), (0.3, 0.8)], block)
    canvas.line([(0.12, top), (0.72, top)], shade(block, 1.3), 0.02)


def _nail(canvas: Canvas, face: float, tops: Point, block: Colour) -> None:
    """A nail whose head is at `face`, in a block whose top is at the second of `tops` and rests at the first."""
    canvas.line([(0.38, face), (0.38, tops[0])], (80, 82, 90), 0.025)
    canvas.line([(0.345, face), (0.415, face)], (80, 82, 90), 0.02)
    canvas.rectangle((0.08, tops[1]), (0.72, 1.0), block)
    for row in (0.08, 0.16, 0.25):
        canvas.line([(0.1, tops[0] + row), (0.7, tops[0] + row)], shade(block, 0.8), 0.008)


def _hammer_sound(
    rng: np.random.Generator, seconds: float, events: list[float], forces: list[float], *, anvil: bool
) -> np.ndarray:
    base = float(rng.uniform(900, 1_500) if anvil else rng.uniform(180, 300))
    metal = sounds.bank(
        rng,
        base,
        sounds.BAR if anvil else sounds.PLATE,
        decay=0.28 if anvil else 0.03,
        damping=0.5,
        tilt=0.2 if anvil else 0.8,
    )
    tick = sounds.bank(rng, rng.uniform(2_600, 3_600), (1.0, 1.4, 1.9), decay=0.02)
    track = np.zeros(sounds.samples(seconds))
    for second, force in zip(events, forces, strict=True):
        sounds.add(track, second, metal.strike(force))
        sounds.add(track, second, tick.strike(force), 0.35)
        sounds.add(track, second, sounds.burst(rng, 600, 6_000, 0.003), 0.2 * force)
    return sounds.finish(rng, track)


def _hammer_caption(rng: np.random.Generator, speed: str, *, anvil: bool) -> str:
    if anvil:
        return layer.pick(
            rng,
            (
                "a hammer striking an anvil",
                f"{speed} hammering on an anvil",
                "someone hammers on an anvil",
                "a blacksmith's hammer ringing on an anvil",
            ),
        )
    return layer.pick(
        rng,
        (
            "a hammer striking a nail into wood",
            f"{speed} hammering on a nail",
            "someone hammers a nail into a wooden block",
            "a hammer knocking a nail into a board",
        ),
    )


def hammer(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A hammer that drives a nail into wood or beats on an anvil."""
    anvil = bool(rng.random() < 0.45)
    events = layer.beats(rng, seconds, (0.36, 0.8))
    forces = layer.blow_forces(rng, len(events))
    top = float(rng.uniform(0.62, 0.7))
    handle, steel = layer.tint(rng, (170, 110, 50)), layer.tint(rng, (92, 96, 106), 10)
    block = layer.tint(rng, (70, 72, 80) if anvil else _WOOD)
    nail = 0.0 if anvil else 0.13
    step = nail * 0.8 / len(events)

    def draw(canvas: Canvas, second: float) -> None:
        last, past = layer.since(second, events)
        jolt = 0.02 * max(0.0, 1.0 - past / 0.06)
        stem = nail - step * (last + 1)
        face = top - stem
        if anvil:
            _anvil(canvas, top + jolt, block)
        else:
            _nail(canvas, face, (top, top + jolt), block)
        angle = 1.05 * layer.lift(second, events, forces, 0.26)
        pivot = (0.88, face - 0.075)
        grip = rotate_points([(0.41, pivot[1]), (0.89, pivot[1])], angle, pivot)
        canvas.line(grip, handle, 0.045)
        head = [(0.32, face), (0.44, face), (0.43, face - 0.19), (0.33, face - 0.19)]
        canvas.polygon(rotate_points(head, angle, pivot), steel)
        canvas.ellipse(pivot[0] + 0.03, pivot[1], 0.065, colour=(222, 176, 144))
        if past < 0.11 and anvil:
            layer.burst_marks(canvas, (0.38, face), (-3.0, -0.14), past, count=7, colour=(255, 226, 120))

    speed = "fast" if len(events) > 2 and np.mean(np.diff(events)) < 0.5 else "slow"
    return layer.Layer(
        label="hammer",
        caption=_hammer_caption(rng, speed, anvil=anvil),
        draw=draw,
        events=tuple(events),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "concrete", (96, 92, 90), 0.9),
        audio=_hammer_sound(rng, seconds, events, forces, anvil=anvil),
        notes={"object": "anvil" if anvil else "nail", "speed": speed},
    )


def _door(canvas: Canvas, jolt: float, door: Colour) -> None:
    canvas.rectangle((0.06 - jolt, 0.02), (0.46 - jolt, 0.98), shade(door, 0.7))
    canvas.rectangle((0.1 - jolt, 0.06), (0.46 - jolt, 0.96), door)
    for panel in (0.12, 0.56):
        canvas.rectangle((0.16 - jolt, panel), (0.38 - jolt, panel + 0.32), shade(door, 0.82))
    canvas.ellipse(0.42 - jolt, 0.52, 0.02, colour=(220, 190, 90))


def _knocks(rng: np.random.Generator, seconds: float) -> list[float]:
    events: list[float] = []
    second = 0.25 + float(rng.uniform(0.0, 0.8))
    while second < seconds - 0.3 and len(events) < 10:
        gap = float(rng.uniform(0.2, 0.3))
        for _ in range(int(rng.integers(2, 5))):
            if second < seconds - 0.25 and len(events) < 10:
                events.append(layer.snap(rng, second))
            second += gap * float(rng.normal(1.0, 0.06))
        second += float(rng.uniform(0.5, 1.0))
    return events


def _knock_sound(
    rng: np.random.Generator, seconds: float, events: list[float], forces: list[float], *, metal: bool
) -> np.ndarray:
    body = sounds.bank(
        rng,
        rng.uniform(170, 260) if metal else rng.uniform(105, 150),
        sounds.PLATE,
        decay=0.16 if metal else 0.035,
        damping=0.5,
        tilt=0.5 if metal else 1.0,
    )
    track = np.zeros(sounds.samples(seconds))
    for second, force in zip(events, forces, strict=True):
        sounds.add(track, second, body.strike(force * 0.8))
        sounds.add(track, second, sounds.burst(rng, 200, 2_400, 0.004), 0.08 * force)
    return sounds.finish(rng, track, room=0.12)


def knock(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A fist that knocks on a door, in groups of two to four."""
    metal = bool(rng.random() < 0.3)
    events = _knocks(rng, seconds)
    forces = layer.blow_forces(rng, len(events))
    door = layer.tint(rng, (118, 124, 132) if metal else (140, 88, 48))
    skin = layer.tint(rng, (214, 166, 134), 12)
    sleeve = layer.vivid(rng)
    high = float(rng.uniform(0.4, 0.6))

    def draw(canvas: Canvas, second: float) -> None:
        _, past = layer.since(second, events)
        jolt = 0.018 * max(0.0, 1.0 - past / 0.07)
        _door(canvas, jolt, door)
        away = 0.24 * layer.lift(second, events, forces, 0.16)
        fist = 0.46 - jolt + 0.085 + away
        canvas.line([(fist + 0.05, high + 0.02), (0.98, high + 0.24)], sleeve, 0.12)
        canvas.rectangle((fist - 0.085, high - 0.08), (fist + 0.085, high + 0.08), skin, radius=0.04)
        for finger in (-0.04, 0.0, 0.04):
            canvas.line([(fist - 0.08, high + finger), (fist - 0.01, high + finger)], shade(skin, 0.7), 0.008)
        if past < 0.09:
            layer.burst_marks(canvas, (0.44 - jolt, high - 0.08), (-2.2, -0.94), past)

    word = "metal" if metal else "wooden"
    caption = layer.pick(
        rng, (f"someone knocking on a {word} door", f"knocks on a {word} door", f"a fist knocks on a {word} door")
    )
    return layer.Layer(
        label="knock",
        caption=caption,
        draw=draw,
        events=tuple(events),
        ground=lambda canvas, reach: layer.floor(canvas, reach, "wooden", (120, 92, 66), 0.97),
        audio=_knock_sound(rng, seconds, events, forces, metal=metal),
        notes={"material": word},
    )
