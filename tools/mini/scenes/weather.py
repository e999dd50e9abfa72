"""Weather: rain and wind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tools.mini import sounds
from tools.mini.clip import SAMPLE_RATE
from tools.mini.draw import shade
from tools.mini.scenes import layer

if TYPE_CHECKING:
    from tools.mini.draw import Canvas, Colour, Point


def _rain_sound(rng: np.random.Generator, seconds: float, course: layer.Curve, roof: bool) -> np.ndarray:
    strength = course.at(sounds.clock(seconds))
    count = strength.size
    hiss = sounds.band_noise(rng, count, 1_200, 7_000, -1.0) * (0.5 if roof else 1.0)
    low = sounds.band_noise(rng, count, 250, 1_400, -2.0) * 0.35
    if roof:
        pan = sounds.bank(rng, 520.0, sounds.PLATE, decay=0.03, damping=0.3, tilt=0.2)
        kernels = [pan.strike(force) for force in (0.5, 0.9)]
    else:
        kernels = [sounds.bubble(float(rng.uniform(1_500, 4_500)), 0.004) for _ in range(4)]
    drops = sounds.grains(rng, 30.0 + 260.0 * strength**1.3, kernels)
    drops /= max(float(np.sqrt(np.mean(drops**2))), 1e-9)
    track = (hiss + low) * strength**1.3 + drops * (0.25 + 0.5 * strength) * (0.9 if roof else 0.4) * strength**0.5
    return sounds.finish(rng, track, room=0.0, peak=(0.3, 0.6))


def _wet_ground(canvas: Canvas, reach: float, colour: Colour, top: float, *, roof: bool) -> None:
    layer.floor(canvas, reach, "plain", colour, top)
    if roof:
        for step in range(-4, 12):
            x = step / 8.0
            if -reach <= x <= 1.0 + reach:
                canvas.line([(x, top), (x, 1.0 + reach)], shade(colour, 0.75), 0.012)


def rain(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """Rain that grows and slackens, on a street, a lake or a metal roof."""
    where = layer.pick(rng, ("a street", "a lake", "a metal roof"))
    roof = where == "a metal roof"
    course = layer.Curve(rng, seconds, 0.08, 1.0, 1.0)
    colour = {"a street": (74, 78, 86), "a lake": (52, 84, 112), "a metal roof": (120, 110, 104)}[where]
    ground_colour = layer.tint(rng, colour, 8)
    drops = rng.random((90, 3))
    rank = rng.permutation(90) / 90.0
    splashes = rng.random((26, 3))
    lean = float(rng.uniform(-0.1, 0.1))
    top = float(rng.uniform(0.66, 0.76))
    speed = float(rng.uniform(2.2, 3.0))

    def draw(canvas: Canvas, second: float) -> None:
        strength = course(second)
        for x0, phase, near in drops[rank < strength]:
            fallen = (phase + (speed + 0.5 * near) * second) % 1.0
            y = -0.15 + fallen * (top + 0.24 * near + 0.1)
            x = x0 + lean * fallen
            length = 0.05 + 0.06 * near
            canvas.line([(x, y), (x + lean * length, y + length)], (198, 214, 232), 0.008 + 0.008 * near)
        for index in range(int(26 * strength)):
            x, low, phase = splashes[index]
            age = (phase + 3.1 * second) % 1.0
            y = top + 0.04 + low * (0.96 - top)
            canvas.ellipse(x, y, 0.01 + 0.045 * age, 0.004 + 0.012 * age, outline=(190, 206, 224), width=0.008)

    caption = layer.pick(
        rng,
        (
            f"rain falling on {where}",
            f"rain of changing strength falls on {where}",
            f"a rain shower on {where} grows and slackens",
            f"heavy rain pouring on {where}",
        ),
    )
    return layer.Layer(
        label="rain",
        caption=caption,
        draw=draw,
        ground=lambda canvas, reach: _wet_ground(canvas, reach, ground_colour, top, roof=roof),
        setting="overcast",
        fills=True,
        intensity=course,
        audio=_rain_sound(rng, seconds, course, roof),
        notes={"surface": where},
    )


def _wind_sound(rng: np.random.Generator, seconds: float, course: layer.Curve, leaves: float) -> np.ndarray:
    strength = course.at(sounds.clock(seconds))
    count = strength.size
    track = sounds.band_noise(rng, count, 60, 260, -3.0) * (0.15 + strength)
    track += sounds.band_noise(rng, count, 250, 700, -3.0) * strength**1.4
    hertz = (320.0 + 380.0 * strength) * rng.uniform(0.8, 1.3)
    wander = np.cumsum(sounds.band_noise(rng, count, 1.0, 12.0)) * 0.012
    track += 0.35 * strength**2 * np.sin(2.0 * np.pi * np.cumsum(hertz) / SAMPLE_RATE + wander)
    track += leaves * sounds.band_noise(rng, count, 1_800, 6_000, -2.0) * strength**2
    return sounds.finish(rng, track * (0.1 + 0.9 * strength), room=0.0, peak=(0.3, 0.65))


def _tree(canvas: Canvas, bend: float, rustle: float, crown: Colour, blobs: np.ndarray | None) -> None:
    """A tree bent sideways by `bend`, whose leaves (`blobs`; none on a bare tree) are moved by `rustle`."""
    trunk: list[Point] = [(0.5 + bend * (k / 6.0) ** 2, 0.86 - 0.085 * k) for k in range(7)]
    canvas.line(trunk, (92, 64, 42), 0.05)
    if blobs is None:
        for x, y in trunk[2:6]:
            for side in (-0.16, 0.16):
                tip = (x + side + 0.6 * bend, y - 0.15 + 0.1 * abs(bend))
                canvas.line([(x, y), tip], (92, 64, 42), 0.02)
        return
    for index, (bx, by) in enumerate(blobs):
        x = trunk[-1][0] + 0.14 * bx + 0.25 * bend + rustle * (1.0 if index % 2 else -1.0)
        canvas.ellipse(x, trunk[-1][1] + 0.11 * by, 0.12, 0.1, colour=shade(crown, 1.0 + 0.15 * by))


def wind(rng: np.random.Generator, seconds: float) -> layer.Layer:
    """A tree and grass that bend in gusts."""
    bare = bool(rng.random() < 0.35)
    course = layer.Curve(rng, seconds, 0.06, 1.0, 1.0)
    crown = layer.tint(rng, (70, 130, 56) if rng.random() < 0.6 else (196, 120, 40))
    way = 1.0 if rng.random() < 0.5 else -1.0
    leaves = rng.random((14, 3))
    blades = np.sort(rng.random(18))
    blobs = rng.uniform(-1.0, 1.0, (7, 2))
    clock = sounds.clock(seconds)
    blown = np.cumsum(course.at(clock)) / SAMPLE_RATE
    ground_colour = layer.tint(rng, layer.FLOORS["grass"], 10)

    def draw(canvas: Canvas, second: float) -> None:
        strength = course(second)
        far = float(np.interp(second, clock, blown))
        bend = way * (0.2 * strength + 0.03 * strength * math.sin(13.0 * second))
        _tree(canvas, bend, 0.02 * strength * math.sin(17.0 * second), crown, None if bare else blobs)
        for x in blades:
            tip = way * (0.09 * strength + 0.02 * math.sin(11.0 * second + 9.0 * x) * strength)
            canvas.line([(x, 0.92), (x + tip, 0.82 + 0.03 * strength)], shade(ground_colour, 0.75), 0.012)
        for index, (x0, y0, phase) in enumerate(leaves):
            if index / 14.0 < strength:
                x = (x0 + way * 1.3 * far) % 1.0
                y = 0.15 + 0.65 * y0 + 0.05 * math.sin(7.0 * second + 6.28 * phase)
                canvas.ellipse(x, y, 0.016, 0.011, colour=shade(crown, 0.7))

    tree = "a bare tree" if bare else "a leafy tree"
    caption = layer.pick(
        rng,
        (
            f"gusts of wind bending {tree}",
            f"wind blowing through {tree}",
            f"strong wind howls around {tree}",
            f"{tree} swaying in the wind",
        ),
    )
    return layer.Layer(
        label="wind",
        caption=caption,
        draw=draw,
        setting="outdoor",
        fills=True,
        intensity=course,
        ground=lambda canvas, reach: layer.floor(canvas, reach, "plain", ground_colour, 0.84),
        audio=_wind_sound(rng, seconds, course, 0.05 if bare else 0.35),
        notes={"object": tree},
    )
